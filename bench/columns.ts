import { DELTA_COLUMNS, Field, FIRST_COLUMN, LAST_COLUMN, MORE, type Schema } from '../engine/wire/schema'

/** Bytes that grow, written as protobuf's numbers. */
class Bytes {
  data = new Uint8Array(4096)
  length = 0

  varint(value: number): void {
    if (this.length + 10 > this.data.length) this.room(10)
    const { data } = this
    let rest = value
    while (rest >= 0x80) {
      data[this.length++] = (rest % 0x80) | 0x80
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80)
    }
    data[this.length++] = rest
  }

  bytes(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.data.length) this.room(bytes.length)
    this.data.set(bytes, this.length)
    this.length += bytes.length
  }

  private room(more: number): void {
    const data = new Uint8Array(Math.max(this.data.length * 2, this.length + more))
    data.set(this.data.subarray(0, this.length))
    this.data = data
  }
}

/** Encodes EventBatch frames column by column, as the daemon does: a Frame is a batch of events in their order. */
export class BatchEncoder {
  /** The fields of the event that is added next, by number. */
  readonly row = new Float64Array(LAST_COLUMN + 1)
  events = 0
  firstNs = 0
  private lastNs = 0
  private readonly kind = new Bytes()
  private readonly time = new Bytes()
  private readonly columns: Bytes[] = []
  private readonly previous = new Float64Array(LAST_COLUMN + 1)
  private readonly delta = Array.from({ length: LAST_COLUMN + 1 }, (_, field) => DELTA_COLUMNS.has(field))
  private readonly announced = new Bytes()
  private readonly columnsOf: (readonly number[])[] = []

  constructor(schema: Schema) {
    for (let field = FIRST_COLUMN; field <= LAST_COLUMN; field++) this.columns[field] = new Bytes()
    for (const { kind, columns } of schema.values()) this.columnsOf[kind] = columns
  }

  add(kind: number, ns: number): void {
    if (this.events === 0) this.firstNs = this.lastNs = ns
    this.events++
    this.kind.varint(kind)
    this.time.varint(ns - this.lastNs)
    this.lastNs = ns
    for (const field of this.columnsOf[kind] ?? []) {
      const value = this.row[field]!
      if (this.delta[field]) {
        const difference = value - this.previous[field]!
        this.previous[field] = value
        this.columns[field]!.varint(difference < 0 ? -difference * 2 - 1 : difference * 2)
      } else this.columns[field]!.varint(value)
    }
  }

  /** An encoded Task (field 3) or Name (field 4) that this batch uses first. */
  announce(field: typeof Field.tasks | typeof Field.names, message: Uint8Array): void {
    this.announced.varint((field << 3) | 2)
    this.announced.varint(message.length)
    this.announced.bytes(message)
  }

  /** The Frame of what was added, and an empty batch again. `more`: the next one has events of the same time. */
  finish(seq: number, more = false): Uint8Array {
    const body = new Bytes()
    body.varint(Field.seq << 3)
    body.varint(seq)
    body.varint(Field.base << 3)
    body.varint(this.firstNs)
    body.bytes(this.announced.data.subarray(0, this.announced.length))
    this.announced.length = 0
    const column = (field: number, bytes: Bytes): void => {
      if (bytes.length === 0) return
      body.varint((field << 3) | 2)
      body.varint(bytes.length)
      body.bytes(bytes.data.subarray(0, bytes.length))
      bytes.length = 0
    }
    column(Field.kind, this.kind)
    column(Field.time, this.time)
    for (let field = FIRST_COLUMN; field <= LAST_COLUMN; field++) column(field, this.columns[field]!)
    if (more) {
      body.varint(MORE << 3)
      body.varint(1)
    }
    this.previous.fill(0)
    this.events = 0
    const frame = new Bytes()
    frame.varint((3 << 3) | 2)
    frame.varint(body.length)
    frame.bytes(body.data.subarray(0, body.length))
    return frame.data.subarray(0, frame.length)
  }
}
