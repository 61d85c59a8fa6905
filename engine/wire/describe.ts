import { readName, readTask, type NameFields, type TaskFields } from './announce'
import { Field } from './schema'
import { varint, skip, WireError, type Cursor } from './varint'

/** Field of Frame that a message has, by its first byte (wire type 2). */
export const FrameTag = {
  hello: 0x0a,
  capabilities: 0x12,
  events: 0x1a,
  snapshot: 0x22,
  scenario: 0x2a,
  log: 0x3a,
  heartbeat: 0x42,
  goodbye: 0x4a,
  loss: 0x52,
  checkpoint: 0x5a
} as const

/** In which field of a frame its time is. */
const TIME_FIELD: Record<number, number> = {
  [FrameTag.snapshot]: 6,
  [FrameTag.scenario]: 4,
  [FrameTag.log]: 2,
  [FrameTag.heartbeat]: 1,
  [FrameTag.checkpoint]: 2
}
const DELIVERED_FIELD = 3
const TOTALS_FIELD = 3

/**
 * What the store needs to know of a run of frames without decoding their events: how many of which kind, from when to when, and what
 * they announce. Times are nanoseconds of the board's CLOCK_MONOTONIC as doubles.
 */
export class FrameFacts {
  events = 0
  firstNs = Infinity
  lastNs = 0
  firstSeq = 0
  lastSeq = 0
  readonly counts = new Map<number, number>()
  readonly tasks: TaskFields[] = []
  readonly names: NameFields[] = []
  /** Latest time in any frame. */
  endNs = 0
  /** Events that the daemon says it had sent by then; newest. */
  delivered = 0
  goodbye = false

  /** Takes in one Frame message. Answers false where it is none; what it had already told stays. */
  add(frame: Uint8Array): boolean {
    const c: Cursor = { data: frame, at: 0 }
    try {
      const tag = varint(c)
      if (tag % 8 !== 2) return false
      const length = varint(c)
      if (c.at + length !== frame.length) return false
      const body = frame.subarray(c.at)
      if (tag === FrameTag.events) this.batch(body)
      else this.other(tag, body)
      return true
    } catch (error) {
      if (error instanceof WireError) return false
      throw error
    }
  }

  private other(frameTag: number, body: Uint8Array): void {
    const c: Cursor = { data: body, at: 0 }
    if (frameTag === FrameTag.goodbye) this.goodbye = true
    const time = TIME_FIELD[frameTag]
    while (c.at < body.length) {
      const tag = varint(c)
      const field = Math.floor(tag / 8)
      if (field === time && tag % 8 === 0) this.endNs = Math.max(this.endNs, varint(c))
      else if (frameTag === FrameTag.heartbeat && field === DELIVERED_FIELD && tag % 8 === 0) this.delivered = varint(c)
      else if (frameTag === FrameTag.goodbye && field === TOTALS_FIELD && tag % 8 === 2) {
        const length = varint(c)
        this.other(FrameTag.heartbeat, body.subarray(c.at, c.at + length))
        c.at += length
      } else skip(c, tag)
    }
  }

  private batch(message: Uint8Array): void {
    const c: Cursor = { data: message, at: 0 }
    let [seq, base] = [0, 0]
    let kind: Uint8Array | null = null
    let time: Uint8Array | null = null
    while (c.at < message.length) {
      const tag = varint(c)
      const field = Math.floor(tag / 8)
      if (tag % 8 === 0) {
        const value = varint(c)
        if (field === Field.seq) seq = value
        else if (field === Field.base) base = value
        continue
      }
      if (tag % 8 !== 2) throw new WireError(`wire type ${tag % 8}`)
      const length = varint(c)
      if (c.at + length > message.length) throw new WireError('a field ends behind the message')
      const bytes = message.subarray(c.at, c.at + length)
      if (field === Field.kind) kind = bytes
      else if (field === Field.time) time = bytes
      else if (field === Field.tasks) this.tasks.push(readTask(bytes))
      else if (field === Field.names) this.names.push(readName(bytes))
      c.at += length
    }
    if (seq > 0) {
      this.firstSeq ||= seq
      this.lastSeq = seq
    }
    if (!kind) return
    const before = this.events
    this.kinds(kind)
    if (this.events === before) return
    const last = base + sum(time ?? new Uint8Array(0))
    this.firstNs = Math.min(this.firstNs, base)
    this.lastNs = Math.max(this.lastNs, last)
    this.endNs = Math.max(this.endNs, last)
  }

  private kinds(bytes: Uint8Array): void {
    const { counts } = this
    let [run, runKind] = [0, -1]
    for (let at = 0; at < bytes.length; run++) {
      let kind = bytes[at++]!
      if (kind >= 0x80) {
        const c = { data: bytes, at: at - 1 }
        kind = varint(c)
        at = c.at
      }
      this.events++
      if (kind === runKind) continue
      if (run > 0) counts.set(runKind, (counts.get(runKind) ?? 0) + run)
      run = 0
      runKind = kind
    }
    if (run > 0) counts.set(runKind, (counts.get(runKind) ?? 0) + run)
  }
}

function sum(bytes: Uint8Array): number {
  let [total, value, scale] = [0, 0, 1]
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      total += value
      value = 0
      scale = 1
    } else scale *= 128
  }
  return total
}

/** EventBatch.seq of a Frame that holds a batch, without reading the rest; 0 where there is none. */
export function seqOf(frame: Uint8Array): number {
  const c: Cursor = { data: frame, at: 1 }
  try {
    varint(c)
    while (c.at < frame.length) {
      const tag = varint(c)
      if (tag === Field.seq << 3) return varint(c)
      skip(c, tag)
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
  }
  return 0
}
