import { describe, expect, it } from 'vitest'
import { add } from '../../engine/query/space'
import { view } from '../../engine/query/view'
import { openRecording } from '../../engine/session/recording'
import { ADDRESS_ROWS, type Extent, layoutSpace, placeOf } from '../../engine/space'

const PAGE = 4096
const of = (...ranges: [number, number][]): Extent[] => {
  const list: Extent[] = []
  for (const [page, pages] of ranges) add(list, page * PAGE, pages * PAGE)
  return list
}

describe('the addresses that a VM used', () => {
  it('are ranges that ascend, with what touches or overlaps joined', () => {
    expect(of([100, 10], [1000, 10], [105, 20], [110, 2])).toEqual([
      { iova: 100 * PAGE, bytes: 25 * PAGE },
      { iova: 1000 * PAGE, bytes: 10 * PAGE }
    ])
    expect(of([100, 10], [120, 10], [90, 60])).toEqual([{ iova: 90 * PAGE, bytes: 60 * PAGE }])
  })

  it('are few, however many mappings there were', () => {
    const list = of(...Array.from({ length: 500 }, (_, n): [number, number] => [((n * 7919) % 500) * 1000, 4]))
    expect(list.length).toBeLessThanOrEqual(40)
    expect(list.at(-1)!.iova + list.at(-1)!.bytes).toBe((499 * 1000 + 4) * PAGE)
  })

  it('lie on the axis in order, to scale within a range, with nothing of the holes', () => {
    const list = of([100, 10], [1_000_000, 1000])
    const layout = layoutSpace(list)
    const place = (page: number): number => placeOf(list, layout, page * PAGE)
    expect(place(100)).toBe(0)
    expect(place(110)).toBeCloseTo(place(1_000_000), 9)
    expect(place(1_001_000)).toBeCloseTo(1, 9)
    expect(place(1_000_500)).toBeCloseTo((place(1_000_000) + 1) / 2, 9)
  })
})

describe('a view by addresses', () => {
  const { model } = openRecording('tests/fixtures/sessions/format-1.1.vascope')
  const shown = view(model, { from: 0, to: model.end, width: 800, cursor: null, axis: 'address' })

  it('has room for every mapping', () => {
    const { rects, vms } = shown
    expect(rects.va.length).toBeGreaterThan(0)
    rects.iova.forEach((iova, i) => {
      const held = vms[rects.group[i]!]!.extents.some(
        (one) => one.iova <= iova && one.iova + one.bytes >= iova + rects.bytes[i]!
      )
      expect(held).toBe(true)
    })
  })

  it('counts what is too much to draw by address', () => {
    for (const { rows, columns, counts } of shown.density) {
      expect(rows).toBe(ADDRESS_ROWS)
      expect(counts.length).toBe(rows * columns)
    }
  })

  it('has scenarios as spans', () => {
    const runs = shown.marks.filter(({ kind }) => kind === 'scenario')
    expect(runs.length).toBe(model.state.scenarios.length)
    for (const { time, until } of runs) expect(until).toBeGreaterThan(time)
  })
})
