import { describe, expect, it } from 'vitest'
import { SessionModel } from '../../../engine/model/session'
import { Reason } from '../../../engine/model/state'
import { StatisticsCollector, type Statistics } from '../../../engine/stats/statistics'
import { Frame, ScenarioState } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { createVm, frame, insert, ORIGIN, remove, type ScriptEvent } from '../stream'

const NAMES = [
  { id: 1, text: 'gpu' },
  { id: 2, text: 'mdp_kms' },
  { id: 9, text: 'msm-vm-bind' },
  { id: 10, text: 'ring0' }
]
const TASKS = [
  { id: 1, pid: 100, tid: 100, comm: 'app' },
  { id: 2, pid: 200, tid: 200, comm: 'other' }
]
const PAGE = 4096
const MS = 1e6

function figures(events: ScriptEvent[], options: { without?: number[]; frames?: Uint8Array[] } = {}): Statistics {
  const model = new SessionModel()
  const collector = new StatisticsCollector(model)
  model.take(frame.hello())
  model.take(frame.capabilities(options))
  for (const before of options.frames ?? []) model.take(before)
  const sorted = [...events].sort((a, b) => a.ms - b.ms)
  model.take(frame.events(1, sorted, { tasks: TASKS, names: NAMES }))
  return collector.result()
}

const scenario = (ms: number, state: number, runId = 1): Uint8Array =>
  Frame.encode({
    scenario: { runId, scenario: 'vm-bind-once', seed: 7, state, timeNs: ORIGIN + ms * MS, pid: 100 }
  }).finish()

/** A job of msm's VM_BIND scheduler: queued, run, msm_vma_job_run returned, done. */
function job(id: number, [queued, begun, ran, done]: [number, number, number, number], runMs: number): ScriptEvent[] {
  return [
    { ms: queued, kind: Kind.JobQueue, task: 1, job: id, name: 9 },
    { ms: begun, kind: Kind.JobRun, job: id, name: 9 },
    { ms: ran, kind: Kind.VmBindRun, job: id, vm: 1, result: 0, duration: runMs * MS },
    { ms: done, kind: Kind.JobDone, job: id }
  ]
}

describe('latencies of VM_BIND', () => {
  it('are told by phase, of its own jobs alone', () => {
    const { vmBind } = figures([
      { ms: 1, kind: Kind.VmBind, task: 1, queue: 1, count: 3, flags: 0, result: 0, duration: 2 * MS },
      { ms: 2, kind: Kind.VmBind, task: 1, queue: 1, count: 1, flags: 0, result: 22, duration: 4 * MS },
      ...job(1, [10, 13, 18, 19], 4),
      ...job(2, [20, 21, 22, 24], 1),
      // a ring's job, and one that was killed before its turn
      { ms: 30, kind: Kind.JobQueue, task: 1, job: 3, name: 10 },
      { ms: 40, kind: Kind.JobRun, job: 3, name: 10 },
      { ms: 50, kind: Kind.JobDone, job: 3 },
      { ms: 60, kind: Kind.JobQueue, task: 1, job: 4, name: 9 },
      { ms: 70, kind: Kind.JobDone, job: 4 }
    ])
    const q = (count: number, p50: number, max: number): object => ({
      count,
      p50Seconds: expect.closeTo(p50, 9),
      p90Seconds: expect.closeTo(max, 9),
      p99Seconds: expect.closeTo(max, 9),
      maxSeconds: expect.closeTo(max, 9)
    })
    expect(vmBind).toEqual({
      operations: 4,
      failed: 1,
      ioctl: q(2, 0.002, 0.004),
      queue: q(2, 0.001, 0.003),
      run: q(2, 0.001, 0.004),
      done: q(2, 0.001, 0.002),
      whole: q(2, 0.004, 0.009)
    })
  })

  it('leave out what a loss may have touched', () => {
    const loss = Frame.encode({
      loss: { kinds: [{ kind: Kind.JobRun, kernel: 1 }], firstNs: ORIGIN + 11 * MS, lastNs: ORIGIN + 12 * MS }
    }).finish()
    const model = new SessionModel()
    const collector = new StatisticsCollector(model)
    for (const one of [frame.hello(), frame.capabilities()]) model.take(one)
    const [queued, ...rest] = job(1, [10, 13, 14, 15], 1)
    model.take(frame.events(1, [queued!], { tasks: TASKS, names: NAMES }))
    model.take(loss)
    model.take(frame.events(2, [...rest, ...job(2, [20, 21, 22, 23], 1)]))
    const { lossy, vmBind } = collector.result()
    expect(lossy).toBe(true)
    expect([vmBind.queue!.count, vmBind.whole!.count, vmBind.run!.count]).toEqual([1, 1, 2])
  })

  it('are null where the board does not tell them, and say why', () => {
    const { vmBind, notSeen } = figures(job(1, [10, 13, 18, 19], 4), { without: [Kind.VmBind, Kind.VmBindRun] })
    expect([vmBind.operations, vmBind.ioctl, vmBind.run, vmBind.done]).toEqual([null, null, null, null])
    expect(vmBind.queue!.count).toBe(1)
    expect(notSeen['vmBind.run']).toContain('vm-bind-run')
  })
})

