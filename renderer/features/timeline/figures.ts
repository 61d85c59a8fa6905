import type { Charts } from '../../../engine/api'

/** Seconds that a reading covers where a bin is too short to be read: flips, and the newest time while it runs on. */
const READING = 1

/** Value of the bin that holds a time; null where it was not seen or lies outside. */
export function binAt(charts: Charts, values: Float32Array, time: number): number | null {
  // The newest time is the end of the last bin, and belongs to it.
  const bin = Math.min(Math.floor((time - charts.from) / charts.step), values.length - 1)
  const value = values[bin]
  return value === undefined || Number.isNaN(value) ? null : value
}

/** Mean of what was seen in the second before a time; null where nothing was. */
export function meanBefore(charts: Charts, values: Float32Array, time: number): number | null {
  const bin = (at: number): number => Math.floor((at - charts.from) / charts.step)
  const recent = values.subarray(Math.max(0, bin(time - READING)), bin(time) + 1)
  const seen = recent.filter((value) => !Number.isNaN(value))
  return seen.length ? seen.reduce((sum, value) => sum + value, 0) / seen.length : null
}

/** The flip nearest to a time, at most `slack` seconds from it; null where there is none. */
export function flipAt(
  { flipTimes, flipIntervals }: Charts,
  time: number,
  slack: number
): { time: number; interval: number } | null {
  let best = -1
  let nearest = slack
  for (let index = 0; index < flipTimes.length; index++) {
    const distance = Math.abs(flipTimes[index]! - time)
    if (distance > nearest) continue
    nearest = distance
    best = index
  }
  return best < 0 ? null : { time: flipTimes[best]!, interval: flipIntervals[best]! }
}
