import { describe, expect, it } from 'vitest'
import type { SessionModel } from '../../../engine/model/session'
import { summarize } from '../../../engine/stats/summary'
import { Kind } from '../../../engine/wire/schema'
import { checked, k, snapshotFrame, type Session } from '../check/script'
import { frame, type ScriptEvent } from '../stream'

const bind = [...k.vm(0, 1), k.bo(1, 1), k.open(2, 1), k.vmBo(3, 1, 1, 1)]
const model = (events: ScriptEvent[], session: Session = {}): SessionModel => checked(events, session).model

/** 1 live, 2 pending, 3 evicted. */
const stateOf = (m: SessionModel, va: number, ms: number): number =>
  m.state.mappingState(m.state.mappings.byVa.get(va), ms / 1000)

describe('the state of a mapping', () => {
  it('is pending until its page tables are written', () => {
    const m = model([...bind, ...k.map(4, 1, 32), k.pteMap(10, 32)])
    expect([stateOf(m, 1, 5), stateOf(m, 1, 11)]).toEqual([2, 1])
  })

  it('stays pending when the write failed', () => {
    expect(stateOf(model([...bind, ...k.map(4, 1, 32), k.pteMap(10, 32, 16, { result: 12 })]), 1, 20)).toBe(2)
  })

  it('is that of the whole for the parts of a split, before and after the write', () => {
    const parts = [
      k.remap(6, 1, 36, 4),
      ...k.unmap(6, 1, 1, 8),
      k.insert(6, 2, 32, 4),
      { ...k.insert(6, 3, 40, 8), offset: 8 }
    ]
    const written = model([...bind, ...k.map(4, 1, 32), k.pteMap(5, 32), ...parts])
    expect([stateOf(written, 2, 7), stateOf(written, 3, 7)]).toEqual([1, 1])
    const pending = model([...bind, ...k.map(4, 1, 32), ...parts, k.pteMap(9, 32)])
    expect([stateOf(pending, 2, 7), stateOf(pending, 2, 9), stateOf(pending, 3, 9)]).toEqual([2, 1, 1])
  })

  it('is evicted from the eviction of its vm_bo until that is validated', () => {
    const m = model([
      ...bind,
      ...k.map(4, 1, 32),
      k.pteMap(5, 32),
      { ms: 10, kind: Kind.BoEvict, task: 1, bo: 1 },
      { ms: 20, kind: Kind.VmBoValidate, vmBo: 1, result: 0 }
    ])
    expect([stateOf(m, 1, 9), stateOf(m, 1, 15), stateOf(m, 1, 25)]).toEqual([1, 3, 1])
  })

  it('is live where page tables are not traced: absent is not pending', () => {
    const without = [Kind.PteMap]
    expect(stateOf(model([...bind, ...k.map(4, 1, 32)], { capabilities: { without } }), 1, 5)).toBe(1)
  })
})

describe('what only mappings keep', () => {
  const closed = [...bind, ...k.map(4, 1, 32), ...k.close(5, 1)]

  it('counts while no handle, no dma-buf and no framebuffer is left, and remembers the most', () => {
    expect(summarize(model(closed)).retained).toMatchObject({ bytes: 65536, peak: 65536, peakAt: 0.005 })
    expect(summarize(model([...closed, ...k.unmap(6, 1)])).retained).toMatchObject({ bytes: 0, peak: 65536 })
    expect(summarize(model([...bind, ...k.map(4, 1, 32)])).retained.peak).toBe(0)
  })

  it.each([
    ['a dma-buf', { ms: 4, kind: Kind.Export, task: 1, bo: 1 }],
    ['a framebuffer', k.fb(4, 7)],
    ['another handle', k.open(4, 1, 2, 2)]
  ])('does not count with %s', (_, event) => {
    expect(summarize(model([...bind, ...k.map(4, 1, 32), event, ...k.close(5, 1)])).retained.peak).toBe(0)
  })

  it('does not count the kernel’s own, which never had a handle', () => {
    expect(summarize(model([...k.managed(0, 1), k.bo(1, 1), ...k.map(4, 1, 32)])).retained.peak).toBe(0)
  })
})