describe('flips', () => {
  it('are timed from their commit, each CRTC for itself, and have what mapping costs', () => {
    const { flips } = figures([
      ...createVm(0, 2, 1),
      { ms: 10, kind: Kind.CommitBegin, task: 1, crtc: 1 },
      { ms: 11, kind: Kind.CommitBegin, task: 1, crtc: 2 },
      { ms: 14, kind: Kind.FlipDone, crtc: 1, seqno: 1 },
      { ms: 17, kind: Kind.CommitEnd, crtc: 1 },
      { ms: 19, kind: Kind.FlipDone, crtc: 2, seqno: 1 },
      // a flip without a commit that was seen
      { ms: 30, kind: Kind.FlipDone, crtc: 1, seqno: 2 },
      { ms: 9, kind: Kind.FbPrepare, fb: 1, count: 1, duration: 3 * MS },
      { ms: 20, kind: Kind.FbCleanup, fb: 1, count: 0, duration: 5 * MS },
      insert(8, 1, 0x100, 1, 1, 2),
      { ms: 8.5, kind: Kind.PteMap, vm: 2, iova: 0x100, range: 1, queue: 0, result: 0 },
      { ms: 8.6, kind: Kind.PteMap, vm: 1, iova: 0x100, range: 1, queue: 0, result: 0 }
    ])
    expect(flips.count).toBe(3)
    expect(flips.commitToFlip).toMatchObject({ count: 2, p50Seconds: expect.closeTo(0.004, 9) })
    expect(flips.commitToFlip!.maxSeconds).toBeCloseTo(0.008, 9)
    expect(flips.commit).toMatchObject({ count: 1, maxSeconds: expect.closeTo(0.007, 9) })
    expect([flips.map!.maxSeconds, flips.unmap!.maxSeconds]).toEqual([0.003, 0.005])
    expect([flips.mappingsPerFlip, flips.pageTableOperationsPerFlip]).toEqual([1 / 3, 1 / 3])
  })
})

describe('rates, lifetimes and bytes', () => {
  it('are of what was seen', () => {
    const s = figures([
      ...createVm(0, 1, 2),
      insert(100, 1, 0x100, 16),
      insert(200, 2, 0x200, 4, 0),
      { ...remove(300, 1), reason: Reason.unmap },
      { ...remove(600, 2), reason: Reason.vmClose }
    ])
    expect(s.rates).toMatchObject({ activeSeconds: 0.5, insertsPerSecond: 4, removesPerSecond: 4 })
    expect(s.rates.mappedBytesPerSecond).toBe((16 * PAGE) / 0.5)
    expect(s.bytes).toMatchObject({ mapped: 16 * PAGE, mappedPeak: 16 * PAGE, mappedLive: 0, retainedPeak: 0 })
    expect(s.lifetimes.mappings).toMatchObject({
      count: 2,
      p50Seconds: expect.closeTo(0.2),
      maxSeconds: expect.closeTo(0.4)
    })
    expect(s.teardown).toEqual({ unmap: 1, 'VM close': 1 })
    expect(s.vms[0]).toMatchObject({ mappingsMade: 2, mappingsEnded: 2, mappingsLive: 0, peakMappings: 2 })
    expect(s.vms[0]!.lifetimes!.histogram.reduce((n, bin) => n + bin.count, 0)).toBe(2)
  })

  it('have no rate over no time, and no percentiles of nothing', () => {
    const s = figures([...createVm(0, 1, 2), insert(5, 1, 0x100, 1)])
    expect(s.rates.insertsPerSecond).toBeNull()
    expect(s.lifetimes.mappings).toEqual({
      count: 0,
      p50Seconds: null,
      p90Seconds: null,
      p99Seconds: null,
      maxSeconds: null
    })
  })

  it('are null, not zero, on a board that tells nothing of mappings', () => {
    const s = figures(createVm(0, 1, 2), { without: [Kind.VaInsert, Kind.VaRemove] })
    expect([s.rates.insertsPerSecond, s.bytes.mapped, s.objects.mappings, s.teardown, s.churn]).toEqual(
      Array(5).fill(null)
    )
    expect(s.vms[0]).toMatchObject({ mappingsMade: null, lifetimes: null, withoutHandle: null })
  })
})

