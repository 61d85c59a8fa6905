import { describe, expect, it } from 'vitest'
import { Random } from '../../../bench/random'
import { Distribution } from '../../../engine/stats/distribution'
import { percentile } from '../../../engine/stats/lifetimes'
import { Track } from '../../../engine/stats/track'

describe('a distribution', () => {
  it('is exact while values are few', () => {
    const d = new Distribution()
    for (let i = 100; i >= 1; i--) d.add(i)
    expect(d.quantiles()).toEqual({ count: 100, p50Seconds: 50, p90Seconds: 90, p99Seconds: 99, maxSeconds: 100 })
  })

  it('is within 0.3 % when there are many, and keeps the greatest', () => {
    const random = new Random(3)
    const values = Array.from({ length: 50_000 }, () => 1e-6 * 10 ** (6 * (random.below(1e6) / 1e6)))
    const d = new Distribution()
    for (const value of values) d.add(value)
    const sorted = values.sort((a, b) => a - b)
    const { count, p50Seconds, p90Seconds, p99Seconds, maxSeconds } = d.quantiles()
    expect([count, maxSeconds]).toEqual([50_000, sorted.at(-1)])
    for (const [p, seen] of [
      [0.5, p50Seconds!],
      [0.9, p90Seconds!],
      [0.99, p99Seconds!]
    ] as const)
      expect(Math.abs(seen / percentile(sorted, p)! - 1)).toBeLessThan(0.003)
  })

  it('counts a time that went back as none', () => {
    const d = new Distribution()
    d.add(-1)
    expect(d.quantiles()).toMatchObject({ count: 1, p50Seconds: 0, maxSeconds: 0 })
  })
})

describe('a track', () => {
  it('has the most of each bin, and holds a value in between', () => {
    const track = new Track()
    track.set(0.001, 5)
    track.set(0.0015, 9)
    track.set(0.0018, 2)
    track.set(0.004, 1)
    expect([...track.upTo(0.005).values]).toEqual([0, 9, 2, 2, 2, 1])
  })

  it('gets coarser as time goes on, and forgets no peak', () => {
    const track = new Track()
    track.set(3, 7)
    track.set(3.0001, 0)
    track.set(1000, 4)
    const { stepSeconds, values } = track.upTo(1000)
    expect(values.length).toBeLessThanOrEqual(512)
    expect(values.length * stepSeconds).toBeGreaterThan(1000)
    expect(values[Math.floor(3 / stepSeconds)]).toBe(7)
    expect(values.at(-1)).toBe(4)
  })
})
