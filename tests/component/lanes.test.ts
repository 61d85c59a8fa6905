import { describe, expect, it } from 'vitest'
import {
  hitMapping,
  layoutAddresses,
  layoutBos,
  layoutLanes,
  mapHeight,
  SEGMENT_GAP,
  spacedLabels
} from '../../renderer/model/lanes'
import { selectionOfRect } from '../../renderer/model/selection'
import { rectsOf } from './fake-engine'

const segments = [
  { iova: 0x1_0000_0000, bytes: 0x10_0000, row: 0, rows: 2 },
  { iova: 0x4_0000_0000, bytes: 0x10_0000, row: 2, rows: 2 }
]

describe('rows of a VA map', () => {
  it('keep their order, fit the height and leave a gap where a hole is hidden', () => {
    const { tops, pitch, height, breaks } = layoutLanes({ rows: 4, segments }, 60)
    expect([...tops]).toEqual([...tops].sort((a, b) => a - b))
    expect((tops[2] ?? 0) - (tops[1] ?? 0)).toBeCloseTo(pitch + SEGMENT_GAP)
    expect((tops[3] ?? 0) + height).toBeLessThanOrEqual(60)
    expect(breaks).toHaveLength(1)
    expect(breaks[0]).toBeGreaterThan((tops[1] ?? 0) + height)
    expect(breaks[0]).toBeLessThan(tops[2] ?? 0)
  })

  it('fit even when there are more rows than pixels', () => {
    const { tops, height } = layoutLanes({ rows: 500, segments: [{ iova: 0, bytes: 1, row: 0, rows: 500 }] }, 168)
    expect(height).toBeGreaterThan(0)
    expect((tops[499] ?? 0) + height).toBeLessThanOrEqual(168)
  })

  it('ask for few different heights', () => {
    const heights = new Set(Array.from({ length: 100 }, (_, rows) => mapHeight(rows)))
    expect(heights).toEqual(new Set([36, 60, 108, 168]))
  })

  it('label segments only where labels have room', () => {
    const labels = [0, 4, 13, 20, 30].map((top) => ({ top, iova: top, bytes: 1 }))
    expect(spacedLabels(labels).map(({ top }) => top)).toEqual([0, 13, 30])
  })
})

describe('the mapping under a point', () => {
  const layout = layoutLanes({ rows: 4, segments }, 60)
  const mapped = { bo: 1, iova: 0, bytes: 4096, state: 0 }
  const rects = rectsOf([
    { ...mapped, group: 0, row: 0, start: 1, end: 2 },
    { ...mapped, group: 0, row: 0, start: 2.2, end: 2.2001 },
    { ...mapped, group: 0, row: 3, start: 0, end: Infinity },
    { ...mapped, group: 1, row: 0, start: 0, end: 10, state: 1 }
  ])
  const range = { from: 0, to: 10 }
  const at = (time: number, row: number): { x: number; y: number; width: number } => ({
    x: time * 100,
    y: (layout.tops[row] ?? 0) + 1,
    width: 1000
  })

  it('is found by time and row, in its own VM only', () => {
    expect(hitMapping(rects, 0, layout, range, at(1.5, 0))).toBe(0)
    expect(hitMapping(rects, 1, layout, range, at(1.5, 0))).toBe(3)
    expect(hitMapping(rects, 0, layout, range, at(9, 3))).toBe(2)
    expect(hitMapping(rects, 0, layout, range, at(5, 0))).toBe(-1)
    expect(hitMapping(rects, 0, layout, range, at(5, 1))).toBe(-1)
  })

  it('may be narrower than the pointer is steady', () => {
    expect(hitMapping(rects, 0, layout, range, at(2.22, 0))).toBe(1)
    expect(hitMapping(rects, 0, layout, range, at(2.28, 0))).toBe(-1)
  })
})

describe('a VA map by addresses', () => {
  const extents = [
    { iova: 0x1_0000_0000, bytes: 0x10_0000 },
    { iova: 0x8_0000_0000, bytes: 0x10_0000 }
  ]
  const rects = rectsOf([
    { group: 0, row: 0, bo: 1, iova: 0x1_0000_0000, bytes: 0x8_0000, start: 0, end: 10, state: 1 },
    { group: 0, row: 0, bo: 2, iova: 0x1_0008_0000, bytes: 0x8_0000, start: 0, end: 10, state: 1 },
    { group: 0, row: 0, bo: 1, iova: 0x8_0000_0000, bytes: 0x1000, start: 0, end: 10, state: 1 }
  ])

  it('places mappings by address and size, and leaves the hole out', () => {
    const layout = layoutAddresses({ extents }, 168)
    const [first, second, third] = [0, 1, 2].map((index) => layout.place!(rects, index))
    expect(first!.top + first!.height).toBeLessThanOrEqual(second!.top)
    expect(first!.height).toBeCloseTo(second!.height, 1)
    expect(second!.top + second!.height).toBeLessThan(layout.breaks[0]!)
    expect(third!.top).toBeGreaterThan(layout.breaks[0]!)
    expect(third!.height).toBe(1)
    expect(hitMapping(rects, 0, layout, { from: 0, to: 10 }, { x: 50, y: second!.top + 3, width: 100 })).toBe(1)
  })

  it('has lanes for BOs, where all mappings of one share a lane', () => {
    const layout = layoutBos(rects, 0, 168)
    expect(layout.bos).toEqual([1, 2])
    expect(layout.place!(rects, 0)).toEqual(layout.place!(rects, 2))
    expect(layout.place!(rects, 1).top).toBeGreaterThan(layout.place!(rects, 0).top)
  })
})

describe('a mapping that is selected by its rectangle', () => {
  it('ended, lives, or ended nobody knows when', () => {
    const one = { group: 0, row: 0, bo: 1, iova: 0, bytes: 1, start: 0, state: 0 }
    const rects = rectsOf([
      { ...one, end: 3 },
      { ...one, end: Infinity, state: 1 },
      { ...one, end: 5 }
    ])
    const ends = [0, 1, 2].map((index) => {
      const { end, atLeast } = selectionOfRect({ ...rects, atLeast: Float64Array.of(NaN, NaN, 5) }, index, 3)
      return [end, atLeast]
    })
    expect(ends).toEqual([
      [3, undefined],
      [null, undefined],
      [null, 5]
    ])
    expect(selectionOfRect(rects, 2, 3).end).toBe(5)
  })
})
