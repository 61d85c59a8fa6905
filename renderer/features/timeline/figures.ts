import type { Charts } from '../../../engine/api'

/** Seconds over which flips are counted: a bin is shorter than the time between two. */
const FLIP_WINDOW = 1

/** Value of the bin that holds a time; null where it was not seen or lies outside. */
export function binAt(charts: Charts, values: Float32Array, time: number): number | null {
  // The newest time is the end of the last bin, and belongs to it.
  const bin = Math.min(Math.floor((time - charts.from) / charts.step), values.length - 1)
  const value = values[bin]
  return value === undefined || Number.isNaN(value) ? null : value
}

/** Flips per second just before a time; null where it was not seen. */
export function flipRate(charts: Charts, time: number): number | null {
  if (binAt(charts, charts.flips, time) === null) return null
  const length = Math.min(FLIP_WINDOW, time - charts.from)
  if (length <= 0) return null
  return charts.flipTimes.filter((flip) => flip > time - length && flip <= time).length / length
}
