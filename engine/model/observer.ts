import type { DecodedBatch } from '../wire/batch'
import type { Checkpoint, Snapshot } from '../wire/messages'
import type { Schema } from '../wire/schema'

/** One event of a batch, without an object for each: the same cursor moves over all of them. */
export class EventCursor {
  kind = 0
  /** Seconds. */
  time = 0
  private batch: DecodedBatch | null = null
  private at = 0
  private columns: readonly number[] = []

  constructor(private readonly schema: () => Schema) {}

  move(batch: DecodedBatch, index: number, time: number): void {
    this.batch = batch
    this.at = index
    this.time = time
    if (batch.kind[index] === this.kind && this.columns.length > 0) return
    this.kind = batch.kind[index]!
    this.columns = this.schema().get(this.kind)?.columns ?? []
  }

  /** A column that the kind always has. */
  get(field: number): number {
    return this.batch!.columns[field]![this.at]!
  }

  /** A column that older daemons do not send for this kind. */
  optional(field: number, absent: number): number {
    return this.columns.includes(field) ? this.get(field) : absent
  }
}

/** Who looks on while a session is built: each event before the state takes it in, and what else the stream says. */
export interface Observer {
  event(e: EventCursor): void
  /** A snapshot is complete in all of its parts; the state has not taken it in. Times are those of the walk. */
  snapshot(parts: readonly Snapshot[], begin: number, end: number, complete: boolean): void
  /** Events between these times are missing. */
  lost(first: number, last: number): void
  checkpoint(checkpoint: Checkpoint, time: number): void
  /** The board's clock has reached this, whether or not anything happened. */
  clock(time: number): void
}
