import { BatchDecoder, type DecodedBatch } from '../wire/batch'
import type { Schema } from '../wire/schema'

/** More batches of one time than any daemon sends; beyond it they go on as they are. */
const LIMIT = 256

/**
 * The batches of one time: a daemon sends its events in several, by the class that its queue drops them by, and says when the last of them
 * has come. Each is decoded into arrays of its own, since they are taken together.
 */
export class BatchGroup {
  private readonly decoders: BatchDecoder[] = []
  private readonly batches: DecodedBatch[] = []

  constructor(
    private readonly schema: Schema,
    private readonly origin: bigint
  ) {}

  get empty(): boolean {
    return this.batches.length === 0
  }

  /** Throws BatchError. The batch belongs to the group once it was added, and must be before the next is decoded. */
  decode(message: Uint8Array): DecodedBatch {
    return (this.decoders[this.batches.length] ??= new BatchDecoder(this.schema, this.origin)).decode(message)
  }

  /** Answers whether the group is complete. */
  add(batch: DecodedBatch): boolean {
    this.batches.push(batch)
    return !batch.more || this.batches.length === LIMIT
  }

  /** All events in the order of their times; of the same time, those that came first. The group is empty then. */
  take(event: (batch: DecodedBatch, index: number) => void): void {
    const { batches } = this
    if (batches.length === 1) for (let i = 0; i < batches[0]!.count; i++) event(batches[0]!, i)
    else {
      const next = new Int32Array(batches.length)
      for (;;) {
        let first = -1
        for (let b = 0; b < batches.length; b++) {
          if (next[b]! >= batches[b]!.count) continue
          if (first < 0 || batches[b]!.time[next[b]!]! < batches[first]!.time[next[first]!]!) first = b
        }
        if (first < 0) break
        event(batches[first]!, next[first]!++)
      }
    }
    batches.length = 0
  }
}
