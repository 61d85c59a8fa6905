import { describe, expect, it } from 'vitest'
import { policyOf } from '../../../engine/model/policy'
import { SessionModel } from '../../../engine/model/session'
import { balances } from '../../../engine/stats/balance'
import { lifetimeHistogram, lifetimes } from '../../../engine/stats/lifetimes'
import { summarize } from '../../../engine/stats/summary'
import { Frame } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { createVm, frame, insert, ORIGIN, remove, type ScriptEvent } from '../stream'

const VM_BIND = 9
const names = [{ id: VM_BIND, text: 'msm-vm-bind' }]

function modelOf(events: ScriptEvent[], extra: Uint8Array[] = [], capabilities = frame.capabilities()): SessionModel {
  const model = new SessionModel()
  for (const f of [frame.hello(), capabilities, frame.events(1, events, { names }), ...extra]) model.take(f)
  expect(model.faults).toEqual([])
  return model
}

const at = (ms: number): number => ORIGIN + ms * 1e6
const MiB = 2 ** 20

describe('the session model', () => {
  it('follows a mapping from insert to remove', () => {
    const model = modelOf([
      ...createVm(0, 1, 2),
      insert(10, 1, 0x100000, 256),
      insert(20, 2, 0x200000, 256),
      remove(30, 1)
    ])
    const { state } = model
    expect([...state.mappings.live].map((i) => state.mappings.va.at(i))).toEqual([2])
    expect(state.liveBytes).toBe(MiB)
    expect(lifetimes(model)).toMatchObject({ ended: 1, live: 1 })
    expect(lifetimes(model).p50).toBeCloseTo(0.02)
    expect(model.end).toBeCloseTo(0.03)
  })

  it('counts MAP_NULL as a mapping without bytes', () => {
    const model = modelOf([...createVm(0, 1, 2), insert(1, 1, 0, 256, 0)])
    expect([model.state.mappings.live.size, model.state.liveBytes, summarize(model).bytesMapped]).toEqual([1, 0, 0])
  })

  it('shows a split as one remove and two inserts', () => {
    const model = modelOf([
      ...createVm(0, 1, 2),
      insert(1, 1, 0, 16),
      remove(2, 1),
      insert(2, 2, 0, 4),
      insert(2, 3, 12, 4)
    ])
    expect(summarize(model)).toMatchObject({ maps: 3, unmaps: 1, liveMappings: 2, liveBytes: 8 * 4096 })
  })

  it('starts from a snapshot, and does not take an object twice that events have shown', () => {
    const vas = [
      { id: 1, vm: 1, vmBo: 1, bo: 1, iova: 16, range: 4 },
      { id: 2, vm: 1, vmBo: 1, bo: 1, iova: 32, range: 4 }
    ]
    const parts = [
      Frame.encode({
        snapshot: {
          id: 1,
          part: 0,
          beginNs: at(1),
          endNs: at(3),
          vms: [{ id: 1, name: 'gpu', mode: 1 }],
          bos: [{ id: 1, size: 8 }]
        }
      }).finish(),
      Frame.encode({
        snapshot: { id: 1, part: 1, last: true, beginNs: at(1), endNs: at(3), vas, complete: true }
      }).finish()
    ]
    // VA 2 was inserted and removed again while the walk went on
    const model = modelOf([insert(2, 2, 32, 4), remove(2.5, 2)], parts)
    const { mappings } = model.state
    expect([...mappings.live].map((i) => mappings.va.at(i))).toEqual([1])
    // first named by an event, which does not say what the walk does
    expect(model.state.vms.get(1)).toMatchObject({ name: 'gpu', mode: 'kernel-managed', traced: false })
    expect(summarize(model).maps).toBe(1)
  })

  it('lets a snapshot fill in what events did not say of a VM, and settles its policy', () => {
    const vm = { id: 1, name: 'gpu', mode: 2, flags: 1, task: 3, file: 7, iova: 16, range: 256 }
    const walk = { id: 1, part: 0, last: true, complete: true, beginNs: at(5), endNs: at(6) }
    const known = modelOf(
      [
        { ms: 1, kind: Kind.SmUnmap, vm: 1, iova: 1, range: 1 },
        { ms: 2, kind: Kind.VmFile, task: 1, vm: 1, file: 7 }
      ],
      [Frame.encode({ snapshot: { ...walk, vms: [vm] } }).finish()]
    ).state.vms.get(1)!
    expect(known).toMatchObject({ name: 'gpu', mode: 'vm-bind', flags: 1, task: 3, files: [7], base: 65536 })
    expect(known.verdict.policy).toBe('hard')
    const traced = modelOf(createVm(1, 1, 2), [Frame.encode({ snapshot: { ...walk, vms: [vm] } }).finish()])
    expect(traced.state.vms.get(1)).toMatchObject({ name: '', flags: 0, base: 0x100000 })
  })

  it('does not bring back what was removed while the walk that still met it went on', () => {
    const vas = [
      { id: 1, vm: 1, vmBo: 1, bo: 1, iova: 16, range: 4 },
      { id: 2, vm: 1, vmBo: 2, bo: 1, iova: 32, range: 4 }
    ]
    const vmBos = [
      { id: 1, vm: 1, bo: 1 },
      { id: 2, vm: 1, bo: 2 }
    ]
    const snapshot = (id: number, ms: number, lists: object): Uint8Array =>
      Frame.encode({
        snapshot: { id, part: 0, last: true, complete: true, beginNs: at(ms), endNs: at(ms + 2), ...lists }
      }).finish()
    const { state } = modelOf(
      [remove(1.5, 1), { ms: 1.5, kind: Kind.VmBoDestroy, task: 1, vm: 1, vmBo: 1, bo: 1, refcount: 1 }],
      [snapshot(1, 1, { vas, vmBos })]
    )
    const live = (s: typeof state): number[] => [...s.mappings.live].map((i) => s.mappings.va.at(i))
    expect([live(state), state.vmBos.size, state.vmBos.byId.get(1)]).toEqual([[2], 1, -1])
    // the memory is of one walk
    expect([state.goneVas.since(1, 0), state.goneVmBos.since(1, 0)]).toEqual([false, false])
    const before = modelOf([remove(0.5, 9), remove(9, 8)], [snapshot(1, 1, { vas, vmBos })]).state
    expect([live(before), before.goneVas.since(8, 0.004)]).toEqual([[1, 2], true])
  })

  it('says of a remove without an insert nothing but that it was', () => {
    const model = modelOf([remove(1, 99)])
    expect(summarize(model)).toMatchObject({ maps: 0, unmaps: 1, liveMappings: 0 })
  })

  it('keeps kinds from the future and counts them as unknown', () => {
    const model = new SessionModel()
    model.take(frame.hello())
    model.take(frame.capabilities())
    model.take(Frame.encode({ events: { seq: 1, kind: [77], time: [0], baseNs: at(1) } }).finish())
    expect(summarize(model).counts['unknown-77']).toBe(1)
  })

  it('makes a fault of what it cannot take in, and goes on', () => {
    const model = new SessionModel()
    model.take(frame.events(1, [insert(0, 1, 1, 1)]))
    expect(model.faults[0]).toContain('before the capabilities')
    model.take(Uint8Array.from([0xff, 0xff]))
    expect(model.faults).toHaveLength(2)
    expect(model.state.markers.map((m) => m.kind)).toEqual(['note', 'note'])
    model.take(frame.capabilities())
    model.take(frame.events(1, [insert(0, 1, 1, 1)]))
    expect(model.events).toBe(1)
  })

  it('leaves out objects with ids that cannot be, and goes on', () => {
    const model = new SessionModel()
    for (const f of [frame.hello(), frame.capabilities()]) model.take(f)
    const far = 2 ** 27
    const vmBo = { ms: 1, kind: Kind.VmBoCreate, vm: 1, vmBo: 2 ** 31, bo: 1 }
    model.take(frame.events(1, [insert(1, 2 ** 40, 16, 4), vmBo, insert(2, -7, 32, 4), insert(3, far, 64, 4)]))
    expect(model.faults).toEqual(['3 events make objects with ids that no daemon gives: they were left out'])
    const vas = [
      { id: 2 ** 40, vm: 1, bo: 1, iova: 16, range: 4 },
      { id: 5, vm: 1, bo: 1, iova: 128, range: 4 }
    ]
    const walk = { id: 1, part: 0, last: true, complete: true, beginNs: at(4), endNs: at(5) }
    model.take(Frame.encode({ snapshot: { ...walk, vas, vmBos: [{ id: 2 ** 36, vm: 1, bo: 1 }] } }).finish())
    expect(model.faults[1]).toBe('2 objects of a snapshot have ids that no daemon gives: they were left out')
    const { mappings, vmBos } = model.state
    expect([...mappings.live].map((i) => mappings.va.at(i))).toEqual([far, 5])
    expect([mappings.byVa.get(far), mappings.byVa.get(2 ** 40), vmBos.size]).toEqual([0, -1, 0])
  })

  it('keeps the open handles of a BO and the newest closed ones, and counts the rest', () => {
    const handle = (ms: number, kind: number, file: number): ScriptEvent => ({
      ms,
      kind,
      task: 1,
      file,
      bo: 5,
      handle: 3
    })
    const reopened = Array.from({ length: 1000 }, (_, i) => [
      handle(i + 2, Kind.HandleOpen, 2),
      handle(i + 2.5, Kind.HandleClose, 2)
    ])
    const bo = modelOf([handle(1, Kind.HandleOpen, 1), ...reopened.flat()]).state.bos.get(5)!
    expect(bo).toMatchObject({ handleCount: 1, closedHandles: bo.handles.length - 1 })
    expect(bo.handles.length).toBeLessThanOrEqual(2 * 64)
    expect(bo.handles[0]).toMatchObject({ file: 1, closed: null })
    expect(bo.handles.at(-1)!.closed).toBeCloseTo(1.0015)
    expect(bo.forgotten.handles + bo.closedHandles).toBe(1000)
    expect(bo.forgotten.until).toBeLessThan(bo.handles[1]!.closed!)
  })

  it('follows handles of a BO and samples its refcount', () => {
    const model = modelOf([
      { ms: 1, kind: Kind.BoCreate, task: 1, bo: 5, size: 16, flags: 0x20001 },
      { ms: 2, kind: Kind.HandleOpen, task: 1, file: 1, bo: 5, handle: 3, refcount: 1 },
      { ms: 3, kind: Kind.HandleClose, task: 1, file: 1, bo: 5, handle: 3, refcount: 2 }
    ])
    const bo = model.state.bos.get(5)!
    expect(bo).toMatchObject({ bytes: 65536, destroyed: null, refcount: { value: 2 } })
    expect(bo.handles).toMatchObject([{ handle: 3, opened: 0.002, closed: 0.003 }])
  })

  it('pairs VM_BIND jobs by id, also without their queueing, and leaves the jobs of other schedulers alone', () => {
    const model = modelOf([
      { ms: 1, kind: Kind.JobQueue, task: 1, job: 1, name: VM_BIND },
      { ms: 2, kind: Kind.JobRun, job: 1, name: VM_BIND },
      { ms: 2, kind: Kind.JobQueue, task: 1, job: 5, name: 0 },
      { ms: 3, kind: Kind.JobRun, job: 5, name: 0 },
      { ms: 3, kind: Kind.JobRun, job: 2, name: VM_BIND },
      { ms: 4, kind: Kind.JobDone, job: 1 },
      { ms: 4, kind: Kind.JobDone, job: 5 }
    ])
    const { jobs } = model.state
    expect([jobs.length, jobs.queued.at(0), jobs.start.at(0), jobs.end.at(0)]).toEqual([2, 0.001, 0.002, 0.004])
    expect(Number.isNaN(jobs.end.at(1))).toBe(true)
  })

  it('does not know how long a mapping lived that was there before tracing', () => {
    const found = Frame.encode({
      snapshot: {
        id: 1,
        last: true,
        complete: true,
        beginNs: at(1),
        endNs: at(2),
        vas: [{ id: 1, vm: 1, bo: 1, iova: 16, range: 4 }]
      }
    }).finish()
    const model = modelOf([], [found, frame.events(2, [remove(5, 1)])])
    expect(lifetimes(model)).toMatchObject({ ended: 0, live: 0, unknown: 1, max: null })
    expect(lifetimeHistogram(model)).toEqual([])
  })

  it('ends after a loss what the next complete snapshot does not show, and only then', () => {
    const empty = (complete: boolean): Uint8Array =>
      Frame.encode({ snapshot: { id: 1, last: true, complete, beginNs: at(10), endNs: at(11) } }).finish()
    const lost = Frame.encode({
      loss: { firstNs: at(2), lastNs: at(3), kinds: [{ kind: Kind.VaRemove, kernel: 1 }] }
    }).finish()
    const live = (frames: Uint8Array[]): number => modelOf([insert(1, 1, 16, 4)], frames).state.mappings.live.size
    expect([live([empty(true)]), live([lost, empty(false)]), live([lost, empty(true)])]).toEqual([1, 1, 0])
    const after = modelOf([insert(1, 1, 16, 4)], [lost, empty(true)])
    expect([after.uncertain, after.state.liveBytes, lifetimes(after).unknown, summarize(after).unmaps]).toEqual([
      false,
      0,
      1,
      0
    ])
  })

  it('shows what the board warns of', () => {
    const log = Frame.encode({ log: { level: 2, timeNs: at(7), text: 'the walk was cut short' } }).finish()
    const model = modelOf([], [log])
    expect(model.state.markers).toMatchObject([{ kind: 'note', text: 'the walk was cut short' }])
    expect(summarize(model).logs).toHaveLength(1)
  })

  it('puts a hole in the batch numbers on record as a loss', () => {
    const model = modelOf([insert(0, 1, 1, 1)], [frame.events(4, [insert(5, 2, 2, 1)])])
    expect(model.state.markers).toMatchObject([{ kind: 'loss', text: '2 batches missing', until: 0.005 }])
  })

  it('takes the batches of one time together, in the order of their events', () => {
    const lifecycle = frame.events(1, [insert(2, 1, 16, 4), remove(4, 1)], { more: true })
    const activity: ScriptEvent[] = [
      { ms: 1, kind: Kind.SmMap, task: 1, vm: 1, bo: 1, iova: 16, range: 4, offset: 0, flags: 0 },
      { ms: 3, kind: Kind.SmUnmap, task: 1, vm: 1, iova: 16, range: 4 }
    ]
    const model = new SessionModel()
    const seen: number[] = []
    const nothing = (): void => undefined
    model.observers.push({
      event: (e) => seen.push(e.kind),
      snapshot: nothing,
      lost: nothing,
      checkpoint: nothing,
      clock: nothing
    })
    for (const f of [frame.hello(), frame.capabilities(), lifecycle]) model.take(f)
    expect(seen).toEqual([])
    model.take(frame.events(2, activity))
    expect(seen).toEqual([Kind.SmMap, Kind.VaInsert, Kind.SmUnmap, Kind.VaRemove])
    expect(model.events).toBe(4)
  })

  it('adds up losses by kind', () => {
    const loss = Frame.encode({
      loss: { firstNs: at(1), lastNs: at(2), kinds: [{ kind: Kind.VaInsert, kernel: 3, queue: 4 }] }
    }).finish()
    const model = modelOf([insert(0, 1, 1, 1)], [loss, loss])
    expect(summarize(model).drops.byKind).toEqual({ 'va-insert': { kernel: 6, queue: 8 } })
  })

  it('checks the ledger against the totals of the goodbye', () => {
    const goodbye = (delivered: number): Uint8Array =>
      Frame.encode({
        goodbye: { reason: 1, totals: { produced: 10, delivered, droppedKernel: 2, droppedQueue: 1 } }
      }).finish()
    expect(summarize(modelOf([], [goodbye(7)])).drops.balanced).toBe(true)
    expect(summarize(modelOf([], [goodbye(8)])).drops.balanced).toBe(false)
    expect(summarize(modelOf([])).drops.balanced).toBeNull()
  })

  it('puts lifetimes into bins of a quarter decade', () => {
    const model = modelOf([insert(0, 1, 1, 1), insert(0, 2, 2, 1), remove(1.5, 1), remove(900, 2)])
    const bins = lifetimeHistogram(model)
    expect(bins.filter((b) => b.count > 0).map((b) => [b.from <= 0.0015, b.count])).toEqual([
      [true, 1],
      [false, 1]
    ])
    expect(bins.reduce((n, b) => n + b.count, 0)).toBe(2)
  })
})

