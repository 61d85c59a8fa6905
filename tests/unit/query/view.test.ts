import { describe, expect, it } from 'vitest'
import type { MappingQuery } from '../../../engine/api'
import { SessionModel } from '../../../engine/model/session'
import { boDetail, mappings } from '../../../engine/query/objects'
import { view } from '../../../engine/query/view'
import { Frame } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { createVm, frame, insert, ORIGIN, remove, type ScriptEvent } from '../stream'

function modelOf(events: ScriptEvent[], names: { id: number; text: string }[] = []): SessionModel {
  const model = new SessionModel()
  for (const f of [frame.hello(), frame.capabilities(), frame.events(1, events, { names })]) model.take(f)
  expect(model.faults).toEqual([])
  return model
}

/** Page tables were written. */
function written(ms: number, page: number, range: number): ScriptEvent {
  return { ms, kind: Kind.PteMap, vm: 1, iova: page, range, queue: 1, result: 0 }
}

const GiB = 2 ** 30
const pages = (bytes: number): number => bytes / 4096

describe('a view', () => {
  const events = [
    ...createVm(0, 1, 2),
    insert(100, 1, pages(4 * GiB), 256),
    insert(200, 2, pages(4 * GiB) + 256, 256, 2),
    remove(300, 1),
    insert(400, 3, pages(4 * GiB) + 512, 256, 3),
    written(420, pages(4 * GiB) + 256, 256),
    written(430, pages(4 * GiB) + 512, 256),
    insert(500, 4, pages(64 * GiB), 1, 0)
  ]

  it('has the mappings that touch the window, each in a row that it does not share in time', () => {
    const v = view(modelOf(events), { from: 0.25, to: 1, width: 100, cursor: null })
    const rows = [...v.rects.va].map((va, i) => [
      va,
      v.rects.row[i],
      v.rects.start[i],
      v.rects.end[i],
      v.rects.state[i]
    ])
    expect(rows).toEqual([
      [1, 0, 0.1, 0.3, 0],
      [2, 1, 0.2, Infinity, 1],
      [3, 0, 0.4, Infinity, 1], // the row that VA 1 left
      [4, 2, 0.5, Infinity, 2] // its page tables are not written
    ])
    expect(view(modelOf(events), { from: 0.35, to: 1, width: 100, cursor: null }).rects.va.length).toBe(3)
  })

  it('hides the holes of the VA space', () => {
    const [group] = view(modelOf(events), { from: 0, to: 1, width: 100, cursor: null }).vms
    expect(group).toMatchObject({ policy: 'hard', mode: 'vm-bind', rows: 3 })
    expect(group!.segments).toEqual([
      { iova: 4 * GiB, bytes: GiB / 4, row: 0, rows: 2 },
      { iova: 64 * GiB, bytes: GiB / 4, row: 2, rows: 1 }
    ])
    expect(group!.hiddenBytes).toBe(0x100000 * 4096 - GiB / 2)
  })

  it('has the sums at the cursor, and not those of now', () => {
    const v = view(modelOf(events), { from: 0, to: 1, width: 100, cursor: 0.25 })
    expect(v.cursor).toMatchObject({ liveMappings: 2, liveBytes: 2 * 2 ** 20 })
    expect(v.vms[0]).toMatchObject({ mappings: 2, bytes: 2 * 2 ** 20, vmBos: 2 })
    expect(view(modelOf(events), { from: 0, to: 1, width: 100, cursor: 0.5 }).vms[0]).toMatchObject({
      mappings: 3,
      bytes: 2 * 2 ** 20
    })
  })

  it('has rates per second, and nothing where nothing was seen', () => {
    const { charts } = view(modelOf(events), { from: 0, to: 1, width: 20, cursor: null })
    expect(charts.step).toBeCloseTo(0.1)
    expect([...charts.maps].map((n) => Math.round(n))).toEqual([0, 10, 10, 0, 10, 10, NaN, NaN, NaN, NaN])
    expect([...charts.unmaps].map((n) => Math.round(n)).slice(0, 6)).toEqual([0, 0, 0, 10, 0, 0])
    expect([...charts.liveBytes].slice(0, 5)).toEqual([0, 2 ** 20, 2 * 2 ** 20, 2 ** 20, 2 * 2 ** 20])
  })

  it('does not draw what was lost as zero', () => {
    const model = modelOf(events)
    model.take(
      Frame.encode({
        loss: { firstNs: ORIGIN + 210e6, lastNs: ORIGIN + 290e6, kinds: [{ kind: 5, kernel: 1 }] }
      }).finish()
    )
    const { charts, marks } = view(model, { from: 0, to: 1, width: 20, cursor: null })
    expect(Number.isNaN(charts.maps[2]!)).toBe(true)
    expect(charts.liveBytes[3]).toBe(2 ** 20)
    expect(marks).toMatchObject([{ kind: 'loss', text: 'lost 1' }])
  })

  it('draws as density what is too much to tell apart', () => {
    const many: ScriptEvent[] = [...createVm(0, 1, 2)]
    for (let i = 0; i < 7000; i++) many.push(insert(i + 1, i + 1, 0x100000, 1), remove(i + 1.5, i + 1))
    const v = view(modelOf(many), { from: 0, to: 8, width: 100, cursor: null })
    expect([v.rectsCut, v.rects.va.length]).toEqual([[true], 0])
    const [density] = v.density
    expect([density!.columns, density!.rows]).toEqual([100, 1])
    expect(density!.counts.reduce((n, c) => n + c, 0)).toBeGreaterThanOrEqual(7000)
    expect(density!.counts[99]).toBe(0)
  })

  it('has no more rows of density than can be seen, and none of two segments', () => {
    const many: ScriptEvent[] = [...createVm(0, 1, 2)]
    for (let i = 0; i < 6100; i++) many.push(insert(1 + i / 1000, i + 1, 0x100000 + (i % 400), 1))
    for (let i = 0; i < 10; i++) many.push(insert(8, 7000 + i, pages(64 * GiB) + i, 1))
    const v = view(modelOf(many), { from: 0, to: 0.01, width: 10, cursor: null })
    const [density] = v.density
    const per = density!.per!
    expect(v.vms[0]!.segments.map(({ rows }) => rows)).toEqual([6100, 10])
    expect(density!.rows).toBe(Math.ceil(6100 / per) + Math.ceil(10 / per))
    expect(density!.rows).toBeLessThan(200)
    const last = (column: number): number[] =>
      Array.from({ length: density!.rows }, (_, row) => density!.counts[row * 10 + column]!)
    // all live on: each is in the last column once, the others of the second segment in its only row
    expect(last(9).reduce((sum, count) => sum + count, 0)).toBe(6110)
    expect(last(9).at(-1)).toBe(10)
    expect(last(0)).toEqual(last(0).map(() => 0))
  })

  it('has charts and marks alone where no more is wanted', () => {
    const whole = view(modelOf(events), { from: 0, to: 1, width: 20, cursor: null })
    const charts = view(modelOf(events), { from: 0, to: 1, width: 20, cursor: null, only: 'charts' })
    expect([charts.charts, charts.marks, charts.end]).toEqual([whole.charts, whole.marks, whole.end])
    expect([charts.vms, charts.rects.va.length, charts.jobs.id.length]).toEqual([[], 0, 0])
  })

  it('has the interval before each flip, for each CRTC', () => {
    const flips = [100, 116, 120, 150].map((ms) => ({ ms, kind: Kind.FlipDone, crtc: ms === 120 ? 2 : 1, seqno: 0 }))
    const { charts, cursor } = view(modelOf(flips), { from: 0, to: 1, width: 100, cursor: 0.13 })
    expect([...charts.flipIntervals].map((s) => Math.round(s * 1000))).toEqual([16, 34])
    expect(Math.round(cursor.flipInterval! * 1000)).toBe(16)
  })
})

