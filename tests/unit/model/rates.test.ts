import { describe, expect, it } from 'vitest'
import { BIN, Rates } from '../../../engine/model/rates'

const bin = (seconds: number): number => Math.round(seconds / BIN)

describe('rates', () => {
  it('are counted by bins of time, what was before the beginning in the first', () => {
    const rates = new Rates()
    for (const time of [-3, 0, 0.015, 40.005]) rates.add('maps', time, 1)
    expect([rates.first, rates.end]).toEqual([0, 4001])
    expect([rates.sum('maps', 0, 1), rates.sum('maps', 1, 2), rates.sum('maps', 2, 4001)]).toEqual([2, 1, 1])
    expect([rates.sum('maps', 0, Infinity), rates.sum('flips', 0, Infinity)]).toEqual([4, 0])
  })

  it('begin late for a model that knows nothing of what was before', () => {
    const rates = new Rates()
    rates.kept = false
    rates.add('delta', 3, 7)
    rates.begin(50_000, 4096)
    rates.add('maps', 50_000.255, 1)
    rates.add('delta', 50_000.255, 100)
    // some time before it, for what comes late
    expect([rates.first, rates.end]).toEqual([bin(49_999), bin(50_000.26)])
    expect(rates.sum('delta', 0, bin(50_000.25))).toBe(4096)
    expect(rates.sum('delta', 0, Infinity)).toBe(4196)
    expect(rates.sum('maps', bin(50_000.25), bin(50_000.26))).toBe(1)
  })

  it('forget what is old, but for what is mapped', () => {
    const rates = new Rates()
    for (let i = 0; i < 3000; i++) {
      rates.add('maps', (i + 0.5) * BIN, i)
      rates.add('delta', (i + 0.5) * BIN, 2)
    }
    rates.forget(21)
    expect([rates.first, rates.end]).toEqual([2000, 3000])
    expect([rates.sum('maps', 2000, 2001), rates.sum('maps', 2999, 3000)]).toEqual([2000, 2999])
    expect([rates.sum('delta', 0, 2001), rates.sum('delta', 0, Infinity)]).toEqual([4002, 6000])
    rates.add('maps', 30.005, 5)
    expect(rates.sum('maps', 3000, 3001)).toBe(5)
    rates.forget(5)
    expect(rates.first).toBe(2000)
    rates.forget(501)
    expect([rates.first, rates.end, rates.sum('delta', 0, Infinity), rates.sum('maps', 0, Infinity)]).toEqual([
      50_000, 50_001, 6000, 0
    ])
  })
})
