/** The timeline: a window of time at the resolution of the screen. */
import type { Policy } from './findings'

/** What a view shows: a window of time and its width in pixels. */
export interface ViewRequest {
  from: number
  to: number
  /** Pixels of the lanes' drawing area. */
  width: number
  /** The time for which `cursorValues` and the table are wanted; null: the newest. */
  cursor: number | null
  /** What the rows of a density are: 'address' cells of View's extents (engine/space.ts), else the rows of `rects`. */
  axis?: 'lanes' | 'address'
  /**
   * The window is moved to end at the newest time, and `View.stamp` is wanted; `View.request` says where it came to. The answer waits a
   * little for an event that no view has had yet.
   */
  follow?: boolean
  /** Charts and marks are enough: of all else there is nothing in the answer. */
  only?: 'charts'
}

export interface VmGroup {
  vm: number
  name: string
  policy: Policy
  /** How the policy is known: "managed VM, msm 6.17 and later", "flag DRM_GPUVM_VA_WEAK_REF". */
  policySource: string
  mode: 'kernel-managed' | 'vm-bind' | 'unknown'
  pid: number
  comm: string
  created: number
  /** null while it lives. */
  destroyed: number | null
  /** At the cursor. */
  mappings: number
  bytes: number
  vmBos: number
  /** Rows that its mappings need, by packing (rects.row). */
  rows: number
  /** The VA axis: used segments in ascending order, holes between them hidden. */
  segments: { iova: number; bytes: number; row: number; rows: number }[]
  hiddenBytes: number
  /** The addresses it used until now, ascending, without the holes between them. */
  extents: { iova: number; bytes: number }[]
}

/**
 * Mappings that touch the window, as parallel arrays; `rows` of one VM never hold two mappings that overlap in time.
 * Where a VM has more than the engine's limit, the rest is in `density` and `rectsCut` is true for that VM.
 */
export interface Rects {
  /** Index into View.vms. */
  group: Uint16Array
  row: Uint16Array
  va: Float64Array
  bo: Float64Array
  /** Bytes. */
  iova: Float64Array
  bytes: Float64Array
  offset: Float64Array
  /** Seconds; end is Infinity while it lives. */
  start: Float64Array
  end: Float64Array
  /** 0 ended, 1 live, 2 pending (VM_BIND job not done), 3 evicted; at the newest time. */
  state: Uint8Array
  /** When its page tables were written, seconds; NaN where that was not seen. */
  written?: Float64Array
  /**
   * Of a session that is not read whole: those that went nobody knows when, and until when they were there at least. NaN where the end is
   * known; else `end` is only what it is drawn by.
   */
  atLeast?: Float64Array
}

export interface Density {
  group: number
  columns: number
  rows: number
  /** Of the VM's rows so many share one here, and each segment begins a new one; 1 where left out. Not for rows of addresses. */
  per?: number
  /** Mappings per cell, row after row. */
  counts: Uint16Array
}

export interface Charts {
  /** Seconds between bins; bin i covers from + i * step. */
  step: number
  from: number
  /** Per second. NaN where it was not seen (loss, before tracing). */
  maps: Float32Array
  unmaps: Float32Array
  mappedBytesPerSecond: Float32Array
  /** At the end of the bin. */
  liveBytes: Float32Array
  flips: Float32Array
  /** Seconds between flips, one entry per flip in the window. */
  flipTimes: Float64Array
  flipIntervals: Float32Array
}

export interface Mark {
  time: number
  /** Same as time for a moment; later for loss, a scenario's run, and the time a BO was evicted. */
  until: number
  /** gap: a snapshot did not agree with the events. */
  kind: 'snapshot' | 'loss' | 'scenario' | 'note' | 'gap' | 'fault' | 'eviction'
  text: string
  /** Of a fault: the address. */
  iova?: number
}

/** Jobs, submits and flips as spans; queued is when waiting began. */
export interface Spans {
  queued: Float64Array
  start: Float64Array
  end: Float64Array
  id: Float64Array
  /** Of VM_BIND jobs: whose they are, 0 where that was not seen. */
  vm?: Float64Array
}

export interface MappingRow {
  va: number
  vm: number
  vmName: string
  iova: number
  bytes: number
  bo: number
  boName: string
  offset: number
  vmBo: number
  policy: Policy | 'none'
  /** Seconds at the cursor. */
  age: number
  state: 'live' | 'pending' | 'evicted'
}

export interface CursorValues {
  time: number
  maps: number | null
  unmaps: number | null
  liveBytes: number | null
  flipInterval: number | null
  liveMappings: number
}

export interface View {
  request: ViewRequest
  /** Extent of the session. */
  begin: number
  end: number
  vms: VmGroup[]
  rects: Rects
  rectsCut: boolean[]
  density: Density[]
  charts: Charts
  marks: Mark[]
  jobs: Spans
  submits: Spans
  /** Commits: begin to end; flips as charts.flipTimes. */
  commits: Spans
  cursor: CursorValues
  /** Of a view that follows a live session: how old, in ms, the oldest event was that no view before had, at Date.now() `sent`. */
  stamp?: { ageMs: number; sent: number } | null
  /**
   * It was answered without the events: mappings are not told apart, and figures at the cursor are those of a moment before. Where the
   * window has few events enough, they are read meanwhile; a pulse tells that the same question has a better answer.
   */
  coarse?: boolean
}

export interface MappingQuery {
  cursor: number | null
  /** Text: an iova (by containment), a BO number or a part of its name. */
  search: string
  policies: Policy[]
  sort: 'vm' | 'iova' | 'bytes' | 'bo' | 'name' | 'offset' | 'age' | 'state'
  descending: boolean
  first: number
  count: number
}

export interface MappingPage {
  total: number
  first: number
  rows: MappingRow[]
}
