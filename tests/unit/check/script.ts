import { expect } from 'vitest'
import type { Finding } from '../../../engine/api'
import { Checker } from '../../../engine/check/checker'
import { SessionModel } from '../../../engine/model/session'
import { Frame } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { frame, insert, ORIGIN, type ScriptEvent } from '../stream'

/** Names that the scripts use: the scheduler of VM_BIND jobs, VM names. */
export const NAMES = [
  { id: 1, text: 'gpu' },
  { id: 2, text: 'gpu' },
  { id: 8, text: 'mdp_kms' },
  { id: 9, text: 'msm-vm-bind' }
]
export const TASKS = [
  { id: 1, pid: 41, tid: 41, comm: 'app' },
  { id: 2, pid: 42, tid: 42, comm: 'runner' }
]
export const WEAK = { DRM_GPUVM_RESV_PROTECTED: 1, DRM_GPUVM_VA_WEAK_REF: 4 }
const MANAGED = 1
const VM_BIND = 2

export const at = (ms: number): number => ORIGIN + ms * 1e6

/** What ran in the kernel; milliseconds. */
export const k = {
  vm: (ms: number, vm: number, { mode = VM_BIND, flags = 0, name = 1, task = 1 } = {}): ScriptEvent[] => [
    { ms, kind: Kind.VmCreate, task, vm, name, flags, iova: 0x10, range: 0x100000 },
    { ms, kind: Kind.VmMode, task, vm, mode }
  ],
  managed: (ms: number, vm: number, options: { flags?: number; name?: number } = {}): ScriptEvent[] =>
    k.vm(ms, vm, { ...options, mode: MANAGED }),
  bo: (ms: number, bo: number, size = 16, task = 1): ScriptEvent => ({
    ms,
    kind: Kind.BoCreate,
    task,
    bo,
    size,
    flags: 0
  }),
  boEnds: (ms: number, bo: number): ScriptEvent => ({ ms, kind: Kind.BoDestroy, task: 1, bo }),
  open: (ms: number, bo: number, handle = 1, file = 1, task = 1): ScriptEvent => ({
    ms,
    kind: Kind.HandleOpen,
    task,
    file,
    bo,
    handle,
    refcount: 1
  }),
  close: (ms: number, bo: number, handle = 1, file = 1): ScriptEvent[] => [
    { ms, kind: Kind.HandleClose, task: 1, file, bo, handle, refcount: 1 },
    { ms: ms + 0.5, kind: Kind.HandleClosed, task: 1, file, bo, duration: 5e5 }
  ],
  /** `took`: the reference that its creation took. */
  vmBo: (ms: number, vmBo: number, vm: number, bo: number, took = 1): ScriptEvent => ({
    ms,
    kind: Kind.VmBoCreate,
    task: 1,
    vm,
    vmBo,
    bo,
    refcount: 1 + took,
    count: 1
  }),
  vmBoEnds: (ms: number, vmBo: number, vm: number, bo: number): ScriptEvent => ({
    ms,
    kind: Kind.VmBoDestroy,
    task: 1,
    vm,
    vmBo,
    bo,
    refcount: 2
  }),
  insert,
  remove: (ms: number, va: number, reason = 1, vm = 1): ScriptEvent => ({
    ms,
    kind: Kind.VaRemove,
    task: 1,
    vm,
    va,
    reason
  }),
  link: (ms: number, va: number, vmBo: number): ScriptEvent => ({ ms, kind: Kind.VaLink, va, vmBo }),
  unlink: (ms: number, va: number, vmBo: number): ScriptEvent => ({ ms, kind: Kind.VaUnlink, va, vmBo }),
  /** Inserted, linked, removed, unlinked: what msm does for one mapping. */
  map: (ms: number, va: number, page: number, pages = 16, bo = 1, vm = 1, vmBo = 1): ScriptEvent[] => [
    insert(ms, va, page, pages, bo, vm),
    { ms, kind: Kind.VaLink, va, vmBo }
  ],
  unmap: (ms: number, va: number, vmBo = 1, reason = 1, vm = 1): ScriptEvent[] => [
    { ms, kind: Kind.VaRemove, task: 1, vm, va, reason },
    { ms, kind: Kind.VaUnlink, va, vmBo }
  ],
  smMap: (ms: number, page: number, pages = 16, bo = 1, offset = 0, vm = 1): ScriptEvent => ({
    ms,
    kind: Kind.SmMap,
    task: 1,
    vm,
    bo,
    iova: page,
    range: pages,
    offset,
    flags: 0
  }),
  smUnmap: (ms: number, page: number, pages = 16, vm = 1): ScriptEvent => ({
    ms,
    kind: Kind.SmUnmap,
    task: 1,
    vm,
    iova: page,
    range: pages
  }),
  remap: (ms: number, va: number, page: number, pages: number, vm = 1): ScriptEvent => ({
    ms,
    kind: Kind.SmRemap,
    vm,
    va,
    iova: page,
    range: pages
  }),
  /** The VM_BIND ioctl returned. */
  bound: (ms: number, result = 0): ScriptEvent => ({
    ms,
    kind: Kind.VmBind,
    task: 1,
    queue: 1,
    count: 1,
    flags: 0,
    result,
    duration: 1e6
  }),
  job: (ms: number, job: number): ScriptEvent => ({ ms, kind: Kind.JobQueue, task: 1, job, name: 9 }),
  jobRuns: (ms: number, job: number): ScriptEvent => ({ ms, kind: Kind.JobRun, job, name: 9 }),
  jobDone: (ms: number, job: number): ScriptEvent => ({ ms, kind: Kind.JobDone, job }),
  pteMap: (ms: number, page: number, pages = 16, { vm = 1, queue = 1, result = 0 } = {}): ScriptEvent => ({
    ms,
    kind: Kind.PteMap,
    vm,
    iova: page,
    range: pages,
    queue,
    result
  }),
  pteUnmap: (ms: number, page: number, pages = 16, { vm = 1, queue = 1, reason = 1 } = {}): ScriptEvent => ({
    ms,
    kind: Kind.PteUnmap,
    vm,
    iova: page,
    range: pages,
    queue,
    reason
  }),
  fb: (ms: number, fb: number, bo = 1): ScriptEvent => ({ ms, kind: Kind.FbCreate, task: 1, fb, bo, size: 16 }),
  prepare: (ms: number, fb: number, count = 1): ScriptEvent => ({ ms, kind: Kind.FbPrepare, fb, count, duration: 1e6 }),
  cleanup: (ms: number, fb: number, count = 0): ScriptEvent => ({ ms, kind: Kind.FbCleanup, fb, count, duration: 5e6 }),
  vmaRef: (ms: number, bo: number, count: number): ScriptEvent => ({ ms, kind: Kind.VmaRef, task: 1, bo, count }),
  unpin: (ms: number, bo: number, count: number): ScriptEvent => ({ ms, kind: Kind.Unpin, bo, count }),
  pin: (ms: number, bo: number, count: number): ScriptEvent => ({ ms, kind: Kind.Pin, bo, count }),
  vmFile: (ms: number, vm: number, file = 1): ScriptEvent => ({ ms, kind: Kind.VmFile, task: 1, vm, file }),
  vmCloses: (ms: number, vm = 1): ScriptEvent => ({ ms, kind: Kind.VmClose, task: 1, vm }),
  vmClosed: (ms: number, vm = 1): ScriptEvent => ({ ms, kind: Kind.VmCloseEnd, vm }),
  vmEnds: (ms: number, vm = 1): ScriptEvent => ({ ms, kind: Kind.VmDestroy, task: 1, vm }),
  evict: (ms: number, vmBo: number, evicted = 1): ScriptEvent => ({ ms, kind: Kind.VmBoEvict, vmBo, count: evicted }),
  /** Something else, so that time passes. */
  later: (ms: number): ScriptEvent => ({ ms, kind: Kind.Vblank, crtc: 1, seqno: 1 })
}

