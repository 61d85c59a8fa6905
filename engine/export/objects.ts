import type { EventCursor } from '../model/observer'

/**
 * The objects of a session while they live, as an export sees them: what has ended is handed on and forgotten, so that memory grows
 * with what lives at once and not with the session. Times are seconds of the session, sizes bytes. null times: not, or not seen.
 */
export interface Vm {
  id: number
  name: string
  mode: 'kernel-managed' | 'vm-bind' | 'unknown'
  flags: number
  task: number
  /** null: before tracing. */
  created: number | null
  closed: number | null
  destroyed: number | null
  basePages: number
  bytes: number
  /** Mappings that were inserted, and what is live: now and at most. */
  inserted: number
  live: number
  liveBytes: number
  peakBytes: number
  /** Live mappings by their first page; of two that overlap, as a lossy stream may show them, the newer. */
  space: Map<number, Mapping>
  /** Live parts of mappings that were split before their page tables were written: they are written as the whole. */
  parts: Set<Mapping>
}

export interface Bo {
  id: number
  name: string
  bytes: number
  flags: number
  task: number
  created: number | null
  destroyed: number | null
  /** Handles that were opened, and when the last of them was closed. */
  handles: number
  lastClosed: number | null
}

export interface VmBo {
  id: number
  vm: number
  bo: number
  created: number | null
  destroyed: number | null
}

export interface Mapping {
  va: number
  vm: number
  /** 0: MAP_NULL. */
  bo: number
  vmBo: number
  iovaPages: number
  pages: number
  offsetPages: number
  flags: number
  start: number
  /** Its insert was seen. If not, it is older than `start`. */
  traced: boolean
  written: number | null
  end: number | null
  /** Its removal was seen; false where a snapshot told that it had gone. */
  removed: boolean
  reason: number
  removedBy: number
  /** For the drawing: the lane in its VM. */
  lane: number
}

/** A VM_BIND job: queued, run, done. */
export interface Job {
  id: number
  vm: number
  task: number
  queued: number | null
  run: number | null
  done: number | null
  /** Of msm_vma_job_run: errno, seconds; null where it was not seen. */
  result: number | null
  seconds: number | null
  /** Operations that were never run: the job was killed. */
  killed: number
  lane: number
}

export interface Submit {
  id: number
  ring: number
  seqno: number | null
  task: number
  queued: number | null
  flushed: number | null
  retired: number | null
  /** On the GPU, as the driver measured it. */
  seconds: number | null
  lane: number
}

export interface Fb {
  id: number
  bo: number
  bytes: number
  task: number
  created: number
  destroyed: number | null
}

export interface LossSpan {
  from: number
  to: number
  where: 'kernel' | 'queue' | 'batches' | 'file'
  kind: number | null
  /** null: not known. */
  events: number | null
}

export interface Scenario {
  run: number
  id: string
  seed: number
  state: number
  started: number
  ended: number | null
  done: number
  total: number
  text: string
}

/** Who is told while a session is read through. Objects are told of when they end, those that never do when the session ends. */
export interface Watcher {
  /** Every event in the order of time, before it is taken in. */
  event?(e: EventCursor): void
  mappingBegan?(m: Mapping): void
  /** By the job that runs, null where none does. */
  mappingWritten?(m: Mapping, time: number, job: Job | null): void
  mapping?(m: Mapping): void
  jobBegan?(job: Job): void
  job?(job: Job): void
  submitBegan?(submit: Submit): void
  submit?(submit: Submit): void
  vm?(vm: Vm): void
  bo?(bo: Bo): void
  vmBo?(vmBo: VmBo): void
  fb?(fb: Fb): void
  loss?(loss: LossSpan): void
  snapshot?(time: number, vas: number, complete: boolean): void
  /** What the board or the desktop had to say. */
  note?(time: number, text: string): void
  scenario?(scenario: Scenario): void
}
