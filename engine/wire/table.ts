import { skip, varint, WireError, type Cursor } from './varint'

/**
 * Tables of numbers as columns, as the messages *Table of session.proto have them. A reader and writer of their own, as that of
 * EventBatch: an object per row or entry costs several times the decoding.
 *
 * plain: uint64. delta: sint64, the difference from the entry before, the first from 0. time: uint64 of seconds as ns: 0 where there is
 * none, else 1 + the zigzag of the difference from the newest entry that was not 0.
 */
export type ColumnKind = 'plain' | 'delta' | 'time'
/** Columns by name: field number and kind. */
export type TableSpec = Readonly<Record<string, readonly [field: number, kind: ColumnKind]>>
/** NaN stands for a time that there is none of. */
export type Columns<Spec extends TableSpec> = { [Name in keyof Spec]: Float64Array }

const NS = 1e9
/** More rows than any table has; what a file says must not become memory. */
const LIMIT = 1 << 24

/** Bytes that grow, written as protobuf's numbers. */
export class Bytes {
  data = new Uint8Array(4096)
  length = 0

  /** A whole number from 0 up, exact below 2^53. */
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

  /** A field of the wire type "length, then bytes". */
  field(number: number, bytes: Uint8Array): void {
    this.varint(number * 8 + 2)
    this.varint(bytes.length)
    this.bytes(bytes)
  }

  taken(): Uint8Array {
    return this.data.slice(0, this.length)
  }

  private room(more: number): void {
    const data = new Uint8Array(Math.max(this.data.length * 2, this.length + more))
    data.set(this.data.subarray(0, this.length))
    this.data = data
  }
}

/** A table as the message that session.proto says. Columns are read up to `count`. */
export function encodeTable<Spec extends TableSpec>(
  spec: Spec,
  count: number,
  columns: { [Name in keyof Spec]: ArrayLike<number> }
): Uint8Array {
  const out = new Bytes()
  const column = new Bytes()
  if (count > 0)
    for (const [name, [field, kind]] of Object.entries(spec)) {
      column.length = 0
      encodeColumn(column, kind, columns[name]!, count)
      out.field(field, column.data.subarray(0, column.length))
    }
  return out.taken()
}

function encodeColumn(out: Bytes, kind: ColumnKind, values: ArrayLike<number>, count: number): void {
  let before = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (kind === 'plain') out.varint(value)
    else if (kind === 'delta') {
      out.varint(zigzag(value - before))
      before = value
    } else if (!Number.isFinite(value)) out.varint(0)
    else {
      const ns = Math.round(value * NS)
      out.varint(1 + zigzag(ns - before))
      before = ns
    }
  }
}

/**
 * Reads a table; columns that it does not have are 0, or none for times. `only`: the columns that are wanted. Throws WireError where the
 * bytes are none.
 */
export function decodeTable<Spec extends TableSpec>(
  spec: Spec,
  bytes: Uint8Array,
  only?: readonly (keyof Spec)[]
): { count: number; columns: Columns<Spec> } {
  const found = new Map<number, Uint8Array>()
  const c: Cursor = { data: bytes, at: 0 }
  while (c.at < bytes.length) {
    const tag = varint(c)
    const from = c.at
    skip(c, tag)
    if (tag % 8 !== 2) continue
    const inner: Cursor = { data: bytes, at: from }
    const length = varint(inner)
    found.set(Math.floor(tag / 8), bytes.subarray(inner.at, inner.at + length))
  }
  let count = 0
  for (const [field] of Object.values(spec)) {
    const column = found.get(field)
    if (!column) continue
    for (const byte of column) if (byte < 0x80) count++
    break
  }
  if (count > LIMIT) throw new WireError(`a table of ${count} rows`)
  const columns: Record<string, Float64Array> = {}
  for (const [name, [field, kind]] of Object.entries(spec)) {
    if (only && !only.includes(name)) continue
    const column = found.get(field)
    columns[name] = column ? decodeColumn(column, kind, count) : new Float64Array(count).fill(kind === 'time' ? NaN : 0)
  }
  return { count, columns: columns as Columns<Spec> }
}

function decodeColumn(data: Uint8Array, kind: ColumnKind, count: number): Float64Array {
  const out = new Float64Array(count)
  let [at, before] = [0, 0]
  for (let i = 0; i < count; i++) {
    if (at >= data.length) throw new WireError('a column ends before its table')
    let byte = data[at++]!
    let value = byte & 0x7f
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      if (at >= data.length) throw new WireError('a number ends behind its column')
      byte = data[at++]!
      value += (byte & 0x7f) * scale
    }
    if (kind === 'plain') out[i] = value
    else if (kind === 'delta') out[i] = before += unzigzag(value)
    else if (value === 0) out[i] = NaN
    else out[i] = (before += unzigzag(value - 1)) / NS
  }
  return out
}

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2
}

function unzigzag(value: number): number {
  if (value < 0x80000000) return (value >>> 1) ^ -(value & 1)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
