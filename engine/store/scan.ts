import { FrameFacts } from '../wire/describe'
import { eachMessage } from '../wire/frames'
import type { Chunk, ChunkFile, Damage } from './chunks'
import { ChunkType } from './format'
import { decodeKeyframe } from './keyframes'
import { decodeOverview } from './overviews'
import { decodeContext, type Context } from './context'
import {
  announce,
  decodeIndexPart,
  decodeSummary,
  entryOf,
  newIndex,
  type Index,
  type IndexEntry
} from './session-index'

/** What a file still says, found by reading all or a part of it. */
export interface Scan {
  index: Index
  /** Offsets of the frames chunks that can be read. */
  sound: Set<number>
  damage: Damage[]
  context: Context | null
}

/**
 * Makes an index again from all that a file still has: summaries where they are sound, else the frames themselves, and indexes that
 * were written before. Entries of damaged chunks stay in it, so that their loss is known.
 */
export class Scanner {
  private readonly index = newIndex()
  private readonly old = newIndex()
  private readonly sound = new Set<number>()
  private readonly damage: Damage[] = []
  private readonly entries = new Map<number, IndexEntry>()
  private context: Context | null = null
  /** Offset of a frames chunk whose summary was not met yet. */
  private bare = -1
  private events = 0

  constructor(private readonly file: ChunkFile) {}

  run(from?: number, to?: number): Scan {
    for (const chunk of this.file.walk((d) => this.damage.push(d), from, to)) {
      try {
        this.take(chunk)
      } catch (error) {
        const text = `a chunk that cannot be decoded: ${(error as Error).message}`
        this.damage.push({ offset: chunk.offset, bytes: chunk.end - chunk.offset, text })
      }
    }
    this.describe()
    return { index: this.merged(), sound: this.sound, damage: this.damage, context: this.context }
  }

  private take({ type, offset, payload }: Chunk): void {
    if (type === ChunkType.Frames) {
      this.describe()
      this.sound.add(offset)
      this.bare = offset
    } else if (type === ChunkType.Summary) {
      const own = Buffer.from(payload)
      const entry = decodeSummary(own, this.index)
      if (entry?.offset === this.bare) this.bare = -1
      this.describe()
      if (!entry) return
      this.entries.set(entry.offset, entry)
      this.events = Math.max(this.events, entry.before + entry.events)
    } else if (type === ChunkType.Index) decodeIndexPart(payload, this.old)
    else if (type === ChunkType.Keyframe) this.index.keyframes.push(decodeKeyframe(payload, offset).entry)
    else if (type === ChunkType.Overview) this.index.overviews.push(decodeOverview(payload, offset).entry)
    else if (type === ChunkType.Context) this.context = decodeContext(payload)
  }

  /** Reads the frames of a chunk that has no summary. */
  private describe(): void {
    if (this.bare < 0) return
    const chunk = this.file.chunkAt(this.bare)
    this.bare = -1
    if (!chunk) return // it was sound a moment ago: the file is being changed
    const { index } = this
    const facts = new FrameFacts()
    eachMessage(chunk.payload, (message) => void facts.add(message))
    this.entries.set(chunk.offset, entryOf(facts, chunk.offset, chunk.payload.length, this.events))
    // what the daemon counted is more than what is here where something before is lost
    this.events = Math.max(this.events + facts.events, facts.delivered)
    announce(index, facts.tasks, facts.names)
    index.endNs = Math.max(index.endNs, facts.endNs)
    if (facts.goodbye) index.complete = true
  }

  /** Joins what was seen with what an index that was found says: it may know more of chunks that are damaged. */
  private merged(): Index {
    const { index, old, entries } = this
    for (const entry of old.chunks) {
      const counts = entry.counts ?? entries.get(entry.offset)?.counts ?? null // 1.0 does not say
      entries.set(entry.offset, { ...entry, counts })
    }
    index.chunks = [...entries.values()].sort((a, b) => a.offset - b.offset)
    announce(index, old.tasks.values(), old.names.values())
    index.events = Math.max(this.events, old.events)
    index.unwritten = old.unwritten
    index.complete ||= old.complete
    index.endNs = Math.max(index.endNs, old.endNs)
    // an index that was written at the end, and a goodbye, say how much there was
    index.openEnd = old.chunks.length > 0 ? old.openEnd : !index.complete
    return index
  }
}
