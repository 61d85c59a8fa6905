import { Frame } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { frame, type ScriptEvent } from '../stream'
import { at, k, snapshotFrame, WEAK, type Session } from './script'

/** A rule with events that keep it and events that break it. */
export interface Case {
  rule: string
  passes: ScriptEvent[]
  fails: ScriptEvent[]
  session?: Session
  failsIn?: Session
}

/** A BO with a handle, and a VM_BIND VM. */
const bind = [...k.vm(0, 1), k.vmFile(0, 1), k.bo(1, 1), k.open(2, 1)]
/** The same with a kernel-managed VM. */
const managed = [...k.managed(0, 1), k.vmFile(0, 1), k.bo(1, 1), k.open(2, 1)]
/** The display's VM as VM 2. */
const display = [...k.managed(0, 2, { name: 8 }), k.bo(1, 1), k.open(2, 1), k.vmaRef(2, 1, 1)]
const later = k.later(5000)
const weak: Session = { capabilities: { vmFlags: WEAK } }
const weakVm = [...k.managed(0, 1, { flags: 4 }), k.vmFile(0, 1)]
/** One request of VM_BIND and its job, done. */
const bound = (ms: number, job: number, page: number): ScriptEvent[] => [
  k.bound(ms, 0),
  k.job(ms, job),
  k.jobRuns(ms + 1, job),
  k.pteMap(ms + 1, page),
  { ms: ms + 1, kind: Kind.VmBindRun, job, vm: 1, result: 0, duration: 1 },
  k.jobDone(ms + 2, job),
  { ms: ms + 2, kind: Kind.VmBindFree, job, count: 0 }
]

