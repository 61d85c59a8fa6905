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
