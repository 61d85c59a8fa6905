import { SessionWriter } from '../store/writer'
import {
  EventBatch,
  Frame,
  GoodbyeReason,
  HELLO_MAGIC,
  LogLevel,
  ProbeState,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  TraceLevel,
  type SessionHeadFields
} from '../wire/messages'
import { DELTA_COLUMNS, Field, kindName } from '../wire/schema'

const BATCH = 4096
/** The name of each column in EventBatch. */
const COLUMN = Object.fromEntries(Object.entries(Field).map(([name, field]) => [field, name]))

/** What is known of where the input was recorded; the rest of the session's description says that it is not. */
export interface Origin {
  file: string
  head: SessionHeadFields
  kernel: string
  driver: string
  level: (typeof TraceLevel)[keyof typeof TraceLevel]
  /** Why the session is no better. */
  reason: string
  /** ns of the clock that the events have, and the real-time clock then; 0: not known. */
  monotonicNs: number
  realtimeNs: number
  /** The columns of each kind that the input has. */
  schema: ReadonlyMap<number, readonly number[]>
  /** What of the board's events stood for a kind, and why a kind is not there. */
  probes: { symbol: string; how: string; kinds: number[]; missing?: string }[]
}

/** Writes a session of what something else recorded, as a daemon would have sent it. Events come in the order of time, in ns. */
export class SessionBuilder {
  private readonly writer: SessionWriter
  private readonly tasks = new Map<string, number>()
  private readonly names = new Map<string, number>()
  private fresh = { tasks: [] as object[], names: [] as object[] }
  private kinds: number[] = []
  private times: number[] = []
  private columns: number[][] = []
  private previous: number[] = []
  private seq = 0
  private lastNs = 0
  private first = 0
  private dropped = 0
  events = 0

  /** Throws VascopeError where the file cannot be made. */
  constructor(private readonly origin: Origin) {
    this.writer = new SessionWriter(origin.file, { ...origin.head, pageSize: 4096 })
    const { kernel, driver, level, reason, monotonicNs, realtimeNs, schema, probes } = origin
    this.frame({
      hello: {
        magic: HELLO_MAGIC,
        major: PROTOCOL_MAJOR,
        minor: PROTOCOL_MINOR,
        build: '',
        pageSize: 4096,
        program: 'vascope import'
      }
    })
    this.frame({
      capabilities: {
        schema: [...schema].map(([kind, columns]) => ({ kind, name: kindName(kind), columns: [...columns] })),
        probes: probes.map(({ missing, ...probe }) => ({
          ...probe,
          state: missing ? ProbeState.PROBE_STATE_ABSENT : ProbeState.PROBE_STATE_ATTACHED,
          reason: missing ?? ''
        })),
        clock: { monotonicNs, realtimeNs, uncertaintyNs: 0 },
        kernelRelease: kernel,
        driver: { name: driver },
        traceLevel: level,
        traceReason: reason
      }
    })
  }

  task(pid: number, tid: number, comm: string): number {
    const key = `${pid} ${tid} ${comm}`
    let id = this.tasks.get(key)
    if (id === undefined) {
      this.tasks.set(key, (id = this.tasks.size + 1))
      this.fresh.tasks.push({ id, pid, tid, comm })
    }
    return id
  }

  name(text: string): number {
    let id = this.names.get(text)
    if (id === undefined) {
      this.names.set(text, (id = this.names.size + 1))
      this.fresh.names.push({ id, text })
    }
    return id
  }

  /** `values` by field number; what the kind's schema does not list is not written. */
  event(kind: number, ns: number, values: readonly (number | undefined)[]): void {
    if (this.kinds.length === 0) this.first = this.lastNs = ns
    this.kinds.push(kind)
    this.times.push(Math.max(0, ns - this.lastNs))
    this.lastNs = Math.max(ns, this.lastNs)
    for (const field of this.origin.schema.get(kind) ?? []) {
      const value = values[field] ?? 0
      const column = (this.columns[field] ??= [])
      column.push(DELTA_COLUMNS.has(field) ? value - (this.previous[field] ?? 0) : value)
      this.previous[field] = value
    }
    this.events++
    if (this.kinds.length === BATCH) this.flush()
  }

  snapshot(ns: number, content: object): void {
    this.flush()
    this.frame({ snapshot: { id: 1, last: true, complete: false, beginNs: ns, endNs: ns, ...content } })
  }

  /** What whoever opens the session must know of it. */
  warning(ns: number, text: string): void {
    this.flush()
    this.frame({ log: { level: LogLevel.LOG_LEVEL_WARNING, timeNs: ns, text } })
  }

  /** Events that the input says are missing. */
  loss(fromNs: number, toNs: number, events: number): void {
    this.flush()
    this.dropped += events
    this.frame({
      loss: { firstNs: fromNs, lastNs: toNs, kinds: [{ kind: 0, kernel: events }], batchSeq: this.seq + 1 }
    })
  }

  /** Throws VascopeError where the disk did not take it all. */
  finish(ns: number, text: string): void {
    this.flush()
    const { events, dropped } = this
    const totals = { timeNs: ns, produced: events + dropped, delivered: events, droppedKernel: dropped }
    this.frame({ goodbye: { reason: GoodbyeReason.GOODBYE_REASON_STOPPED, text, totals } })
    this.writer.close(true)
    if (this.writer.problem) throw this.writer.problem
  }

  /** Leaves no file behind. */
  discard(): void {
    this.writer.discard()
  }

  private flush(): void {
    if (this.kinds.length === 0) return
    const fields: Record<string, unknown> = { seq: ++this.seq, baseNs: this.first, kind: this.kinds, time: this.times }
    for (const [field, column] of this.columns.entries()) if (column) fields[COLUMN[field]!] = column
    this.frame({ events: EventBatch.create({ ...fields, ...this.fresh }) })
    this.kinds = []
    this.times = []
    this.columns = []
    this.previous = []
    this.fresh = { tasks: [], names: [] }
  }

  private frame(body: object): void {
    this.writer.frame(Frame.encode(body).finish())
  }
}
