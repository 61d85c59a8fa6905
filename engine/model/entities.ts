import { Column, IdIndex } from './columns'
import type { PolicyVerdict } from './policy'
import type { RowAllocator } from './rows'

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
  vmBos: number
}

export interface Handle {
  handle: number
  file: number
  task: number
  opened: number
  closed: number | null
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
  refcount: { value: number; sampledAt: number } | null
  handles: Handle[]
}

export interface Fb {
  id: number
  bo: number
  created: number
  destroyed: number | null
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
  kind: 'snapshot' | 'loss' | 'scenario' | 'note'
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

/** Mappings (VAs) as columns; an index is a mapping for the whole session. */
export class Mappings {
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
  /** Index by VA id, also of those that ended. */
  readonly byVa = new IdIndex()
  /** Indices of the live ones. */
  readonly live = new Set<number>()

  get length(): number {
    return this.va.length
  }
}

/** Completed page flips. */
export class Flips {
  readonly time = new Column()
  /** Since the flip before on the same CRTC; NaN for its first. */
  readonly interval = new Column()
  private readonly last = new Map<number, number>()

  get length(): number {
    return this.time.length
  }

  push(crtc: number, time: number): void {
    this.time.push(time)
    this.interval.push(time - (this.last.get(crtc) ?? NaN))
    this.last.set(crtc, time)
  }
}

/** Things with a beginning and an end, as columns; `end` is NaN while one lasts, `start` while it waits. */
export class Spans {
  readonly id = new Column()
  readonly queued = new Column()
  readonly start = new Column()
  readonly end = new Column()
  private readonly open = new Map<number, number>()

  get length(): number {
    return this.id.length
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

  finish(id: number, time: number): void {
    const index = this.open.get(id)
    if (index === undefined) return
    this.end.data[index] = time
    this.open.delete(id)
  }

  private push(id: number, queued: number, start: number): number {
    this.queued.push(queued)
    this.start.push(start)
    this.end.push(NaN)
    return this.id.push(id)
  }
}
