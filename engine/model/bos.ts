import type { Bo } from './entities'
import type { State } from './state'

/** Closed handles that a BO keeps at least: some programs open and close one of the same BO for every frame. */
export const CLOSED_KEPT = 64
const NOTHING_FORGOTTEN = { handles: 0, until: -Infinity }

export function newBo(id: number): Bo {
  return {
    id,
    name: '',
    bytes: 0,
    flags: 0,
    task: 0,
    created: null,
    destroyed: null,
    refcount: null,
    handles: [],
    closedHandles: 0,
    forgotten: NOTHING_FORGOTTEN,
    handleCount: 0,
    hadHandle: false,
    lastClosed: null,
    exported: null,
    exports: [],
    fbPlanes: 0,
    pins: null,
    vmaRef: null,
    purged: null,
    mappings: null,
    vmBos: [],
    retainedSince: null,
    ordinal: 0,
    changed: 0
  }
}

export function openHandle(state: State, id: number, handle: number, file: number, task: number, time: number): void {
  const bo = state.bo(id)
  bo.handles.push({ handle, file, task, opened: time, closed: null, done: null })
  bo.handleCount++
  bo.changed = time
  if (!bo.hadHandle) {
    bo.hadHandle = true
    // the kernel makes BOs of its own in a process's name: those never get a handle
    const pid = state.tasks.get(task)?.pid ?? 0
    if (bo.created !== null && pid !== 0 && state.tasks.get(bo.task)?.pid === pid)
      bo.ordinal = state.nextOrdinal('bo', pid, id)
  }
  settle(state, bo, time)
}

export function closeHandle(state: State, id: number, handle: number, file: number, time: number): void {
  const bo = state.bo(id)
  const open = bo.handles.findLast((h) => h.handle === handle && h.file === file && h.closed === null)
  if (open) {
    open.closed = time
    if (++bo.closedHandles >= 2 * CLOSED_KEPT) forgetHandles(bo)
  }
  bo.handleCount = Math.max(0, bo.handleCount - 1)
  bo.hadHandle = true
  bo.lastClosed = time
  bo.changed = time
  settle(state, bo, time)
}

/** Leaves out the oldest closed handles but CLOSED_KEPT; called so rarely that closing costs the same however many there were. */
function forgetHandles(bo: Bo): void {
  const closed = bo.handles.filter((h) => h.closed !== null).sort((a, b) => a.closed! - b.closed!)
  const old = new Set(closed.slice(0, -CLOSED_KEPT))
  bo.handles = bo.handles.filter((h) => !old.has(h))
  bo.closedHandles = closed.length - old.size
  bo.forgotten = { handles: bo.forgotten.handles + old.size, until: closed[old.size - 1]!.closed! }
}

/** msm_gem_close returned, after it had waited for the fences of the BO. */
export function handleClosed(state: State, id: number, file: number, time: number, seconds: number): void {
  const done = state.bos.get(id)?.handles.findLast((h) => h.file === file && h.closed !== null && h.done === null)
  if (done) done.done = { time, seconds }
}

export function exportBo(state: State, id: number, time: number): void {
  const bo = state.bo(id)
  bo.exported ??= time
  bo.changed = time
  settle(state, bo, time)
}

export function endExport(state: State, id: number, time: number): void {
  const bo = state.bo(id)
  if (bo.exported !== null) bo.exports.push([bo.exported, time])
  bo.exported = null
  bo.changed = time
  settle(state, bo, time)
}

/** Whether a live mapping, vm_bo or framebuffer names it, so that it is still needed though it was destroyed. */
export function isNamed(bo: Bo): boolean {
  return bo.mappings !== null || bo.vmBos.length > 0 || bo.fbPlanes > 0
}

/**
 * Keeps the sum of what only mappings keep alive: BOs that user space had a handle to and has no more, without a dma-buf or a framebuffer,
 * but mapped. Call it after any of these changed.
 */
export function settle(state: State, bo: Bo, time: number): void {
  const retained =
    bo.hadHandle &&
    bo.handleCount === 0 &&
    bo.exported === null &&
    bo.fbPlanes === 0 &&
    bo.destroyed === null &&
    (bo.mappings?.size ?? 0) > 0
  if (retained === (bo.retainedSince !== null)) return
  bo.retainedSince = retained ? time : null
  state.retained.bytes += retained ? bo.bytes : -bo.bytes
  if (state.retained.bytes > state.retained.peak) {
    state.retained.peak = state.retained.bytes
    state.retained.peakAt = time
  }
}
