/** 100 hours of bins: a time beyond that is damage, and must not cost its memory. */
const MAX_BINS = 36_000_000

/** Until so many bins after, something of a time may still come: one second. */
const LATE = 100

/** Seconds per bin of the counters below; queries add bins up to their pixel width. */
export const BIN = 0.01

const SERIES = ['maps', 'unmaps', 'mapped', 'delta', 'flips'] as const
type Series = (typeof SERIES)[number]

/**
 * Counts per time bin, for the charts: maps, unmaps, flips, mapped bytes and the change of live mapped bytes (`delta`). Bins are relative to
 * time 0; what happened before the first bin that is kept belongs to it. Memory is 40 bytes per 10 ms, 14 MB an hour.
 */
export class Rates {
  /** The first bin that is kept. */
  first = 0
  /** False for a model that an image was put into: what was before that is not known, and a chart of it would be wrong. */
  kept = true
  /** Bins of memory, from the first. */
  private length = 0
  private readonly counts: Record<Series, Float64Array>

  constructor() {
    const make = (): Float64Array => new Float64Array(1024)
    this.counts = { maps: make(), unmaps: make(), mapped: make(), delta: make(), flips: make() }
  }

  /** Behind the newest bin. */
  get end(): number {
    return this.first + this.length
  }

  add(series: Series, seconds: number, amount: number): void {
    if (!this.kept) return
    const bin = Math.floor(seconds / BIN)
    if (bin > MAX_BINS) return
    const place = Math.max(0, bin - this.first)
    if (place >= this.counts.maps.length) this.grow(place)
    if (place >= this.length) this.length = place + 1
    this.counts[series][place]! += amount
  }

  /** Of the bins from one up to another, without that; those that are not there are 0. */
  sum(series: Series, from: number, to: number): number {
    const counts = this.counts[series]
    const end = Math.min(to - this.first, this.length)
    let all = 0
    for (let i = Math.max(0, from - this.first); i < end; i++) all += counts[i]!
    return all
  }

  /** Keeps them from a time on, for a model that an image of that time was put into. `liveBytes`: what is mapped then. */
  begin(seconds: number, liveBytes: number): void {
    this.first = Math.max(0, Math.floor(seconds / BIN) - LATE)
    this.kept = true
    this.add('delta', this.first * BIN, liveBytes)
  }

  /** Leaves out what is older than a time, but for what was mapped until then, which is in the first bin. */
  forget(seconds: number): void {
    const n = Math.floor(seconds / BIN) - LATE - this.first
    if (n <= 0) return
    const live = this.sum('delta', this.first, this.first + n)
    const left = Math.max(0, this.length - n)
    for (const series of SERIES) this.counts[series].copyWithin(0, n, this.length).fill(0, left, this.length)
    this.first += n
    this.length = Math.max(1, left)
    this.counts.delta[0]! += live
  }

  private grow(place: number): void {
    let size = this.counts.maps.length
    while (size <= place) size *= 2
    for (const series of SERIES) {
      const bigger = new Float64Array(size)
      bigger.set(this.counts[series])
      this.counts[series] = bigger
    }
  }
}