describe('what a scenario expected', () => {
  const status = (state: number, issued: Record<string, number>): Uint8Array =>
    Frame.encode({
      scenario: {
        runId: 1,
        scenario: 's',
        state,
        seed: 1,
        pid: 42,
        timeNs: at(state === 1 ? 0 : 100),
        issued: Object.entries(issued).map(([name, value]) => ({ name, value }))
      }
    }).finish()

  const run = (inserts: number): SessionModel => {
    const model = new SessionModel()
    const own = [{ id: 1, pid: 42, tid: 42, comm: 'runner' }]
    const events = [
      ...createVm(10, 1, 2),
      insert(11, 1, 1, 1),
      remove(12, 1),
      { ...insert(12, 2, 1, 1), vm: 2, task: 2 }
    ]
    for (const f of [frame.hello(), frame.capabilities(), status(1, {}), frame.events(1, events, { tasks: own })])
      model.take(f)
    model.take(status(3, { 'expect-va-insert': inserts, 'expect-va-remove': 1 }))
    return model
  }

  it('holds when its own VMs show it; other clients do not count', () => {
    expect(balances(run(1))).toMatchObject([{ insertsSeen: 1, removesSeen: 1, holds: true }])
  })

  it('does not hold when something is missing', () => {
    expect(balances(run(2))).toMatchObject([{ insertsExpected: 2, insertsSeen: 1, holds: false }])
  })

  it('is not judged when a batch never came', () => {
    const model = run(2)
    model.take(frame.events(9, []))
    expect(balances(model)).toMatchObject([{ holds: null }])
  })

  it('is not judged after a loss', () => {
    const model = run(2)
    model.take(Frame.encode({ loss: { kinds: [{ kind: Kind.VaInsert, kernel: 1 }] } }).finish())
    expect(balances(model)).toMatchObject([{ holds: null }])
  })
})

