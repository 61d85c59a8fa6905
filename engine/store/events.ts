import { BatchDecoder, BatchError } from '../wire/batch'
import { big, decodeFrame, eventsOf } from '../wire/messages'
import { isColumn, type KindInfo, type Schema } from '../wire/schema'
import { EXIT, VascopeError } from '../problem'
import { gapsOf } from './loss'
import type { SessionReader } from './reader'
import type { IndexEntry } from './session-index'

/** Which events are wanted. Times are seconds of the session. */
export interface EventFilter {
  kinds?: ReadonlySet<number>
  from?: number
  to?: number
  /** Fields and the value that they must have: an event that has no such field is not wanted. */
  where?: ReadonlyMap<number, number>
}

/** Events that are ready, in time order; rows are `values.slice(at[i], at[i] + columns of its kind)`. Holds until the next step. */
export interface EventRows {
  count: number
  /** Seconds of the session. */
  time: Float64Array
  kind: Uint16Array
  at: Uint32Array
  values: Float64Array
}

/** What every event of a session needs to be understood. */
export interface EventContext {
  schema: Schema
  origin: bigint
  pageSize: number
}

/** No more events wait for their turn: what comes later than that is out of order, which only a clock that jumps back makes. */
const MAX_WAITING = 1 << 20

/** How the events of a session are described. Throws VascopeError where that is lost. */
export function eventContext(reader: SessionReader): EventContext {
  const description = reader.description()
  const capabilities = description?.capabilities ? decodeFrame(description.capabilities)?.capabilities : null
  if (!capabilities)
    throw new VascopeError(
      'file-empty',
      `${reader.name} does not say what its events mean: the board's description of itself is lost.`,
      'The recording was cut off at once, or the file is damaged from its beginning. Record again, or restore a copy.',
      EXIT.file
    )
  const hello = description?.hello ? decodeFrame(description.hello)?.hello : null
  const schema = new Map(
    (capabilities.schema ?? []).map(({ kind, name, columns }): [number, KindInfo] => [
      kind ?? 0,
      { kind: kind ?? 0, name: name ?? '', columns: (columns ?? []).map(Number) }
    ])
  )
  return { schema, origin: big(capabilities.clock?.monotonicNs), pageSize: hello?.pageSize || 4096 }
}

/**
 * Reads the events that are wanted, chunk by chunk and in time order, with memory that does not grow with the file: chunks are passed
 * over by the index, and an event waits only until no later chunk can have an earlier one.
 */
export class EventStream {
  /** Events that may be wanted and are lost. */
  lost = 0
  private readonly waiting = new Waiting()
  private readonly decoder: BatchDecoder
  /** The columns of each kind, as far as they are decoded. */
  private readonly columns = new Map<number, readonly number[]>()
  private readonly where: [number, number][]

  constructor(
    private readonly reader: SessionReader,
    private readonly context: EventContext,
    private readonly filter: EventFilter
  ) {
    this.decoder = new BatchDecoder(context.schema, context.origin)
    this.where = [...(filter.where ?? [])]
  }

  *rows(): Generator<EventRows> {
    const index = this.reader.index()
    for (const { events, fromNs, toNs } of gapsOf(index)) if (this.within(fromNs, toNs)) this.lost += events
    const chunks = index.chunks.filter((entry) => this.wanted(entry))
    const earliest = new Float64Array(chunks.length + 1).fill(Infinity)
    for (let i = chunks.length - 1; i >= 0; i--)
      earliest[i] = Math.min(earliest[i + 1]!, this.seconds(chunks[i]!.firstNs))
    for (const [i, entry] of chunks.entries()) {
      if (!this.reader.framesOf(entry, (frame) => this.take(frame))) this.lost += entry.events
      const rows = this.waiting.release(earliest[i + 1]!)
      if (rows.count > 0) yield rows
    }
  }

  private take(frame: Uint8Array): void {
    const message = eventsOf(frame)
    if (!message) return
    let batch
    try {
      batch = this.decoder.decode(message)
    } catch (error) {
      if (!(error instanceof BatchError)) throw error
      return // the model shows it as a fault
    }
    const { where, waiting } = this
    const { kinds, from = -Infinity, to = Infinity } = this.filter
    for (let i = 0; i < batch.count; i++) {
      const time = batch.time[i]! / 1e9
      const kind = batch.kind[i]!
      if (time < from || time > to || (kinds && !kinds.has(kind))) continue
      const columns = this.columnsOf(kind)
      const fits = ([field, value]: [number, number]): boolean =>
        columns.includes(field) && batch.columns[field]![i] === value
      if (where.length === 0 || where.every(fits)) waiting.add(time, kind, columns, batch.columns, i)
    }
  }

