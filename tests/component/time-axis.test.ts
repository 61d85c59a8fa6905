import { describe, expect, it } from 'vitest'
import {
  clampRange,
  MIN_SPAN,
  pan,
  tickDecimals,
  ticks,
  tickStep,
  timeToX,
  xToTime,
  zoom
} from '../../renderer/model/time-axis'

const range = { from: 61.6, to: 64 }

describe('time and pixels', () => {
  it('are each other’s inverse', () => {
    expect(timeToX(62.8, range, 1000)).toBeCloseTo(500)
    expect(xToTime(timeToX(63.412, range, 873), range, 873)).toBeCloseTo(63.412, 9)
  })

  it('keeps the time under the cursor while zooming', () => {
    const closer = zoom(range, 0.8, 63)
    expect(timeToX(63, closer, 1000)).toBeCloseTo(timeToX(63, range, 1000))
    expect(closer.to - closer.from).toBeCloseTo(2.4 * 0.8)
  })

  it('does not zoom closer than the shortest window', () => {
    const closest = zoom({ from: 1, to: 1 + MIN_SPAN }, 0.5, 1)
    expect(closest.to - closest.from).toBeCloseTo(MIN_SPAN)
  })

  it('keeps a window inside the session without changing its span', () => {
    const extent = { from: 0, to: 64 }
    expect(clampRange(pan(range, 1), extent)).toEqual({ from: expect.closeTo(61.6), to: 64 })
    expect(clampRange({ from: -1, to: 1 }, extent)).toEqual({ from: 0, to: 2 })
    expect(clampRange({ from: -10, to: 100 }, extent)).toEqual({ from: 0, to: 64 })
  })
})

describe('ticks', () => {
  it.each([
    [{ from: 0, to: 10 }, 1],
    [{ from: 61.6, to: 64 }, 0.2],
    [{ from: 0, to: 0.001 }, 0.0001],
    [{ from: 0, to: 3600 }, 300]
  ])('of %o are %d s apart on 960 pixels', (window, step) => expect(tickStep(window, 960)).toBeCloseTo(step, 9))

  it('fall on multiples of the step and leave room for their labels', () => {
    expect(ticks(range, 0.2).map((time) => time.toFixed(1))).toEqual([
      '61.6',
      '61.8',
      '62.0',
      '62.2',
      '62.4',
      '62.6',
      '62.8',
      '63.0',
      '63.2',
      '63.4',
      '63.6',
      '63.8',
      '64.0'
    ])
    for (const to of [0.0003, 0.07, 1, 33, 500, 9000]) {
      const step = tickStep({ from: 0, to }, 700)
      expect((step / to) * 700).toBeGreaterThanOrEqual(71.9)
    }
  })

  it('have as many decimals as tell neighbours apart', () => {
    expect([1, 0.5, 0.2, 0.01, 0.005, 0.0001].map(tickDecimals)).toEqual([0, 1, 1, 2, 3, 4])
  })
})
