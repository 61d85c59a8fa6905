import { ByteColumn, Column, IdIndex, lowerBound } from './columns'
import type { PolicyVerdict } from './policy'
import type { RowAllocator } from './rows'
import type { VaMap } from './vamap'

/** Times are seconds since the session's origin, sizes and addresses bytes. null times: not, or not seen. */
export interface Vm {
  id: number
  name: string
  flags: number
  mode: 'kernel-managed' | 'vm-bind' | 'unknown'
  task: number
  /** Its creation was seen. If not, it is older than `created`, the time of the snapshot that found it. */
  traced: boolean
  created: number
  closed: number | null
  destroyed: number | null
  base: number
  size: number
  verdict: PolicyVerdict
  rows: RowAllocator
  live: number
  liveBytes: number
  /** Mappings that it ever had, and bytes of BOs that were ever mapped in it. */
  inserted: number
  mappedBytes: number
  /** Most mappings and most bytes of BOs at once, and when there were those bytes. */
  peak: { mappings: number; bytes: number; at: number }
  vmBos: number
  /** Indices of its live mappings, and of those that ended in the order of their ends. */
  mappings: Set<number>
  ended: Column
  /** Live mappings by address. */
  space: VaMap
  /** The open files that use it. */
  files: number[]
  /** Which VM of its process it is, from 1; 0 where its creation was not seen. */
  ordinal: number
  /** msm_gem_vm_close returned. */
  closeEnded: number | null
  /** A VM_BIND job failed half way: it takes no more. */
  unusable: number | null
  /** A mapping of it was ever evicted or purged. */
  evictions: number
  /** Newest event that named it. */
  changed: number
}

export interface Handle {
  handle: number
  file: number
  task: number
  opened: number
  closed: number | null
  /** When msm_gem_close had returned, with its wait for fences in seconds; null where that is not traced or not yet. */
  done: { time: number; seconds: number } | null
}

export interface Sample {
  value: number
  sampledAt: number
}

export interface Bo {
  id: number
  name: string
  bytes: number
  flags: number
  task: number
  /** null: made before tracing. */
  created: number | null
  destroyed: number | null
  /** A sample, never a trace: nothing tells when it changed in between. */
  refcount: Sample | null
  /** The open ones and the newest of those that were closed, in the order in which they were opened. */
  handles: Handle[]
  /** Closed ones in it; older ones that it has no more, and when the newest of those was closed. */
  closedHandles: number
  forgotten: { handles: number; until: number }
  /** Open handles, also those of before tracing that a snapshot counted. */
  handleCount: number
  /** User space had a handle to it; the kernel's own BOs never have one. */
  hadHandle: boolean
  lastClosed: number | null
  /** Since when a dma-buf of it exists. */
  exported: number | null
  /** Ended times of a dma-buf: from, to. */
  exports: [number, number][]
  /** Live framebuffer planes of it. */
  fbPlanes: number
  pins: Sample | null
  /** msm's vma_ref, who may use the display's mapping. */
  vmaRef: Sample | null
  purged: number | null
  /** Indices of its live mappings and vm_bos; null: none. */
  mappings: Set<number> | null
  vmBos: number[]
  /** Since when only mappings keep it alive. */
  retainedSince: number | null
  /** Which BO of its process it is, from 1, counted at its first handle; 0 for the kernel's own and for older ones. */
  ordinal: number
  changed: number
}

export interface Fb {
  id: number
  /** First plane's; `planes` has all of them. */
  bo: number
  planes: number[]
  created: number
  destroyed: number | null
  /** msm's prepare_count after the newest prepare or cleanup. */
  prepared: Sample | null
}

/**
 * Things as columns. An index is one thing until it is forgotten (forget.ts), which only long recordings need; then it becomes another's,
 * and indices are in the order of time no more.
 */
export class Table {
  /** Indices of what was forgotten. */
  readonly free: number[] = []
  /** Nothing was forgotten: indices are in the order in which the things began. */
  ordered = true

  /** An index for a thing that comes; `end` is that behind the last. */
  protected slot(end: number): number {
    return this.free.pop() ?? end
  }
}

