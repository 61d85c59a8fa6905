import { Field, Kind } from '../wire/schema'

/** Which objects of the kernel a field names; their addresses become ids. */
export const POINTERS: ReadonlySet<number> = new Set([Field.vm, Field.va, Field.vmBo, Field.bo, Field.file, Field.job])
/** Fields in bytes there and in pages here. */
export const IN_BYTES: ReadonlySet<number> = new Set([Field.iova, Field.range, Field.offset, Field.size])

/** A kprobe event of the daemon's fallback (daemon/src/trace/kprobe_table.c): its arguments a0, a1 … and what they are. */
export interface ProbeEvent {
  kind: number
  /** By argument; null: of no use here. */
  values: readonly (number | null)[]
  /** Has a task, and a name in `text`. */
  task?: boolean
  name?: boolean
  /** What g must be: the result of a call that went well, something that is there, or a pointer. */
  guard?: 'zero' | 'present' | 'pointer'
  /** It makes this object: its address may have been that of another. */
  makes?: number
  /** The address is that of the object's reference count, so far behind its beginning. */
  inside?: bigint
  /** Takes as long as since this event of its task. */
  since?: string
  /** Has the reason of the innermost call around it. */
  reason?: boolean
}

const F = Field

/** Where the reference count is in a drm_gpuvm and a drm_gpuvm_bo (include/drm/drm_gpuvm.h, 6.8 to 7.3, 64 bits) and in a drm_gem_object. */
const Refcount = { vm: 72n, vmBo: 20n, bo: 0n }

export const PROBE_EVENTS: Readonly<Record<string, ProbeEvent>> = {
  vm_create: { kind: Kind.VmCreate, values: [F.vm, F.flags, F.iova, F.range], task: true, name: true, makes: F.vm },
  vm_destroy: { kind: Kind.VmDestroy, values: [F.vm], task: true, inside: Refcount.vm },
  vm_bo_create: {
    kind: Kind.VmBoCreate,
    values: [F.vm, F.vmBo, F.bo, F.refcount],
    task: true,
    guard: 'pointer',
    makes: F.vmBo
  },
  vm_bo_destroy: { kind: Kind.VmBoDestroy, values: [F.vm, F.vmBo, F.bo, F.refcount], task: true },
  vm_bo_defer: { kind: Kind.VmBoDefer, values: [F.vmBo], inside: Refcount.vmBo },
  vm_bo_evict: { kind: Kind.VmBoEvict, values: [F.vmBo, F.count] },
  va_insert: {
    ...{
      kind: Kind.VaInsert,
      values: [F.vm, F.va, F.bo, F.iova, F.range, F.offset, F.flags],
      task: true,
      guard: 'zero'
    },
    makes: F.va
  },
  va_remove: { kind: Kind.VaRemove, values: [F.vm, F.va], task: true, reason: true },
  va_link: { kind: Kind.VaLink, values: [F.va, F.vmBo], guard: 'present' },
  va_unlink: { kind: Kind.VaUnlink, values: [F.va, F.vmBo], guard: 'present' },
  va_unlink_defer: { kind: Kind.VaUnlink, values: [F.va, F.vmBo], guard: 'present' },
  sm_map: { kind: Kind.SmMap, values: [F.vm, F.bo, F.iova, F.range, F.offset, F.flags], task: true },
  sm_unmap: { kind: Kind.SmUnmap, values: [F.vm, F.iova, F.range], task: true },
  bo_create: { kind: Kind.BoCreate, values: [F.bo, F.size, F.flags], task: true, guard: 'present', makes: F.bo },
  bo_destroy: { kind: Kind.BoDestroy, values: [F.bo], task: true, guard: 'present', inside: Refcount.bo },
  handle_open: { kind: Kind.HandleOpen, values: [F.file, F.bo, F.handle, F.refcount], task: true, guard: 'zero' },
  handle_close: { kind: Kind.HandleClose, values: [F.file, F.bo, F.handle, F.refcount], task: true },
  pages_get: { kind: Kind.PagesGet, values: [F.bo], guard: 'pointer' },
  pages_put: { kind: Kind.PagesPut, values: [F.bo] },
  job_queue: { kind: Kind.JobQueue, values: [F.job], task: true, name: true, makes: F.job },
  job_run: { kind: Kind.JobRun, values: [F.job], name: true },
  job_done: { kind: Kind.JobDone, values: [F.job] },
  fb_create: { kind: Kind.FbCreate, values: [F.fb, F.bo, F.size], task: true, guard: 'zero' },
  fb_destroy: { kind: Kind.FbDestroy, values: [F.fb] },
  msm_vm_mode: { kind: Kind.VmMode, values: [F.vm, F.mode], task: true, guard: 'pointer' },
  msm_vm_close: { kind: Kind.VmClose, values: [F.vm], task: true },
  msm_vm_close_end: { kind: Kind.VmCloseEnd, values: [F.vm] },
  msm_vm_unusable: { kind: Kind.VmUnusable, values: [F.vm], task: true },
  msm_pte_map: { kind: Kind.PteMap, values: [F.vm, F.iova, F.range, F.queue, F.result] },
  msm_pte_unmap: { kind: Kind.PteUnmap, values: [F.vm, F.iova, F.range, F.queue], reason: true },
  msm_vm_bind: {
    kind: Kind.VmBind,
    values: [F.queue, F.count, F.flags, F.result],
    task: true,
    since: 'msm_vm_bind_begin'
  },
  msm_vm_bind_run: { kind: Kind.VmBindRun, values: [F.job, F.vm, F.result], since: 'msm_vm_bind_run_begin' },
  msm_handle_closed: { kind: Kind.HandleClosed, values: [F.file, F.bo], task: true, since: 'msm_handle_close' },
  msm_submit: { kind: Kind.Submit, values: [F.submit, F.ring], task: true },
  msm_submit_flush: { kind: Kind.SubmitFlush, values: [F.submit, F.ring, F.seqno] },
  msm_submit_retire: { kind: Kind.SubmitRetire, values: [F.submit, F.ring, F.seqno, F.duration] },
  msm_gpu_fault: { kind: Kind.GpuFault, values: [F.iova, F.flags] },
  msm_commit_begin: { kind: Kind.CommitBegin, values: [F.crtc], task: true },
  msm_commit_end: { kind: Kind.CommitEnd, values: [F.crtc] }
}

/** Calls that tear mappings down: TeardownReason within them. */
export const CALLS: Readonly<Record<string, number>> = {
  ...{ sm_map: 9, sm_unmap: 1, msm_sm_remap: 8, msm_vm_close: 7, msm_handle_close: 2, msm_vma_put: 3 },
  ...{ msm_bo_purge: 4, msm_bo_evict: 5, msm_bo_free: 6 }
}

/** Their ends, by what they end. */
export const CALL_ENDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(CALLS).map((name) => [`${name}_end`, name])),
  msm_handle_closed: 'msm_handle_close'
}

/** Where no such call is around it: the first letter of what the driver logs. */
export const WORDS: Readonly<Record<number, number>> = { 0x75: 1, 0x63: 2, 0x76: 3, 0x70: 4, 0x65: 5, 0x66: 6 }
/** "map": told by msm_pte_map. */
export const MAP_WORD = 0x6d

/** The columns of an event. */
export function columnsOf(event: ProbeEvent): number[] {
  const columns = event.values.filter((field) => field !== null)
  if (event.task) columns.unshift(Field.task)
  if (event.name) columns.push(Field.name)
  if (event.since) columns.push(Field.duration)
  if (event.reason) columns.push(Field.reason)
  return columns
}