export function snapshotFrame(begin: number, end: number, state: object = {}, complete = true): Uint8Array {
  return Frame.encode({
    snapshot: { id: 1, last: true, complete, beginNs: at(begin), endNs: at(end), ...state }
  }).finish()
}

export interface Session {
  capabilities?: Parameters<typeof frame.capabilities>[0]
  /** Before the first event; by default a complete snapshot of an empty board. */
  first?: Uint8Array[]
  /** After the last event. */
  last?: Uint8Array[]
}

/** A session of these events in one batch, checked to its orderly end. */
export function checked(events: ScriptEvent[], session: Session = {}): { checker: Checker; model: SessionModel } {
  const model = new SessionModel()
  const checker = new Checker(model)
  const frames = [
    frame.hello(),
    frame.capabilities(session.capabilities),
    ...(session.first ?? [snapshotFrame(-3, -2)]),
    frame.events(1, events, { names: NAMES, tasks: TASKS }),
    ...(session.last ?? []),
    Frame.encode({ goodbye: { reason: 1 } }).finish()
  ]
  for (const f of frames) model.take(f)
  checker.finish(true)
  expect(model.faults).toEqual([])
  return { checker, model }
}

export function findingsOf(events: ScriptEvent[], session: Session = {}): readonly Finding[] {
  return checked(events, session).checker.findings
}