describe('policies', () => {
  const mainline = new Map([
    ['DRM_GPUVM_RESV_PROTECTED', 1],
    ['DRM_GPUVM_IMMEDIATE_MODE', 2]
  ])
  const patched = new Map([
    ['DRM_GPUVM_RESV_PROTECTED', 1],
    ['DRM_GPUVM_VA_WEAK_REF', 2]
  ])
  const base = { driver: 'msm', flags: 0, flagValues: mainline, mode: 'vm-bind', name: 'gpu' } as const

  it.each([
    ['a VM_BIND VM of msm', base, 'hard'],
    ['a kernel-managed VM of msm', { ...base, mode: 'kernel-managed' }, 'handle-counted'],
    ['bit 1 on mainline, which is IMMEDIATE_MODE', { ...base, flags: 2 }, 'hard'],
    [
      'bit 1 on a kernel that names it VA_WEAK_REF',
      { ...base, flags: 2, flagValues: patched, mode: 'kernel-managed' },
      'weak'
    ],
    [
      'a managed VM without the flag on such a kernel',
      { ...base, flagValues: patched, mode: 'kernel-managed' },
      'hard'
    ],
    [
      'a managed VM of an msm.ko that is rebuilt to keep hard references',
      { ...base, mode: 'kernel-managed', msmVersion: 'vascope-hardref' },
      'hard'
    ],
    [
      'a managed VM of an msm.ko with another version of its own',
      { ...base, mode: 'kernel-managed', msmVersion: '1.0' },
      'handle-counted'
    ],
    ['another driver', { ...base, driver: 'xe', mode: 'unknown' }, 'hard'],
    ['a VM whose mode was not seen', { ...base, mode: 'unknown' }, 'unknown'],
    ['a kernel without BTF names', { ...base, flagValues: new Map<string, number>() }, 'unknown']
  ] as const)('of %s', (_, facts, policy) => {
    const verdict = policyOf(facts)
    expect(verdict.policy).toBe(policy)
    expect(verdict.source).not.toBe('')
  })
})
