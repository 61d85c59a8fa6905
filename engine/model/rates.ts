/** 100 hours of bins: a time beyond that is damage, and must not cost its memory. */
const MAX_BINS = 36_000_000

/** Seconds per bin of the counters below; queries add bins up to their pixel width. */
export const BIN = 0.01

const SERIES = ['maps', 'unmaps', 'mapped', 'delta', 'flips', 'retained'] as const
type Series = (typeof SERIES)[number]

/**
 * Counts per time bin, for the charts. Bins are relative to time 0; what happened before belongs to the first bin. Memory is
 * 48 bytes per 10 ms, 17 MB an hour.
 */
export class Rates {
  maps = new Float64Array(1024)
  unmaps = new Float64Array(1024)
  mapped = new Float64Array(1024)
  /** Change of live mapped bytes. */
  delta = new Float64Array(1024)
  flips = new Float64Array(1024)
  /** Change of the bytes that only mappings keep alive. */
  retained = new Float64Array(1024)
  length = 0
  /** False for a model that an image was put into: what was before that is not known, and a chart of it would be wrong. */
  kept = true

  add(series: Series, seconds: number, amount: number): void {
    if (!this.kept) return
    const bin = Math.max(0, Math.floor(seconds / BIN))
    if (bin > MAX_BINS) return
    if (bin >= this.maps.length) this.grow(bin)
    if (bin >= this.length) this.length = bin + 1
    this[series][bin]! += amount
  }

  private grow(bin: number): void {
    let size = this.maps.length
    while (size <= bin) size *= 2
    for (const series of SERIES) {
      const bigger = new Float64Array(size)
      bigger.set(this[series])
      this[series] = bigger
    }
  }
}