/** vm_bos as columns. */
export class VmBos extends Table {
  readonly id = new Column()
  readonly vm = new Column()
  readonly bo = new Column()
  readonly created = new Column()
  /** Infinity while it lives. */
  readonly destroyed = new Column()
  /** Mappings linked to it now. */
  readonly linked = new Column()
  /** Bit 0: evicted, bit 1: its end was put off, bit 2: found by a snapshot. */
  readonly bits = new ByteColumn()
  readonly byId = new IdIndex()
  /** Times at which one was evicted and no more, in turn; by index. */
  readonly evictions = new Map<number, number[]>()

  /** Live ones. */
  size = 0

  /** The index for one that comes. */
  next(): number {
    return this.slot(this.id.length)
  }

  evictedAt(index: number, time: number): boolean {
    const times = this.evictions.get(index)
    if (!times) return false
    let n = 0
    while (n < times.length && times[n]! <= time) n++
    return n % 2 === 1
  }
}

/** Requests to change a VM (drm_gpuvm_sm_map, _unmap) as columns. */
export class Requests extends Table {
  readonly time = new Column()
  /** 1: map. */
  readonly map = new ByteColumn()
  readonly task = new Column()
  readonly vm = new Column()
  readonly bo = new Column()
  readonly iova = new Column()
  readonly bytes = new Column()
  readonly offset = new Column()
  /** Newest request by VM, and the newest VM by task. */
  readonly lastOfVm = new Map<number, number>()
  readonly vmOfTask = new Map<number, number>()

  next(): number {
    return this.slot(this.time.length)
  }
}

/** What a framebuffer's prepare and cleanup cost, as columns. */
export class FbOps {
  readonly time = new Column()
  readonly fb = new Column()
  /** 1: prepare, 0: cleanup. */
  readonly prepare = new ByteColumn()
  readonly seconds = new Column()
  /** Page-table operations in the display's VM meanwhile. */
  readonly ptes = new Column()

  /** Forgets those of before a time: those that come first, since they came in the order of time. */
  forget(before: number): void {
    const n = lowerBound(this.time, before)
    for (const column of [this.time, this.fb, this.prepare, this.seconds, this.ptes]) column.drop(n)
  }
}

export interface Task {
  pid: number
  tid: number
  comm: string
}

export interface Marker {
  time: number
  /** Same as time for a moment. */
  until: number
  kind: 'snapshot' | 'loss' | 'scenario' | 'note' | 'gap'
  text: string
}

export interface ScenarioRecord {
  runId: number
  id: string
  seed: number
  /** ScenarioState. */
  state: number
  started: number
  ended: number | null
  done: number
  total: number
  text: string
  issued: Record<string, number>
  /** The process that issues the requests; 0 before it is known. */
  pid: number
}

/** Mappings (VAs) as columns. */
export class Mappings extends Table {
  readonly va = new Column()
  readonly vm = new Column()
  /** 0: MAP_NULL. */
  readonly bo = new Column()
  readonly vmBo = new Column()
  readonly iova = new Column()
  readonly bytes = new Column()
  readonly offset = new Column()
  readonly flags = new Column()
  /** 1: insert seen. 0: found by a snapshot, so older than `start`. -1: insert seen, and its end lost. */
  readonly traced = new Column()
  readonly start = new Column()
  /** Infinity while it lives. */
  readonly end = new Column()
  readonly bucket = new Column()
  readonly row = new Column()
  /** When its page tables were written; NaN: not yet, or not traced. */
  readonly written = new Column()
  /** 0: never linked to a vm_bo, 1: linked, 2: unlinked again. */
  readonly linked = new ByteColumn()
  /** TeardownReason, 0 where it is not told. */
  readonly reason = new ByteColumn()
  /** Who removed it, and the request that did (index into Requests, -1: none). */
  readonly removedBy = new Column()
  readonly request = new Column()
  /** Index by VA id, also of those that ended. */
  readonly byVa = new IdIndex()
  /** Indices of the live ones. */
  readonly live = new Set<number>()

  get length(): number {
    return this.va.length
  }

  next(): number {
    return this.slot(this.va.length)
  }
}

/** Completed page flips. */
export class Flips {
  readonly time = new Column()
  /** Since the flip before on the same CRTC; NaN for its first. */
  readonly interval = new Column()
  private readonly last = new Map<number, number>()
  private forgotten = 0

  /** All that there were, also those that are forgotten. */
  get count(): number {
    return this.forgotten + this.time.length
  }

