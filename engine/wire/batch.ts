import { readName, readTask, type NameFields, type TaskFields } from './announce'
import { DELTA_COLUMNS, Field, FIRST_COLUMN, isColumn, LAST_COLUMN, MORE, type Schema } from './schema'
import { WireError } from './varint'

/**
 * An EventBatch spread out by event: `columns[field][i]` is that field of event i, meaningful only where the schema lists the column
 * for the event's kind. The arrays are the decoder's own and hold until its next decode.
 *
 * This is a reader of its own and not the generated one: an object per event or per column entry costs several times the decoding
 * (docs/protocol.md, "Why columns").
 */
export interface DecodedBatch {
  seq: number
  /** The next batches have events of the same time, to be merged with these by time. */
  more: boolean
  count: number
  /** EventKind per event. */
  kind: Uint16Array
  /** Nanoseconds since the decoder's origin; exact for 104 days on either side. */
  time: Float64Array
  /** Indexed by field number. */
  columns: readonly Float64Array[]
  tasks: TaskFields[]
  names: NameFields[]
  /** Kinds without a schema entry; their column entries, if any, were not read. */
  unknown: number
}

export class BatchError extends Error {}

const MAX_EVENTS = 65536
const IS_DELTA = Uint8Array.from({ length: LAST_COLUMN + 1 }, (_, field) => Number(DELTA_COLUMNS.has(field)))

/** Decodes EventBatch messages. `origin` is the board's CLOCK_MONOTONIC in nanoseconds that becomes time 0. */
export class BatchDecoder {
  private capacity = 4096
  private readonly columns: Float64Array[] = []
  private kind = new Uint16Array(this.capacity)
  private time = new Float64Array(this.capacity)
  private readonly start = new Int32Array(LAST_COLUMN + 1)
  private readonly end = new Int32Array(LAST_COLUMN + 1)
  private readonly previous = new Float64Array(LAST_COLUMN + 1)
  private data: Uint8Array = new Uint8Array(0)
  private at = 0
  /** Columns of each kind, those that only newer daemons know, and fields that are none, left out. */
  private readonly lists: (readonly number[] | undefined)[] = []

  constructor(
    schema: Schema,
    private readonly origin: bigint
  ) {
    for (const { kind, columns } of schema.values()) this.lists[kind] = columns.filter(isColumn)
    for (let i = FIRST_COLUMN; i <= LAST_COLUMN; i++) this.columns[i] = new Float64Array(this.capacity)
  }

  /** Throws BatchError where the message contradicts itself; the model is then told that a batch is missing. */
  decode(message: Uint8Array): DecodedBatch {
    try {
      return this.read(message)
    } catch (error) {
      throw error instanceof WireError ? new BatchError(error.message) : error
    }
  }

  private read(message: Uint8Array): DecodedBatch {
    this.data = message
    this.at = 0
    this.start.fill(0)
    this.end.fill(0)
    this.previous.fill(0)
    const out: DecodedBatch = {
      seq: 0,
      more: false,
      count: 0,
      kind: this.kind,
      time: this.time,
      columns: this.columns,
      tasks: [],
      names: [],
      unknown: 0
    }
    let base = 0n
    while (this.at < message.length) {
      const tag = this.varint()
      const field = Math.floor(tag / 8)
      const wire = tag % 8
      if (wire === 0) {
        if (field === Field.base) base = this.varint64()
        else if (field === Field.seq) out.seq = this.varint()
        else if (field === MORE) out.more = this.varint() !== 0
        else this.varint()
        continue
      }
      if (wire !== 2) throw new BatchError(`field ${field} has wire type ${wire}`)
      const length = this.varint()
      const stop = this.at + length
      if (stop > message.length) throw new BatchError(`field ${field} ends behind the message`)
      if (field === Field.tasks) out.tasks.push(readTask(message.subarray(this.at, stop)))
      else if (field === Field.names) out.names.push(readName(message.subarray(this.at, stop)))
      else if (field <= LAST_COLUMN) {
        this.start[field] = this.at
        this.end[field] = stop
      }
      this.at = stop
    }
    this.kinds(out)
    this.times(out, Number(base - this.origin))
    this.spread(out)
    return out
  }