describe('what framebuffers cost', () => {
  it('is counted with the page tables of the display that were written meanwhile', () => {
    const display = [...k.managed(0, 2, { name: 8 }), k.bo(1, 1), k.fb(2, 7)]
    const m = model([
      ...display,
      k.pteMap(2.5, 99, 1, { vm: 2, queue: 0 }), // before it began
      k.pteMap(9.5, 32, 16, { vm: 2, queue: 0 }),
      k.prepare(10, 7),
      k.prepare(20, 7, 2),
      k.cleanup(30, 7)
    ])
    const { flipCost } = summarize(m)
    expect(flipCost!.prepare).toMatchObject({ count: 2, mapping: 1, ptes: 1, p50: 0.001 })
    expect(flipCost!.cleanup).toMatchObject({ count: 1, mapping: 0, p50: 0.005 })
  })

  it('is not zero where it was not traced', () => {
    expect(summarize(model([], { capabilities: { without: [Kind.PteUnmap] } })).flipCost).toBeNull()
  })
})

describe('a snapshot and the events', () => {
  const vas = [{ id: 1, vm: 1, vmBo: 1, bo: 1, iova: 32, range: 16 }]
  const whole = {
    vms: [{ id: 1, mode: 2 }],
    bos: [{ id: 1, size: 16, handles: 1 }],
    vmBos: [{ id: 1, vm: 1, bo: 1 }],
    vas
  }
  const events = [...bind, ...k.map(4, 1, 32), k.later(1000)]
  const found = (state: object, after: ScriptEvent[] = []): string[] => {
    const last = [snapshotFrame(2000, 2001, state), frame.events(2, [...after, k.later(9000)])]
    return model(events, { last }).reconciler.found.map((d) => d.text)
  }

  it('agree', () => {
    expect(found(whole)).toEqual([])
  })

  it.each([
    ['a mapping that has gone', { ...whole, vas: [] }, 'VA 1 (VM 1) has gone from the kernel without a remove'],
    [
      'a vm_bo that has gone',
      { ...whole, vmBos: [] },
      'vm_bo 1 has gone from the kernel without having been destroyed'
    ],
    [
      'a mapping that was not seen',
      { ...whole, vas: [...vas, { id: 9, vm: 1, vmBo: 1, bo: 1, iova: 64, range: 1 }] },
      'VA 9 (VM 1) is in the kernel and was not seen to be inserted'
    ],
    ['another address', { ...whole, vas: [{ ...vas[0], iova: 48 }] }, 'VA 1 is not what its insert said'],
    ['handles', { ...whole, bos: [{ id: 1, size: 16, handles: 2 }] }, 'BO 1 has 2 handles, its events say 1'],
    [
      'eviction',
      { ...whole, vmBos: [{ id: 1, vm: 1, bo: 1, evicted: true }] },
      'vm_bo 1 is evicted, its events say the opposite'
    ]
  ])('do not agree on %s', (_, state, text) => {
    expect(found(state)).toEqual([text])
  })

  it('are given the time that events need to arrive', () => {
    const late = k.unmap(1999.5, 1)
    expect(found({ ...whole, vas: [] }, late)).toEqual([])
  })

  it('are not compared when the snapshot is not complete, or is the one that follows a loss', () => {
    const last = [snapshotFrame(2000, 2001, {}, false), frame.events(5, [k.later(3000)]), snapshotFrame(4000, 4001, {})]
    expect(model(events, { last }).reconciler.found).toEqual([])
  })

  it('mark their disagreement on the time line', () => {
    const last = [snapshotFrame(2000, 2001, { ...whole, vas: [] }), frame.events(2, [k.later(9000)])]
    const marks = model(events, { last }).state.markers.filter((m) => m.kind === 'gap')
    expect(marks).toMatchObject([{ time: 2.001, text: expect.stringContaining('VA 1') }])
  })
})
