import type { Mappings } from '../model/entities'
import type { SessionModel } from '../model/session'

export interface LifetimeStats {
  /** Mappings that began and ended while traced; the figures are of these alone. */
  ended: number
  live: number
  /** Ended, but older than tracing, or ended in a loss, or forgotten: how long they lived is not known. */
  unknown: number
  /** Seconds, of those that ended; null where none did. */
  min: number | null
  p50: number | null
  p95: number | null
  max: number | null
}

/** Lifetimes of one VM's mappings, or of all. */
export function lifetimes(model: SessionModel, vm?: number): LifetimeStats {
  const { mappings: m, vms } = model.state
  const ended: number[] = []
  for (let i = 0; i < m.length; i++) if (isWhole(m, i, vm)) ended.push(m.end.at(i) - m.start.at(i))
  ended.sort((a, b) => a - b)
  let [live, all] = [0, 0]
  for (const one of vms.values())
    if (vm === undefined || one.id === vm) {
      live += one.live
      all += one.inserted
    }
  return {
    ended: ended.length,
    live,
    unknown: all - live - ended.length,
    min: ended[0] ?? null,
    p50: percentile(ended, 0.5),
    p95: percentile(ended, 0.95),
    max: ended.at(-1) ?? null
  }
}

/** It began and ended while traced, in this VM where one is given, and is not forgotten. */
function isWhole(m: Mappings, i: number, vm: number | undefined): boolean {
  return (vm === undefined || m.vm.at(i) === vm) && Number.isFinite(m.end.at(i)) && m.traced.at(i) === 1
}

/** Of ascending values, by nearest rank; null where there are none. */
export function percentile(sorted: readonly number[], p: number): number | null {
  if (sorted.length === 0) return null
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]!
}

export interface HistogramBin {
  /** Seconds: from inclusive, to exclusive. */
  from: number
  to: number
  count: number
}

/** Ended lifetimes in bins of a quarter decade, from the shortest to the longest. */
export function lifetimeHistogram(model: SessionModel, vm?: number): HistogramBin[] {
  const m = model.state.mappings
  const counts = new Map<number, number>()
  for (let i = 0; i < m.length; i++) {
    if (!isWhole(m, i, vm)) continue
    const bin = Math.floor(4 * Math.log10(Math.max(1e-9, m.end.at(i) - m.start.at(i))))
    counts.set(bin, (counts.get(bin) ?? 0) + 1)
  }
  if (counts.size === 0) return []
  const keys = [...counts.keys()]
  const bins: HistogramBin[] = []
  for (let b = Math.min(...keys); b <= Math.max(...keys); b++)
    bins.push({ from: 10 ** (b / 4), to: 10 ** ((b + 1) / 4), count: counts.get(b) ?? 0 })
  return bins
}