  private kinds(out: DecodedBatch): void {
    this.at = this.start[Field.kind]!
    const stop = this.end[Field.kind]!
    if (stop - this.at > MAX_EVENTS * 2) throw new BatchError('more events than a batch may hold')
    this.grow(stop - this.at)
    let n = 0
    while (this.at < stop) this.kind[n++] = this.varint()
    out.count = n
    out.kind = this.kind
    out.time = this.time
  }

  private times(out: DecodedBatch, base: number): void {
    const { data, time } = this
    const stop = this.end[Field.time]!
    let at = this.start[Field.time]!
    let t = base
    for (let i = 0; i < out.count; i++) {
      if (at >= stop) throw new BatchError('fewer times than events')
      let byte = data[at++]!
      let value = byte & 0x7f
      for (let scale = 128; byte >= 0x80; scale *= 128) {
        if (at >= stop) throw new BatchError('a number ends behind its column')
        byte = data[at++]!
        value += (byte & 0x7f) * scale
      }
      t += value
      time[i] = t
    }
    if (at !== stop) throw new BatchError('more times than events')
  }

  /** The hot loop: every entry of every column comes by here. It calls nothing and keeps what it can in local variables. */
  private spread(out: DecodedBatch): void {
    const { data, start, end, previous, columns, kind, lists } = this
    const none: readonly number[] = []
    for (let i = 0; i < out.count; i++) {
      let list = lists[kind[i]!]
      if (list === undefined) {
        out.unknown++
        list = none
      }
      for (let c = 0; c < list.length; c++) {
        const field = list[c]!
        const stop = end[field]!
        let at = start[field]!
        if (at >= stop) throw new BatchError(`column ${field} ends before event ${i}`)
        let byte = data[at++]!
        let value = byte & 0x7f
        for (let scale = 128; byte >= 0x80; scale *= 128) {
          if (at >= stop) throw new BatchError('a number ends behind its column')
          byte = data[at++]!
          value += (byte & 0x7f) * scale
        }
        start[field] = at
        if (IS_DELTA[field] === 1) {
          // zigzag; without 32-bit shifts above 2^31, these go up to 2^53
          if (value < 0x80000000) value = (value >>> 1) ^ -(value & 1)
          else value = value % 2 === 0 ? value / 2 : -(value + 1) / 2
          value += previous[field]!
          previous[field] = value
        }
        columns[field]![i] = value
      }
    }
    if (out.unknown > 0) return
    for (let f = FIRST_COLUMN; f <= LAST_COLUMN; f++)
      if (start[f] !== end[f]) throw new BatchError(`column ${f} has more entries than its events`)
  }

  /** Up to 2^53; larger values lose their low bits, which only flags of other drivers could have. */
  private varint(): number {
    const data = this.data
    let byte = data[this.at++]!
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    let scale = 128
    do {
      if (this.at >= data.length) throw new BatchError('a number ends behind the message')
      byte = data[this.at++]!
      value += (byte & 0x7f) * scale
      scale *= 128
    } while (byte >= 0x80)
    return value
  }

  private varint64(): bigint {
    let value = 0n
    let shift = 0n
    for (;;) {
      const byte = this.data[this.at++]
      if (byte === undefined) throw new BatchError('a number ends behind the message')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
      shift += 7n
    }
  }

  private grow(events: number): void {
    if (events <= this.capacity) return
    while (this.capacity < events) this.capacity *= 2
    this.kind = new Uint16Array(this.capacity)
    this.time = new Float64Array(this.capacity)
    for (let i = FIRST_COLUMN; i <= LAST_COLUMN; i++) this.columns[i] = new Float64Array(this.capacity)
  }
}
