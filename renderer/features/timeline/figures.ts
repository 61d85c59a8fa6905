import type { Charts } from '../../../engine/api'

/** Value of the bin that holds a time; null where it was not seen or lies outside. */
export function binAt(charts: Charts, values: Float32Array, time: number): number | null {
  // The newest time is the end of the last bin, and belongs to it.
  const bin = Math.min(Math.floor((time - charts.from) / charts.step), values.length - 1)
  const value = values[bin]
  return value === undefined || Number.isNaN(value) ? null : value
}