describe('churn', () => {
  const churnOf = (events: ScriptEvent[]): unknown => figures([...createVm(0, 1, 2), ...events]).churn

  it('is a mapping made again as it had been', () => {
    const again = [insert(1, 1, 0x100, 4), remove(2, 1), insert(3, 2, 0x100, 4)]
    expect(churnOf(again)).toEqual({
      madeAgain: 1,
      madeAgainBytes: 4 * PAGE,
      identicalRequests: 0,
      identicalRequestBytes: 0
    })
  })

  it('is not one of another BO, range or place, nor one whose place was used meanwhile', () => {
    for (const other of [insert(3, 2, 0x100, 4, 2), insert(3, 2, 0x100, 5), insert(3, 2, 0x101, 4)])
      expect(churnOf([insert(1, 1, 0x100, 4), remove(2, 1), other])).toMatchObject({ madeAgain: 0 })
    const between = [insert(3, 2, 0x102, 1, 2), remove(4, 2), insert(5, 3, 0x100, 4)]
    expect(churnOf([insert(1, 1, 0x100, 4), remove(2, 1), ...between])).toMatchObject({ madeAgain: 0 })
  })

  it('is a request for what is there, told once', () => {
    const ask = (ms: number, range: number): ScriptEvent => ({
      ...{ ms, kind: Kind.SmMap, task: 1, vm: 1, bo: 1, iova: 0x100, range, offset: 0, flags: 0 }
    })
    const replaced = [{ ...remove(3, 1), reason: Reason.replace }, insert(4, 2, 0x100, 4)]
    expect(churnOf([insert(1, 1, 0x100, 4), ask(2, 4), ...replaced])).toEqual({
      madeAgain: 0,
      madeAgainBytes: 0,
      identicalRequests: 1,
      identicalRequestBytes: 4 * PAGE
    })
    expect(churnOf([insert(1, 1, 0x100, 4), ask(2, 5)])).toMatchObject({ identicalRequests: 0 })
  })
})

describe('the VA space', () => {
  it('has its holes, the largest, their share and how scattered they are', () => {
    const { vms } = figures([
      ...createVm(0, 1, 2),
      insert(1, 1, 0x100, 1),
      insert(2, 2, 0x102, 1),
      insert(3, 3, 0x106, 2),
      insert(4, 4, 0x200, 1),
      remove(5, 4)
    ])
    expect(vms[0]!.space.atEnd).toEqual({
      atSeconds: expect.closeTo(0.005),
      mappings: 3,
      mappedBytes: 4 * PAGE,
      spanBytes: 8 * PAGE,
      holes: 2,
      holeBytes: 4 * PAGE,
      largestHoleBytes: 3 * PAGE,
      holeShare: 0.5,
      scatter: 0.25
    })
    expect(vms[0]!.space.fullest).toMatchObject({ mappings: 4, spanBytes: 0x101 * PAGE, holes: 3 })
  })

  it('is null when nothing is mapped, and keeps how it was', () => {
    const { vms } = figures([...createVm(0, 1, 2), insert(1, 1, 0x100, 2), remove(2, 1)])
    expect(vms[0]!.space).toMatchObject({ atEnd: null, fullest: { mappings: 1, holes: 0, scatter: 0 } })
  })
})

describe('mappings without a handle', () => {
  const handle = (ms: number, kind: number, task = 1): ScriptEvent => ({ ms, kind, task, file: 1, bo: 1, handle: 1 })
  const begin = [...createVm(0, 1, 2), handle(1, Kind.HandleOpen), insert(2, 1, 0x100, 4)]

  it('are those that outlive the last one', () => {
    const { vms } = figures([...begin, handle(10, Kind.HandleClose), ...createVm(12, 3, 2), remove(40, 1)])
    expect(vms[0]!.withoutHandle).toMatchObject({ count: 1, live: 0, peakBytes: 4 * PAGE })
    expect(vms[0]!.withoutHandle!.maxSeconds).toBeCloseTo(0.03, 9)
  })

  it('are none that go with it, however long that takes', () => {
    const closing = [handle(10, Kind.HandleClose), { ms: 30, kind: Kind.HandleClosed, task: 1, file: 1, bo: 1 }]
    const { vms } = figures([
      ...begin,
      ...closing,
      ...createVm(20, 3, 2).map((e) => ({ ...e, task: 2 })),
      remove(40, 1)
    ])
    expect(vms[0]!.withoutHandle).toMatchObject({ count: 0, live: 0, peakBytes: 0 })
  })

  it('are also those that are made later, and those that still live', () => {
    const { vms } = figures([...begin, handle(10, Kind.HandleClose), insert(20, 2, 0x200, 1)])
    expect(vms[0]!.withoutHandle).toMatchObject({ count: 0, live: 2, peakBytes: 5 * PAGE })
  })
})

describe('steps', () => {
  it('have what happened while their scenario ran, by time', () => {
    const frames = [scenario(10, ScenarioState.SCENARIO_STATE_STARTED)]
    const model = new SessionModel()
    const collector = new StatisticsCollector(model)
    for (const one of [frame.hello(), frame.capabilities(), ...frames]) model.take(one)
    model.take(
      frame.events(1, [...createVm(0, 1, 2), insert(5, 1, 0x100, 1), insert(15, 2, 0x200, 1)], { tasks: TASKS })
    )
    model.take(scenario(20, ScenarioState.SCENARIO_STATE_DONE))
    // an event of the scenario's time may come after its status
    model.take(frame.events(2, [insert(18, 3, 0x300, 1), remove(30, 1)]))
    const { steps } = collector.result()
    expect(steps).toMatchObject([{ scenario: 'vm-bind-once', seed: 7, state: 'done', inserts: 2, removes: 0 }])
    expect(steps[0]!.seconds).toBeCloseTo(0.01, 9)
  })
})