export const CASES: Case[] = [
  {
    rule: 'S1',
    passes: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), k.vmBo(4, 2, 1, 1), k.vmBoEnds(4, 2, 1, 1), later],
    fails: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), k.vmBo(4, 2, 1, 1), ...k.map(5, 2, 64, 16, 1, 1, 2), later]
  },
  {
    rule: 'S2',
    passes: [...bind, ...k.map(3, 1, 32), ...k.unmap(4, 1), ...k.map(4, 2, 40), later],
    fails: [...bind, ...k.map(3, 1, 32), ...k.map(4, 2, 40), later]
  },
  {
    rule: 'S3',
    passes: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), later],
    fails: [...bind, k.bo(2, 2), k.vmBo(3, 1, 1, 2), ...k.map(3, 1, 32), later]
  },
  {
    rule: 'S4',
    passes: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), ...k.unmap(4, 1), k.vmBoEnds(4, 1, 1, 1), later],
    fails: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), ...k.unmap(4, 1), k.unlink(5, 1, 1), later]
  },
  {
    rule: 'S5',
    passes: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), ...k.unmap(4, 1), later],
    fails: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), ...k.unmap(4, 1), k.remove(5, 1), later]
  },
  {
    rule: 'S6',
    passes: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), ...k.unmap(4, 1), k.vmBoEnds(4, 1, 1, 1), later],
    fails: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), k.vmBoEnds(4, 1, 1, 1), later]
  },
  {
    rule: 'S7',
    passes: [
      ...bind,
      ...k.map(3, 1, 32),
      k.remap(4, 1, 36, 4),
      ...k.unmap(4, 1, 1, 8),
      k.insert(4, 2, 32, 4),
      { ...k.insert(4, 3, 40, 8), offset: 8 },
      later
    ],
    fails: [
      ...bind,
      ...k.map(3, 1, 32),
      k.remap(4, 1, 36, 4),
      ...k.unmap(4, 1, 1, 8),
      k.insert(4, 2, 32, 4),
      k.insert(4, 3, 40, 8),
      later
    ]
  },
  {
    rule: 'S8',
    passes: [...bind, { ...k.insert(3, 1, 32, 12), offset: 4 }, later],
    fails: [...bind, { ...k.insert(3, 1, 32, 13), offset: 4 }, later]
  },
  {
    rule: 'S9',
    passes: [
      ...bind,
      k.vmBo(3, 1, 1, 1),
      ...k.map(3, 1, 32),
      ...k.unmap(4, 1),
      k.vmBoEnds(4, 1, 1, 1),
      k.vmEnds(5),
      later
    ],
    fails: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), k.vmEnds(5), later]
  },
  {
    rule: 'S10',
    passes: [k.bo(1, 1), k.boEnds(2, 1), k.bo(3, 2), later],
    fails: [k.bo(1, 1), k.bo(3, 1), later]
  },
  {
    rule: 'H1',
    passes: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), later],
    session: { last: [snapshotFrame(6000, 6001, snapshotOf(2))] },
    fails: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), later],
    failsIn: { last: [snapshotFrame(6000, 6001, snapshotOf(1))] }
  },
  {
    rule: 'H2',
    passes: [...bind, k.vmBo(3, 1, 1, 1), k.vmBoEnds(4, 1, 1, 1), k.boEnds(4, 1), later],
    fails: [...bind, k.vmBo(3, 1, 1, 1), k.boEnds(4, 1), later]
  },
  {
    rule: 'H3',
    passes: [
      ...managed,
      k.vmBo(3, 1, 1, 1),
      ...k.map(3, 1, 32),
      ...k.unmap(4, 1, 1, 2),
      k.vmBoEnds(4, 1, 1, 1),
      k.boEnds(5, 1),
      later
    ],
    fails: [...managed, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), k.boEnds(4, 1), ...k.unmap(5, 1, 1, 6), later]
  },
  {
    rule: 'H4',
    passes: [...bind, ...k.map(3, 1, 32), ...k.close(4, 1), ...k.unmap(5, 1), k.boEnds(6, 1), later],
    fails: [...bind, ...k.map(3, 1, 32), ...k.close(4, 1), later]
  },
  {
    rule: 'H5',
    passes: [...bind, ...k.map(3, 1, 32), k.vmCloses(4), ...k.unmap(5, 1, 1, 7), k.vmClosed(6), k.vmEnds(7), later],
    fails: [...bind, ...k.map(3, 1, 32), k.vmCloses(4), k.vmClosed(6), later]
  },
  {
    rule: 'W1',
    passes: [...weakVm, ...[1, 2, 3].flatMap((n) => [k.bo(n, n), k.vmBo(n + 1, n, 1, n, 0)]), later],
    fails: [...weakVm, ...[1, 2, 3].flatMap((n) => [k.bo(n, n), k.vmBo(n + 1, n, 1, n, 1)]), later],
    session: weak
  },
  {
    rule: 'W2',
    passes: [...weakVm, k.bo(1, 1), k.vmBo(2, 1, 1, 1, 0), k.boEnds(3, 1), k.vmBoEnds(4, 1, 1, 1), later],
    fails: [...weakVm, k.bo(1, 1), k.vmBo(2, 1, 1, 1, 0), k.boEnds(3, 1), later],
    session: weak
  },
  {
    rule: 'W3',
    passes: [...weakVm, k.bo(1, 1), k.vmBo(2, 1, 1, 1, 0), k.vmBoEnds(4, 1, 1, 1), k.boEnds(4, 1), later],
    fails: [...weakVm, k.bo(1, 1), k.boEnds(3, 1), k.vmBo(800, 1, 1, 1, 0), later],
    session: weak
  },
  {
    rule: 'W4',
    passes: [...weakVm, k.bo(1, 1), k.vmBo(2, 1, 1, 1, 0), k.evict(3, 1, 0), later],
    fails: [...weakVm, k.bo(1, 1), k.vmBo(2, 1, 1, 1, 0), k.evict(3, 1, 1), later],
    session: weak
  },
  {
    rule: 'W5',
    passes: [...k.vm(0, 1), ...[1, 2, 3, 4].flatMap((n) => [k.bo(n, n), k.vmBo(n + 1, n, 1, n, 1)]), later],
    fails: [...k.vm(0, 1), ...[1, 2, 3, 4, 5, 6].flatMap((n) => [k.bo(n, n), k.vmBo(n + 1, n, 1, n, n % 2)]), later]
  },
  {
    rule: 'C1',
    passes: [
      ...managed,
      ...k.map(3, 1, 32),
      { ...k.close(4, 1)[0]! },
      ...k.unmap(4, 1, 1, 2),
      k.close(4, 1)[1]!,
      later
    ],
    fails: [...managed, ...k.map(3, 1, 32), ...k.close(4, 1), later]
  },
  {
    rule: 'C2',
    passes: [...display, k.fb(3, 7), k.vmaRef(3, 1, 2), k.prepare(4, 7), later],
    fails: [...display, k.fb(3, 7), k.vmaRef(3, 1, 3), k.prepare(4, 7), later]
  },
  {
    rule: 'C3',
    passes: [
      ...display,
      k.fb(3, 7),
      ...k.map(4, 1, 32, 16, 1, 2),
      k.prepare(4, 7),
      ...k.unmap(20, 1, 1, 3, 2),
      k.cleanup(22, 7),
      later
    ],
    fails: [...display, k.fb(3, 7), ...k.map(4, 1, 32, 16, 1, 2), k.prepare(4, 7), k.remove(20, 1, 3, 2), later]
  },
  {
    rule: 'C4',
    passes: [...managed, ...k.map(3, 1, 32), ...k.unmap(4, 1, 1, 2), ...k.map(5, 2, 64), later],
    fails: [...managed, ...k.map(3, 1, 32), ...k.map(5, 2, 64), later]
  },
  {
    rule: 'C5',
    passes: [...bind, k.pin(3, 1, 1), k.unpin(4, 1, 0), ...k.close(5, 1), later],
    fails: [...bind, k.pin(3, 1, 1), ...k.close(5, 1), later]
  },
  {
    rule: 'F1',
    passes: [...bind, k.smMap(3, 32), ...k.map(3, 1, 32), ...bound(4, 1, 32), later],
    fails: [
      ...bind,
      k.smMap(3, 32),
      ...k.map(3, 1, 32),
      k.job(4, 1),
      { ms: 5, kind: Kind.VmBindFree, job: 1, count: 2 },
      later
    ]
  },
  {
    rule: 'F2',
    passes: [...bind, k.smMap(3, 32), ...k.map(3, 1, 32), ...bound(4, 1, 32), k.later(3000), k.vmCloses(3001), later],
    fails: [...bind, k.smMap(3, 32), ...k.map(3, 1, 32), ...bound(4, 1, 64), k.later(3000), k.vmCloses(3001), later]
  },
  {
    rule: 'F3',
    passes: [...bind, k.smMap(3, 32), ...k.map(3, 1, 32), ...bound(4, 1, 32), later],
    fails: [...bind, k.smMap(3, 32), ...k.map(3, 1, 32), k.bound(4), later]
  },
  {
    rule: 'F4',
    passes: [...bind, { ms: 3, kind: Kind.VmUnusable, task: 1, vm: 1 }, k.bound(50, 32), later],
    fails: [...bind, { ms: 3, kind: Kind.VmUnusable, task: 1, vm: 1 }, k.smMap(49.5, 32), k.bound(50, 0), later]
  },
  {
    rule: 'F5',
    passes: [
      ...bind,
      k.vmBo(3, 1, 1, 1),
      ...k.map(3, 1, 32),
      k.evict(4, 1),
      ...submit(5, [{ ms: 5, kind: Kind.VmBoValidate, vmBo: 1, result: 0 }]),
      later
    ],
    fails: [...bind, k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32), k.evict(4, 1), ...submit(5), later]
  },
  {
    rule: 'F6',
    passes: [
      ...managed,
      ...k.map(3, 1, 32),
      k.pteMap(3, 32, 16, { queue: 0 }),
      { ms: 4, kind: Kind.BoPurge, task: 1, bo: 1 },
      later
    ],
    fails: [
      ...managed,
      ...k.map(3, 1, 32),
      { ms: 4, kind: Kind.BoPurge, task: 1, bo: 1 },
      k.pteMap(5, 32, 16, { queue: 0 }),
      later
    ]
  },
  {
    rule: 'L1',
    passes: [...managed, ...k.map(3, 1, 32), ...k.unmap(4, 1, 1, 2), k.vmCloses(5), k.vmEnds(5), later],
    fails: [...managed, ...k.map(3, 1, 32), k.vmCloses(5), later]
  },
  {
    rule: 'L2',
    passes: [...bind, ...k.close(5, 1), k.boEnds(6, 1), later],
    fails: [...bind, ...k.close(5, 1), later]
  },
  {
    rule: 'O1',
    passes: [
      ...bind,
      k.smMap(3, 32),
      ...k.map(3, 1, 32),
      k.bound(4),
      k.smUnmap(5, 36, 4),
      k.remap(5, 1, 36, 4),
      ...k.unmap(5, 1, 1, 8),
      k.insert(5, 2, 32, 4),
      { ...k.insert(5, 3, 40, 8), offset: 8 },
      k.bound(6),
      k.pteMap(7, 32),
      k.pteUnmap(7, 36, 4),
      later
    ],
    fails: [
      ...bind,
      k.smMap(3, 32),
      ...k.map(3, 1, 32),
      k.bound(4),
      k.smUnmap(5, 36, 4),
      k.remap(5, 1, 36, 4),
      ...k.unmap(5, 1, 1, 8),
      k.insert(5, 2, 32, 4),
      k.bound(6),
      later
    ]
  },
  {
    rule: 'E1',
    passes: [...bind, ...k.map(3, 1, 32), later],
    fails: [...bind, ...k.map(3, 1, 33), later],
    session: { last: [checkpoint({ vms: [{ pid: 41, ordinal: 1, vas: [{ iova: 32, range: 16, bo: 1 }] }] })] }
  },
  {
    rule: 'E2',
    passes: [...bind, ...k.close(3, 1), k.boEnds(4, 1), later],
    fails: [...bind, ...k.close(3, 1), later],
    session: { last: [checkpoint({ bos: [{ pid: 41, ordinal: 1, gone: true }] })] }
  },
  {
    rule: 'G1',
    passes: [...bind, ...k.map(3, 1, 32), k.vmBo(3, 1, 1, 1), later],
    session: {
      last: [
        snapshotFrame(6000, 6001, { ...snapshotOf(2), vas: [{ id: 1, vm: 1, vmBo: 1, bo: 1, iova: 32, range: 16 }] })
      ]
    },
    fails: [...bind, ...k.map(3, 1, 32), k.vmBo(3, 1, 1, 1), later],
    failsIn: {
      last: [
        snapshotFrame(6000, 6001, { ...snapshotOf(2), vas: [{ id: 1, vm: 1, vmBo: 1, bo: 1, iova: 33, range: 16 }] })
      ]
    }
  },
  {
    rule: 'G2',
    passes: [...bind],
    fails: [...bind],
    failsIn: { last: [frame.events(5, [k.later(10)])] }
  }
]

/** A walk that finds VM 1 with its vm_bo to BO 1, which has one handle. */
function snapshotOf(refcount: number): object {
  return {
    vms: [{ id: 1, mode: 2 }],
    bos: [{ id: 1, size: 16, refcount, handles: 1 }],
    vmBos: [{ id: 1, vm: 1, bo: 1 }],
    vas: [{ id: 1, vm: 1, vmBo: 1, bo: 1, iova: 32, range: 16 }]
  }
}

function submit(ms: number, between: ScriptEvent[] = []): ScriptEvent[] {
  return [
    { ms, kind: Kind.Submit, task: 1, submit: 1, ring: 0 },
    ...between,
    { ms: ms + 1, kind: Kind.SubmitFlush, submit: 1, ring: 0, seqno: 1 },
    { ms: ms + 2, kind: Kind.SubmitRetire, submit: 1, ring: 0, seqno: 1, duration: 1 }
  ]
}

function checkpoint(state: object): Uint8Array {
  return Frame.encode({ checkpoint: { runId: 1, timeNs: at(100), step: 'at the checkpoint', ...state } }).finish()
}
