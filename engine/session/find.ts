import { Gone } from '../model/gone'
import { SnapshotParts } from '../model/parts'
import { Reason } from '../model/state'
import { eventContext } from '../store/events'
import type { SessionReader } from '../store/reader'
import { BatchDecoder, BatchError, type DecodedBatch } from '../wire/batch'
import { FrameTag } from '../wire/describe'
import { big, decodeFrame, eventsOf, num, type Snapshot } from '../wire/messages'
import { Field, Kind } from '../wire/schema'

/** A mapping that covered an address. Times are seconds of the session, addresses and sizes bytes. */
export interface Covering {
  va: number
  vm: number
  /** 0: MAP_NULL. */
  bo: number
  iova: bigint
  bytes: number
  offset: bigint
  /** False: a snapshot found it, so it is older than `start`. */
  traced: boolean
  start: number
  /** null while it lives. */
  end: number | null
  /** TeardownReason; null where it lives, or where its end was lost and a snapshot showed that it had gone. */
  reason: number | null
  /** Task that removed it, 0 where nobody saw. */
  by: number
}

/**
 * Every mapping that ever covered an address, of one VM or of all, in the order of their starts; read in one pass, with memory for nothing
 * but what is found. Throws VascopeError where the file does not say what its events mean.
 */
export function findCovering(reader: SessionReader, address: bigint, vm?: number): Covering[] {
  const search = new Search(reader, address, vm)
  reader.frames((frame) => search.take(frame))
  return search.found.sort((a, b) => a.start - b.start)
}

class Search {
  readonly found: Covering[] = []
  private readonly decoder: BatchDecoder
  private readonly page: number
  private readonly pageSize: number
  private readonly origin: bigint
  private readonly reasons: boolean
  /** Those found that live, by VA. */
  private readonly live = new Map<number, Covering>()
  /** All VAs found: ids are never given again. */
  private readonly known = new Map<number, Covering>()
  private readonly gone = new Gone()
  /** VAs that the snapshot which comes has shown. */
  private readonly shown = new Set<number>()
  private readonly parts = new SnapshotParts()
  /** As the model's: events were lost, and no complete snapshot has come since. */
  private uncertain = false
  private lossUntil = -Infinity
  private nextSeq = 1
  private newest = -Infinity
  /** Without events snapshots are all there is. */
  private readonly alone: boolean

  constructor(
    reader: SessionReader,
    address: bigint,
    private readonly vm: number | undefined
  ) {
    const { schema, origin, pageSize } = eventContext(reader)
    this.decoder = new BatchDecoder(schema, origin)
    this.origin = origin
    this.pageSize = pageSize
    this.page = Number(address / BigInt(pageSize))
    this.alone = !schema.has(Kind.VaInsert)
    this.reasons = schema.get(Kind.VaRemove)?.columns.includes(Field.reason) ?? false
  }

  take(frame: Uint8Array): void {
    const message = eventsOf(frame)
    if (message) {
      try {
        this.batch(this.decoder.decode(message))
      } catch (error) {
        if (!(error instanceof BatchError)) throw error // vascope info says that it is faulty
      }
    } else if (frame[0] === FrameTag.snapshot) {
      const snapshot = decodeFrame(frame)?.snapshot
      if (snapshot) this.snapshot(snapshot as Snapshot)
    } else if (frame[0] === FrameTag.loss) {
      const loss = decodeFrame(frame)?.loss
      if (loss) this.lose(this.seconds(big(loss.lastNs)))
    }
  }

  private seconds(ns: bigint): number {
    return Number(ns - this.origin) / 1e9
  }

  private lose(until: number): void {
    this.uncertain = true
    this.lossUntil = Math.max(this.lossUntil, until)
  }

  private batch({ seq, count, kind, time, columns }: DecodedBatch): void {
    const { page, vm } = this
    if (seq > this.nextSeq) this.lose(count > 0 ? time[0]! / 1e9 : this.newest)
    this.nextSeq = seq + 1
    if (count > 0) this.newest = Math.max(this.newest, time[count - 1]! / 1e9)
    const value = (field: number, i: number): number => columns[field]![i]!
    for (let i = 0; i < count; i++) {
      if (kind[i] === Kind.VaInsert) {
        const iova = value(Field.iova, i)
        if (iova > page || iova + value(Field.range, i) <= page || (vm !== undefined && value(Field.vm, i) !== vm))
          continue
        const seen = this.known.get(value(Field.va, i))
        if (seen) {
          // the snapshot that found it came in before this
          if (!seen.traced) Object.assign(seen, { traced: true, start: time[i]! / 1e9 })
          continue
        }
        const [owner, bo] = [value(Field.vm, i), value(Field.bo, i)]
        this.add(
          value(Field.va, i),
          owner,
          bo,
          iova,
          value(Field.range, i),
          value(Field.offset, i),
          time[i]! / 1e9,
          true
        )
      } else if (kind[i] === Kind.VaRemove) {
        const va = value(Field.va, i)
        const one = this.live.get(va)
        if (!one) {
          if (!this.known.has(va)) this.gone.add(va, time[i]! / 1e9)
          continue
        }
        one.end = time[i]! / 1e9
        one.reason = this.reasons ? value(Field.reason, i) : Reason.none
        one.by = value(Field.task, i)
        this.live.delete(va)
      }
    }
  }

  private add(
    va: number,
    vm: number,
    bo: number,
    iova: number,
    pages: number,
    offset: number,
    start: number,
    traced: boolean
  ): void {
    const size = BigInt(this.pageSize)
    const one: Covering = {
      ...{ va, vm, bo, traced, start },
      iova: BigInt(iova) * size,
      bytes: pages * this.pageSize,
      offset: BigInt(offset) * size,
      end: null,
      reason: null,
      by: 0
    }
    this.found.push(one)
    this.known.set(va, one)
    this.live.set(va, one)
  }

  /** What a walk of the kernel's lists shows and no event told: mappings of before tracing, and of a loss. */
  private snapshot(part: Snapshot): void {
    const { parts } = this
    parts.take(part)
    if (parts.first) this.shown.clear()
    const begin = this.seconds(big(part.beginNs))
    for (const v of part.vas) {
      const [va, vm, iova, pages] = [num(v.id), num(v.vm), num(v.iova), num(v.range)]
      if (iova > this.page || iova + pages <= this.page || (this.vm !== undefined && vm !== this.vm)) continue
      this.shown.add(va)
      if (this.known.has(va) || this.gone.since(va, begin)) continue
      this.add(va, vm, num(v.bo), iova, pages, num(v.offset), begin, false)
    }
    if (!part.last) return
    // after a loss, one that a complete walk does not show has gone, and its end was lost
    const whole = (part.complete ?? false) && parts.all && begin >= this.lossUntil
    if ((this.alone && parts.all) || (this.uncertain && whole))
      for (const one of this.live.values())
        if (one.start < begin && !this.shown.has(one.va)) {
          one.end = begin
          this.live.delete(one.va)
        }
    if (whole) this.uncertain = false
    this.gone.forget(this.seconds(big(part.endNs)))
  }
}
