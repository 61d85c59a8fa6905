import { describe, expect, it } from 'vitest'
import { Random } from '../../../bench/random'
import { judge, median } from '../../../engine/compare/noise'

const random = new Random(11)
const uniform = (): number => random.below(1e9) / 1e9
/** Latencies as they are: a bulk, and a tail to one side. */
const sample = (n: number, shift = 0): number[] => Array.from({ length: n }, () => 10 + shift - Math.log(1 - uniform()))

function shareOf(verdict: string, n: number, shift: number): number {
  const rounds = 2000
  let hits = 0
  for (let i = 0; i < rounds; i++) if (judge(sample(n), sample(n, shift)).verdict === verdict) hits++
  return hits / rounds
}

describe('the noise of runs', () => {
  it('is not known from one run of a side', () => {
    for (const [a, b] of [
      [[1], [2]],
      [[1], [2, 2, 2, 2, 2]],
      [[1, 1], [9]]
    ] as const)
      expect(judge(a, b)).toEqual({ verdict: 'unknown', reason: 'one run: noise unknown', interval: null })
  })

  it('makes a difference out of nothing in less than one of twenty comparisons', () => {
    for (const n of [2, 3, 4, 5, 8, 12])
      expect([n, shareOf('differs', n, 0)]).toEqual([n, expect.toSatisfy((p) => p < 0.055)])
  })

  it('does not hide what is really there', () => {
    for (const n of [3, 4, 8]) expect(shareOf('differs', n, 15)).toBeGreaterThan(0.9)
  })

  it('is told by an interval that has the true shift in 95 of 100 cases', () => {
    let inside = 0
    const rounds = 1000
    for (let i = 0; i < rounds; i++) {
      const [low, high] = judge(sample(8), sample(8, 2)).interval!
      if (low <= 2 && 2 <= high) inside++
    }
    expect(inside / rounds).toBeGreaterThan(0.94)
  })

  it('has the extremes of four against four, which are 2 of 70 orders', () => {
    expect(judge([1, 2, 3, 4], [5, 6, 7, 8])).toMatchObject({ verdict: 'differs', interval: [1, 7] })
    expect(judge([1, 2, 3, 5], [4, 6, 7, 8])).toMatchObject({ verdict: 'none', interval: [-1, 7] })
  })

  it('sees a shift that is the other way round as well', () => {
    expect(judge([5, 6, 7, 8], [1, 2, 3, 4])).toMatchObject({ verdict: 'differs', interval: [-7, -1] })
    expect(judge([50, 51], [1, 2]).verdict).toBe('differs')
  })

  it('is none where all runs are equal', () => {
    expect(judge([3, 3, 3, 3], [3, 3, 3, 3]).verdict).toBe('none')
    expect(judge([3, 3], [3, 3]).verdict).toBe('none')
  })
})

describe('the median', () => {
  it('is the middle, and null of nothing', () => {
    expect([median([]), median([4]), median([9, 1]), median([100, 1, 2])]).toEqual([null, 4, 5, 2])
  })
})