  private columnsOf(kind: number): readonly number[] {
    let columns = this.columns.get(kind)
    if (!columns) {
      columns = (this.context.schema.get(kind)?.columns ?? []).filter(isColumn)
      this.columns.set(kind, columns)
    }
    return columns
  }

  private wanted(entry: IndexEntry): boolean {
    const { kinds } = this.filter
    if (entry.events === 0 || !this.within(entry.firstNs, entry.lastNs)) return false
    if (!kinds || !entry.counts) return true
    for (const kind of entry.counts.keys()) if (kinds.has(kind)) return true
    return false
  }

  private within(firstNs: number, lastNs: number): boolean {
    const { from = -Infinity, to = Infinity } = this.filter
    return this.seconds(lastNs) >= from && this.seconds(firstNs) <= to
  }

  /** A time of the index, which may be rounded, so that comparing it does not lose an event. */
  private seconds(ns: number): number {
    return (ns - Number(this.context.origin)) / 1e9
  }
}

/** Events that wait until it is known that none earlier comes, as columns. */
class Waiting {
  private time = new Float64Array(1 << 14)
  private kind = new Uint16Array(1 << 14)
  private at = new Uint32Array(1 << 14)
  private values = new Float64Array(1 << 16)
  private count = 0
  private used = 0

  add(time: number, kind: number, fields: readonly number[], columns: readonly Float64Array[], event: number): void {
    if (this.count === this.time.length) this.growEvents()
    if (this.used + fields.length > this.values.length) this.values = grown(this.values, Float64Array)
    this.time[this.count] = time
    this.kind[this.count] = kind
    this.at[this.count++] = this.used
    for (let c = 0; c < fields.length; c++) this.values[this.used++] = columns[fields[c]!]![event]!
  }

  /** All that is earlier than `until`, in order; what is not stays. */
  release(until: number): EventRows {
    const { time, kind, at, values } = this
    const order = sorted(time, this.count)
    let count = 0
    while (count < order.length && time[order[count]!]! < until) count++
    if (order.length - count > MAX_WAITING) count = order.length
    const rows: EventRows = {
      count,
      time: new Float64Array(count),
      kind: new Uint16Array(count),
      at: new Uint32Array(count),
      values
    }
    for (let i = 0; i < count; i++) {
      const from = order[i]!
      rows.time[i] = time[from]!
      rows.kind[i] = kind[from]!
      rows.at[i] = at[from]!
    }
    this.keep(order.subarray(count).sort())
    return rows
  }

  /** What stays, in the order in which it came; what was released keeps the old values. */
  private keep(rest: Uint32Array): void {
    const { values, used, count, time, kind, at } = this
    this.values = new Float64Array(values.length)
    this.used = 0
    this.count = rest.length
    for (let i = 0; i < rest.length; i++) {
      const from = rest[i]!
      const begin = at[from]!
      const end = from + 1 < count ? at[from + 1]! : used
      time[i] = time[from]!
      kind[i] = kind[from]!
      at[i] = this.used
      for (let v = begin; v < end; v++) this.values[this.used++] = values[v]!
    }
  }

  private growEvents(): void {
    this.time = grown(this.time, Float64Array)
    this.kind = grown(this.kind, Uint16Array)
    this.at = grown(this.at, Uint32Array)
  }
}

/**
 * The indices of the first `count` times in their order, equal ones as they stand. Batches are sorted in themselves, so that there are
 * few runs, and merging them is many times faster than sorting.
 */
function sorted(time: Float64Array, count: number): Uint32Array {
  let order = new Uint32Array(count)
  let other = new Uint32Array(count)
  let runs: number[] = [0]
  for (let i = 0; i < count; i++) {
    order[i] = i
    if (i > 0 && time[i]! < time[i - 1]!) runs.push(i)
  }
  while (runs.length > 1) {
    const merged: number[] = []
    for (let r = 0; r < runs.length; r += 2) {
      const [begin, middle, end] = [runs[r]!, runs[r + 1] ?? count, runs[r + 2] ?? count]
      merged.push(begin)
      let [a, b] = [begin, middle]
      for (let to = begin; to < end; to++)
        other[to] = b >= end || (a < middle && time[order[a]!]! <= time[order[b]!]!) ? order[a++]! : order[b++]!
    }
    ;[order, other] = [other, order]
    runs = merged
  }
  return order
}

function grown<T extends Float64Array | Uint16Array | Uint32Array>(old: T, type: new (length: number) => T): T {
  const array = new type(old.length * 2)
  array.set(old as never)
  return array
}