  /** As FbOps.forget. */
  forget(before: number): void {
    const n = lowerBound(this.time, before)
    this.time.drop(n)
    this.interval.drop(n)
    this.forgotten += n
  }

  /** The newest of each CRTC. */
  newest(): Map<number, number> {
    return this.last
  }

  push(crtc: number, time: number): void {
    this.time.push(time)
    this.interval.push(time - (this.last.get(crtc) ?? NaN))
    this.last.set(crtc, time)
  }
}

/** Things with a beginning and an end, as columns; `end` is NaN while one lasts, `start` while it waits. */
export class Spans extends Table {
  readonly id = new Column()
  readonly queued = new Column()
  readonly start = new Column()
  readonly end = new Column()
  protected readonly open = new Map<number, number>()

  get length(): number {
    return this.id.length
  }

  /** Those that are over and not forgotten. */
  get ended(): number {
    return this.id.length - this.free.length - this.open.size
  }

  /** Whether one that was queued at `time` or before is not over. */
  openSince(time: number): boolean {
    for (const index of this.open.values()) if (this.queued.at(index) <= time) return true
    return false
  }

  queue(id: number, time: number): void {
    this.open.set(id, this.push(id, time, NaN))
  }

  /** Begins one that was queued, or was not seen queued. */
  begin(id: number, time: number): void {
    const index = this.open.get(id)
    if (index === undefined) this.open.set(id, this.push(id, time, time))
    else this.start.data[index] = time
  }

  /** Those that are not over: id and index. */
  unfinished(): Iterable<[number, number]> {
    return this.open
  }

  /** Takes up one that was under way when an image of the state was made; `start` is NaN where it waited. */
  resume(id: number, queued: number, start: number): void {
    this.open.set(id, this.push(id, queued, start))
  }

  finish(id: number, time: number): void {
    const index = this.open.get(id)
    if (index === undefined) return
    this.end.data[index] = time
    this.open.delete(id)
  }

  /** Forgets what ended before a time. */
  forget(before: number): void {
    const { end, free } = this
    for (let i = 0; i < end.length; i++) {
      if (!(end.at(i) < before) || this.queued.at(i) === Infinity) continue
      this.queued.data[i] = Infinity
      end.data[i] = -Infinity
      free.push(i)
      this.left(i)
      this.ordered = false
    }
  }

  /** An index is forgotten. */
  protected left(_index: number): void {}

  private push(id: number, queued: number, start: number): number {
    const index = this.slot(this.id.length)
    this.queued.set(index, queued)
    this.start.set(index, start)
    this.end.set(index, NaN)
    this.id.set(index, id)
    return index
  }
}

/** VM_BIND jobs: spans with a VM. */
export class Jobs extends Spans {
  /** By index; absent where no request told it. */
  private readonly vms = new Map<number, number>()
  /** Jobs that were freed without having run. */
  killed = 0

  queueFor(id: number, time: number, vm: number): void {
    this.queue(id, time)
    this.belongs(id, vm)
  }

  vmOf(id: number): number {
    const index = this.open.get(id)
    return index === undefined ? 0 : (this.vms.get(index) ?? 0)
  }

  /** The VM of a row; 0 where it is not known. */
  vmAt(index: number): number {
    return this.vms.get(index) ?? 0
  }

  /** As resume, with the VM, 0 where it is not known. */
  resumeFor(id: number, queued: number, start: number, vm: number): void {
    this.resume(id, queued, start)
    this.belongs(id, vm)
  }

  private belongs(id: number, vm: number): void {
    if (vm !== 0) this.vms.set(this.open.get(id)!, vm)
  }

  protected override left(index: number): void {
    this.vms.delete(index)
  }

  isOpen(id: number): boolean {
    return this.open.has(id)
  }

  begun(id: number): boolean {
    const index = this.open.get(id)
    return index !== undefined && !Number.isNaN(this.start.at(index))
  }

  kill(id: number, time: number): void {
    this.killed++
    this.finish(id, time)
  }

  /** Open jobs of a VM; those whose VM is not known count for each. */
  openOf(vm: number): number {
    let n = 0
    for (const index of this.open.values()) if ((this.vms.get(index) ?? vm) === vm) n++
    return n
  }
}
