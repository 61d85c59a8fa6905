import { DELTA_COLUMNS, Field, FIRST_COLUMN, LAST_COLUMN, type Schema } from './schema'

/**
 * An EventBatch spread out by event: `columns[field][i]` is that field of event i, meaningful only where the schema lists the column
 * for the event's kind. The arrays are the decoder's own and hold until its next decode.
 *
 * This is a reader of its own and not the generated one: an object per event or per column entry costs several times the decoding
 * (docs/protocol.md, "Why columns").
 */
export interface DecodedBatch {
  seq: number
  count: number
  /** EventKind per event. */
  kind: Uint16Array
  /** Nanoseconds since the decoder's origin; exact for 104 days on either side. */
  time: Float64Array
  /** Indexed by field number. */
  columns: readonly Float64Array[]
  tasks: { id: number; pid: number; tid: number; comm: string }[]
  names: { id: number; text: string }[]
  /** Kinds without a schema entry; their column entries, if any, were not read. */
  unknown: number
}

export class BatchError extends Error {}

const MAX_EVENTS = 65536
const utf8 = new TextDecoder()

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

  constructor(
    private readonly schema: Schema,
    private readonly origin: bigint
  ) {
    for (let i = FIRST_COLUMN; i <= LAST_COLUMN; i++) this.columns[i] = new Float64Array(this.capacity)
  }

  /** Throws BatchError where the message contradicts itself; the model is then told that a batch is missing. */
  decode(message: Uint8Array): DecodedBatch {
    this.data = message
    this.at = 0
    this.start.fill(0)
    this.end.fill(0)
    this.previous.fill(0)
    const out: DecodedBatch = {
      seq: 0,
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
        else this.varint()
        continue
      }
      if (wire !== 2) throw new BatchError(`field ${field} has wire type ${wire}`)
      const length = this.varint()
      const stop = this.at + length
      if (stop > message.length) throw new BatchError(`field ${field} ends behind the message`)
      if (field === Field.tasks) out.tasks.push(this.task(stop))
      else if (field === Field.names) out.names.push(this.name(stop))
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
    this.at = this.start[Field.time]!
    const stop = this.end[Field.time]!
    let t = base
    for (let i = 0; i < out.count; i++) {
      if (this.at >= stop) throw new BatchError('fewer times than events')
      t += this.varint()
      this.time[i] = t
    }
    if (this.at !== stop) throw new BatchError('more times than events')
  }

  private spread(out: DecodedBatch): void {
    const { start, end, previous, columns, kind, schema } = this
    let lastKind = -1
    let list: readonly number[] = []
    for (let i = 0; i < out.count; i++) {
      const k = kind[i]!
      if (k !== lastKind) {
        const info = schema.get(k)
        if (!info) out.unknown++
        list = info?.columns ?? []
        lastKind = info ? k : -1
      }
      for (let c = 0; c < list.length; c++) {
        const field = list[c]!
        if (field > LAST_COLUMN) continue // a column that only newer daemons know
        this.at = start[field]!
        if (this.at >= end[field]!) throw new BatchError(`column ${field} ends before event ${i}`)
        let value = this.varint()
        if (DELTA_COLUMNS.has(field)) {
          // zigzag without 32-bit shifts: these go up to 2^53
          value = value % 2 === 0 ? value / 2 : -(value + 1) / 2
          value += previous[field]!
          previous[field] = value
        }
        columns[field]![i] = value
        start[field] = this.at
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

  private task(stop: number): DecodedBatch['tasks'][number] {
    const task = { id: 0, pid: 0, tid: 0, comm: '' }
    while (this.at < stop) {
      const tag = this.varint()
      if (tag === 0x08) task.id = this.varint()
      else if (tag === 0x10) task.pid = this.varint()
      else if (tag === 0x18) task.tid = this.varint()
      else if (tag === 0x22) task.comm = this.text()
      else this.skip(tag)
    }
    return task
  }

  private name(stop: number): DecodedBatch['names'][number] {
    const name = { id: 0, text: '' }
    while (this.at < stop) {
      const tag = this.varint()
      if (tag === 0x08) name.id = this.varint()
      else if (tag === 0x12) name.text = this.text()
      else this.skip(tag)
    }
    return name
  }

  private text(): string {
    const length = this.varint()
    const bytes = this.data.subarray(this.at, this.at + length)
    this.at += length
    return utf8.decode(bytes)
  }

  private skip(tag: number): void {
    const wire = tag % 8
    if (wire === 0) this.varint()
    else if (wire === 2) this.at += this.varint()
    else throw new BatchError(`wire type ${wire} in a nested message`)
  }

  private grow(events: number): void {
    if (events <= this.capacity) return
    while (this.capacity < events) this.capacity *= 2
    this.kind = new Uint16Array(this.capacity)
    this.time = new Float64Array(this.capacity)
    for (let i = FIRST_COLUMN; i <= LAST_COLUMN; i++) this.columns[i] = new Float64Array(this.capacity)
  }
}
