import { percentile, type HistogramBin } from './lifetimes'

/** Values kept as they are; beyond, they are counted in bins. */
const EXACT = 8192
/** Bins in each power of two, so that a percentile is within 0.3 % of the true one. */
const PER_OCTAVE = 128

/** Of durations, in seconds; null where there is none. */
export interface Quantiles {
  count: number
  p50Seconds: number | null
  p90Seconds: number | null
  p99Seconds: number | null
  maxSeconds: number | null
}

/** Durations as they come, in memory that does not grow with their number. Percentiles are by nearest rank, exact up to 8192 values. */
export class Distribution {
  count = 0
  private max = -Infinity
  private values: number[] | null = []
  private readonly bins = new Map<number, number>()
  private readonly quarters = new Map<number, number>()

  /** Seconds. What is no duration (a clock that went back) counts as 0. */
  add(value: number): void {
    const seconds = Math.max(0, value)
    this.count++
    if (seconds > this.max) this.max = seconds
    bump(this.quarters, Math.floor(4 * Math.log10(Math.max(1e-9, seconds))))
    if (this.values === null) this.bin(seconds)
    else if (this.values.push(seconds) > EXACT) {
      for (const one of this.values) this.bin(one)
      this.values = null
    }
  }

  private bin(seconds: number): void {
    bump(this.bins, seconds === 0 ? -Infinity : Math.floor(PER_OCTAVE * Math.log2(seconds)))
  }

  quantiles(): Quantiles {
    const [p50Seconds, p90Seconds, p99Seconds] = this.at([0.5, 0.9, 0.99])
    return {
      count: this.count,
      p50Seconds: p50Seconds!,
      p90Seconds: p90Seconds!,
      p99Seconds: p99Seconds!,
      maxSeconds: this.count === 0 ? null : this.max
    }
  }

  /** Ascending fractions. */
  private at(fractions: readonly number[]): (number | null)[] {
    if (this.values) {
      const sorted = [...this.values].sort((a, b) => a - b)
      return fractions.map((p) => percentile(sorted, p))
    }
    const sorted = [...this.bins].sort(([a], [b]) => a - b)
    let next = 0
    let below = 0
    return fractions.map((p) => {
      while (below + sorted[next]![1] < p * this.count) below += sorted[next++]![1]
      return Math.min(this.max, 2 ** ((sorted[next]![0] + 0.5) / PER_OCTAVE))
    })
  }

  /** In quarters of a decade, from the shortest to the longest. */
  histogram(): HistogramBin[] {
    const keys = [...this.quarters.keys()]
    const first = Math.min(...keys)
    return Array.from({ length: keys.length === 0 ? 0 : Math.max(...keys) - first + 1 }, (_, i) => ({
      from: 10 ** ((first + i) / 4),
      to: 10 ** ((first + i + 1) / 4),
      count: this.quarters.get(first + i) ?? 0
    }))
  }
}

function bump(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
