import type { Charts, CursorValues, ViewRequest } from '../api'
import { lowerBound } from '../model/columns'
import { BIN } from '../model/rates'
import type { SessionModel } from '../model/session'
import type { LiveAt } from './live'

/** Flips beyond this many would only overpaint each other. */
const FLIP_LIMIT = 8000

/**
 * Charts of a window in which nothing was seen: two pixels a bin at least, on the grid of the counters, so that a bin does not change its
 * value while panning. `begin`: the first counter of the first bin; `per`: counters of a bin.
 */
export function emptyCharts({ from, to, width }: Pick<ViewRequest, 'from' | 'to' | 'width'>): {
  charts: Charts
  begin: number
  bins: number
  per: number
} {
  const step = Math.max(1, Math.ceil((2 * (to - from)) / Math.max(1, width) / BIN)) * BIN
  const firstBin = Math.floor(from / step)
  const bins = Math.max(1, Math.ceil(to / step) - firstBin)
  const per = Math.round(step / BIN)
  const column = (): Float32Array<ArrayBuffer> => new Float32Array(bins).fill(NaN)
  const charts: Charts = {
    step,
    from: firstBin * step,
    maps: column(),
    unmaps: column(),
    mappedBytesPerSecond: column(),
    liveBytes: column(),
    flips: column(),
    flipTimes: new Float64Array(0),
    flipIntervals: new Float32Array(0)
  }
  return { charts, begin: firstBin * per, bins, per }
}

/** Rates and sums of a window at two pixels a bin; NaN where nothing was seen. */
export function chartsOf({ state, end }: SessionModel, { from, to, width }: ViewRequest): Charts {
  const { rates, flips } = state
  // time that passed without an event was seen: heartbeats carry it
  const seen = Math.max(rates.end, Math.ceil(end / BIN))
  const { charts, begin, bins, per } = emptyCharts({ from, to, width })
  const { step } = charts
  const losses = state.markers.filter(
    ({ kind, until, time }) => kind === 'loss' && until > from - step && time < to + step
  )
  let live = rates.sum('delta', rates.first, begin)
  for (let b = 0; b < bins; b++) {
    const at = begin + b * per
    if (at < 0 || at + per <= rates.first || at >= seen) continue
    live += rates.sum('delta', at, at + per)
    const t = charts.from + b * step
    if (losses.some((m) => m.time < t + step && m.until > t)) continue
    // the newest bin has not passed yet; of a long one what has passed is divided by, but no less than a second
    const passed = Math.max(Math.min(step, 1), Math.min(step, end - t))
    charts.maps[b] = rates.sum('maps', at, at + per) / passed
    charts.unmaps[b] = rates.sum('unmaps', at, at + per) / passed
    charts.mappedBytesPerSecond[b] = rates.sum('mapped', at, at + per) / passed
    charts.flips[b] = rates.sum('flips', at, at + per) / passed
    charts.liveBytes[b] = live
  }
  const first = lowerBound(flips.time, from)
  const last = lowerBound(flips.time, to)
  const stride = Math.max(1, Math.ceil((last - first) / FLIP_LIMIT))
  const shown: number[] = []
  for (let i = first; i < last; i += stride) if (!Number.isNaN(flips.interval.at(i))) shown.push(i)
  charts.flipTimes = Float64Array.from(shown, (i) => flips.time.at(i))
  charts.flipIntervals = Float32Array.from(shown, (i) => flips.interval.at(i))
  return charts
}

/** The charts' values at a time, with what lived then. */
export function cursorValues(charts: Charts, time: number, live: LiveAt): CursorValues {
  const bin = Math.floor((time - charts.from) / charts.step)
  const at = (series: Float32Array): number | null => {
    const value = series[Math.min(bin, series.length - 1)]
    return value === undefined || Number.isNaN(value) ? null : value
  }
  let flipInterval: number | null = null
  for (let i = 0; i < charts.flipTimes.length && charts.flipTimes[i]! <= time; i++)
    flipInterval = charts.flipIntervals[i]!
  return {
    time,
    maps: at(charts.maps),
    unmaps: at(charts.unmaps),
    liveBytes: live.bytes,
    flipInterval,
    liveMappings: live.indices.length
  }
}