describe('the table of mappings', () => {
  const model = modelOf(
    [
      ...createVm(0, 1, 2),
      insert(1, 1, 0x100000, 16, 5),
      insert(2, 2, 0x100010, 4, 6),
      insert(3, 3, 0x200000, 1, 0),
      { ms: 4, kind: Kind.BoCreate, task: 1, bo: 5, size: 16, flags: 0x20001 }
    ],
    [{ id: 1, text: 'gpu' }]
  )
  const query: MappingQuery = {
    cursor: null,
    search: '',
    policies: [],
    sort: 'iova',
    descending: false,
    first: 0,
    count: 10
  }
  const vas = (q: Partial<MappingQuery>): number[] => mappings(model, { ...query, ...q }).rows.map((r) => r.va)

  it('finds the mapping that contains an address', () => {
    expect(vas({ search: '0x1_0000_f123' })).toEqual([1])
    expect(vas({ search: '0x1_0001_0000' })).toEqual([2])
    expect(vas({ search: '0x1_0001_4000' })).toEqual([])
  })

  it('finds by BO and by name', () => {
    expect([vas({ search: 'BO 6' }), vas({ search: '5' }), vas({ search: 'map_null' })]).toEqual([[2], [1], [3]])
  })

  it('sorts, filters and pages', () => {
    expect(vas({ sort: 'bytes', descending: true })).toEqual([1, 2, 3])
    expect(vas({ sort: 'age' })).toEqual([3, 2, 1])
    expect(vas({ policies: ['hard'] })).toEqual([1, 2])
    expect(mappings(model, { ...query, first: 1, count: 1 })).toMatchObject({ total: 3, first: 1, rows: [{ va: 2 }] })
  })

  it('tells of a BO what is known, and nothing of one that was never seen', () => {
    expect(boDetail(model, 5)).toMatchObject({
      bytes: 65536,
      flags: 'WC | SCANOUT',
      mappings: [{ vm: 1, va: 1, policy: 'hard', end: null }]
    })
    expect(boDetail(model, 99)).toBeNull()
  })
})
