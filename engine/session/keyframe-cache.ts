import { cacheDir } from '../paths'
import { ChunkFile } from '../store/chunks'
import { ChunkType } from '../store/format'
import { decodeKeyframe, encodeKeyframe } from '../store/keyframes'
import type { KeyframeEntry } from '../store/session-index'
import { identityOf, used, writeCache } from './cache-room'

type Add = (entry: Omit<KeyframeEntry, 'offset'>, image: Uint8Array) => void

/**
 * Keyframes of a file that was recorded without: made once and kept in the user's cache as a file of nothing but keyframe chunks; in memory
 * where the cache cannot be written.
 */
export class KeyframeCache {
  private constructor(
    readonly entries: readonly KeyframeEntry[],
    private readonly payloads: (entry: KeyframeEntry) => Uint8Array | null
  ) {}

  /** `make` is run where they are not there yet, and adds them in the order of the file. Its steps are this one's. */
  static *open(session: string, make: (add: Add) => Generator<void, void>): Generator<void, KeyframeCache> {
    const file = cacheDir('keyframes', `${identityOf(session, 'keyframes')}.keyframes`)
    const kept = KeyframeCache.read(file)
    if (kept) return kept
    const memory: Uint8Array[] = []
    const entries: KeyframeEntry[] = []
    yield* make((entry, image) => {
      const whole = { ...entry, offset: memory.length }
      entries.push(whole)
      memory.push(encodeKeyframe(whole, image))
    })
    writeCache(file, ChunkType.Keyframe, memory)
    return KeyframeCache.read(file) ?? new KeyframeCache(entries, ({ offset }) => memory[offset] ?? null)
  }

  /** null where it is damaged or gone. */
  image(entry: KeyframeEntry): Uint8Array | null {
    try {
      const payload = this.payloads(entry)
      return payload && decodeKeyframe(payload, entry.offset).image()
    } catch {
      return null // an earlier one does as well
    }
  }

  private static read(file: string): KeyframeCache | null {
    let chunks: ChunkFile
    try {
      chunks = new ChunkFile(file)
    } catch {
      return null // not made yet
    }
    let damaged = false
    const entries: KeyframeEntry[] = []
    try {
      for (const { type, offset, payload } of chunks.walk(() => (damaged = true)))
        if (type === ChunkType.Keyframe) entries.push(decodeKeyframe(payload, offset).entry)
    } catch {
      damaged = true
    } finally {
      chunks.close()
    }
    if (damaged || entries.length === 0) return null
    used(file)
    return new KeyframeCache(entries, ({ offset }) => {
      const again = new ChunkFile(file)
      try {
        const chunk = again.chunkAt(offset)
        return chunk && Uint8Array.from(chunk.payload)
      } finally {
        again.close()
      }
    })
  }
}
