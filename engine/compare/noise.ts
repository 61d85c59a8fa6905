import type { CompareVerdict } from '../api'

/** With so many runs on each side ranks can tell, at 5 %, whether the sides differ: 2 of the 70 orders of 4 and 4 are as extreme. */
const RANKED = 4

export interface Judgement {
  verdict: CompareVerdict
  reason: string
  /** 95 % interval of b − a; null where too few runs were given. */
  interval: [number, number] | null
}

/** A middle value, which one odd run does not move; null of none. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((x, y) => x - y)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Whether what differs from run to run differs between the sides.
 *
 * From four runs on each side: the interval of the shift (Hodges and Lehmann), which is the Mann-Whitney test turned round; they differ when 0
 * is not in it, that is, p < 0.05 of a two-sided test. With two or three: they differ when they are more than twice as far
 * apart as either side is wide. With one: nothing is known of the noise.
 */
export function judge(a: readonly number[], b: readonly number[]): Judgement {
  if (Math.min(a.length, b.length) < 2) return { verdict: 'unknown', reason: 'one run: noise unknown', interval: null }
  const shifts = a.flatMap((x) => b.map((y) => y - x)).sort((x, y) => x - y)
  const [low, high] = [shifts[0]!, shifts.at(-1)!]
  const runs = `${a.length} runs against ${b.length}`
  if (Math.min(a.length, b.length) < RANKED) {
    const gap = low > 0 ? low : high < 0 ? -high : 0
    return gap > 2 * Math.max(width(a), width(b))
      ? { verdict: 'differs', reason: `${runs}, more than twice as far apart as either is wide`, interval: null }
      : { verdict: 'none', reason: `within the noise of ${runs}`, interval: null }
  }
  const k = criticalRank(a.length, b.length)
  const interval: [number, number] = [shifts[k]!, shifts[shifts.length - 1 - k]!]
  return interval[0] > 0 || interval[1] < 0
    ? { verdict: 'differs', reason: `beyond the noise of ${runs}, p < 0.05`, interval }
    : { verdict: 'none', reason: `within the noise of ${runs}`, interval }
}

function width(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values)
}

/** The greatest k for which P(U ≤ k) ≤ 2.5 %, where U is Mann and Whitney's of two samples of one distribution. */
function criticalRank(n: number, m: number): number {
  const counts = orders(n, m)
  const total = counts.reduce((sum, count) => sum + count, 0)
  let below = 0
  for (let k = 0; k < counts.length; k++) {
    below += counts[k]!
    if (below / total > 0.025) return k - 1 < 0 ? 0 : k - 1
  }
  return 0
}

/** In how many orders of n and m values U is 0, 1, 2 …; floating numbers hold these well enough. */
function orders(n: number, m: number): number[] {
  // the Gaussian binomial coefficient: the product of (1 − q^(m+i)) / (1 − q^i)
  let counts = [1]
  for (let i = 1; i <= n; i++) {
    const up = new Array<number>(counts.length + m + i).fill(0)
    counts.forEach((count, u) => {
      up[u]! += count
      up[u + m + i]! -= count
    })
    for (let u = i; u < up.length; u++) up[u]! += up[u - i]!
    counts = up.slice(0, i * m + 1)
  }
  return counts
}
