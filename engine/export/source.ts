import { createHash } from 'node:crypto'
import { SessionReader } from '../store/reader'
import { eventContext } from '../store/events'
import { gapsOf } from '../store/loss'
import { big, decodeFrame, SessionHead, TraceLevel, type Capabilities, type SessionHeadFields } from '../wire/messages'
import type { Schema } from '../wire/schema'

/** A session file to be read through once, chunk by chunk. */
export class Source {
  readonly reader: SessionReader
  readonly schema: Schema
  /** ns of the board's CLOCK_MONOTONIC at time 0. */
  readonly origin: bigint
  /** ns of the real-time clock at time 0; null where the board did not say. */
  readonly realtime: bigint | null
  readonly pageSize: number
  readonly capabilities: Capabilities
  readonly head: SessionHeadFields
  /** The same for every copy of a session: 16 hex digits of what describes it. */
  readonly id: string

  /** Throws VascopeError where the file cannot be read, or says nothing of its events. */
  constructor(readonly file: string) {
    this.reader = new SessionReader(file)
    try {
      const { schema, origin, pageSize } = eventContext(this.reader)
      this.schema = schema
      this.origin = origin
      this.pageSize = pageSize
      const frame = this.reader.description()!.capabilities!
      this.capabilities = decodeFrame(frame)!.capabilities as Capabilities
      this.head = this.reader.head
      const realtime = big(this.capabilities.clock?.realtimeNs) || big(this.head.startedRealtimeNs)
      this.realtime = realtime > 0n ? realtime : null
      const { startedRealtimeNs, board, title } = this.head
      const identity = SessionHead.encode({ startedRealtimeNs, board, title }).finish()
      this.id = createHash('sha256').update(identity).update(frame).digest('hex').slice(0, 16)
    } catch (error) {
      this.reader.close()
      throw error
    }
  }

  close(): void {
    this.reader.close()
  }

  /** Calls back with every frame; steps after each chunk, so that who writes can wait. Damage is told with the events that it cost. */
  *chunks(
    onFrame: (frame: Uint8Array) => void,
    damaged: (events: number, from: number, to: number) => void
  ): Generator<void> {
    const index = this.reader.index()
    const gaps = gapsOf(index)
    const tell = (at: number): void => {
      for (const gap of gaps)
        if (gap.at === at) damaged(gap.events, Math.max(0, this.seconds(gap.fromNs)), this.seconds(gap.toNs))
    }
    for (const [at, entry] of index.chunks.entries()) {
      tell(at)
      if (!this.reader.framesOf(entry, onFrame))
        damaged(entry.events, this.seconds(entry.firstNs), this.seconds(entry.lastNs))
      yield
    }
    tell(index.chunks.length)
  }

  seconds(ns: number): number {
    return (ns - Number(this.origin)) / 1e9
  }

  /** "2026-11-22", of UTC; "unknown" where the board's clock is not known. */
  get date(): string {
    return this.startedAt?.slice(0, 10) ?? 'unknown'
  }

  /** ISO 8601, UTC. */
  get startedAt(): string | null {
    return this.realtime === null ? null : new Date(Number(this.realtime / 1_000_000n)).toISOString()
  }

  get traceLevel(): string {
    const name = TraceLevel[this.capabilities.traceLevel ?? 0] ?? ''
    return name.replace('TRACE_LEVEL_', '').toLowerCase().replace('unspecified', 'unknown')
  }

  /** What of the file could not be read or was never written; known after all chunks were read. */
  damageText(): string | null {
    const { damage } = this.reader
    return damage.length === 0 ? null : `${damage[0]!.text} at byte ${damage[0]!.offset}`
  }
}
