import type { Charts, Mark, Spans, ViewRequest } from '../../api'
import type { Overview } from '../../model/overview-read'
import { BIN } from '../../model/rates'
import { emptyCharts } from '../charts'

/** What the lanes of work and the charts show of a window. */
export interface OverviewCharts {
  charts: Charts
  jobs: Spans
  submits: Spans
  commits: Spans
}

/**
 * Charts of a window from overviews, at two pixels a bin as those of a model; NaN where no overview is and where something was lost.
 * Flips are the longest interval of each bin; jobs, submits and commits are the bins in which there were any, with the id 0.
 */
export function overviewCharts(
  overviews: readonly Overview[],
  { from, to, width }: ViewRequest,
  { end, pageSize, marks }: { end: number; pageSize: number; marks: readonly Mark[] }
): OverviewCharts {
  const { charts, begin, bins, per } = emptyCharts({ from, to, width })
  const { step } = charts
  const sums = new Sums(begin, bins, per)
  for (const overview of overviews) sums.take(overview)
  const losses = marks.filter(({ kind, until, time }) => kind === 'loss' && until > from - step && time < to + step)
  const flips: number[] = []
  for (let b = 0; b < bins; b++) {
    const t = charts.from + b * step
    if (sums.interval[b]! > 0) flips.push(b)
    if (!sums.seen[b] || t >= end || losses.some((m) => m.time < t + step && m.until > t)) continue
    const passed = Math.max(Math.min(step, 1), Math.min(step, end - t))
    charts.maps[b] = sums.maps[b]! / passed
    charts.unmaps[b] = sums.unmaps[b]! / passed
    charts.mappedBytesPerSecond[b] = (sums.mapped[b]! * pageSize) / passed
    charts.flips[b] = sums.flips[b]! / passed
    charts.liveBytes[b] = sums.live[b]! * pageSize
  }
  charts.flipTimes = Float64Array.from(flips, (b) => charts.from + (b + 0.5) * step)
  charts.flipIntervals = Float32Array.from(flips, (b) => sums.interval[b]! / 1e6)
  const spans = (busy: Float64Array): Spans => busyBins(busy, charts.from, step)
  return { charts, jobs: spans(sums.jobs), submits: spans(sums.submits), commits: spans(sums.commits) }
}

/** Rows of overviews summed over the bins of a window. */
class Sums {
  readonly maps: Float64Array
  readonly unmaps: Float64Array
  readonly mapped: Float64Array
  readonly flips: Float64Array
  readonly live: Float64Array
  readonly interval: Float64Array
  readonly jobs: Float64Array
  readonly submits: Float64Array
  readonly commits: Float64Array
  readonly seen: Uint8Array

  /** Times are counted in bins of the rates. */
  constructor(
    private readonly begin: number,
    private readonly bins: number,
    private readonly per: number
  ) {
    const make = (): Float64Array => new Float64Array(bins)
    ;[this.maps, this.unmaps, this.mapped, this.flips, this.live] = [make(), make(), make(), make(), make()]
    ;[this.interval, this.jobs, this.submits, this.commits] = [make(), make(), make(), make()]
    this.seen = new Uint8Array(bins)
  }

  take({ from, to, step, rows, charts }: Overview): void {
    const [first, last, length] = [Math.round(from / BIN), Math.round(to / BIN), Math.round(step / BIN)]
    for (let row = Math.max(0, Math.floor((this.begin - first) / length)); row < rows; row++) {
      const a = first + row * length
      const b = Math.min(last, a + length)
      const bin = Math.floor((a - this.begin) / this.per)
      if (bin >= this.bins) return
      const until = Math.min(this.bins - 1, Math.floor((b - 1 - this.begin) / this.per))
      for (let at = Math.max(0, bin); at <= until; at++) {
        const begin = this.begin + at * this.per
        const share = bin === until ? 1 : (Math.min(b, begin + this.per) - Math.max(a, begin)) / (b - a)
        this.add(charts, row, at, share)
      }
    }
  }

  private add(charts: Overview['charts'], row: number, at: number, share: number): void {
    this.seen[at] = 1
    this.maps[at]! += charts.maps[row]! * share
    this.unmaps[at]! += charts.unmaps[row]! * share
    this.mapped[at]! += charts.mapped[row]! * share
    this.flips[at]! += charts.flips[row]! * share
    this.live[at] = charts.live[row]!
    if (charts.interval[row]! > this.interval[at]!) this.interval[at] = charts.interval[row]!
    this.jobs[at]! += charts.jobs[row]!
    this.submits[at]! += charts.submits[row]!
    this.commits[at]! += charts.commits[row]!
  }
}

/** A span for each bin with something in it. */
function busyBins(busy: Float64Array, from: number, step: number): Spans {
  const bins: number[] = []
  busy.forEach((n, bin) => {
    if (n > 0) bins.push(bin)
  })
  const queued = Float64Array.from(bins, (bin) => from + bin * step)
  return {
    queued,
    start: queued.slice(),
    end: Float64Array.from(bins, (bin) => from + (bin + 1) * step),
    id: new Float64Array(bins.length)
  }
}
