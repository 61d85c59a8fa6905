import { describe, expect, it } from 'vitest'
import { hitMapping, layoutLanes, mapHeight, SEGMENT_GAP, spacedLabels } from '../../renderer/model/lanes'
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
    { ...mapped, group: 1, row: 0, start: 0, end: 10 }
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
