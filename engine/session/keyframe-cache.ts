import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import { cacheDir } from '../paths'
import { ChunkFile } from '../store/chunks'
import { chunkBytes, ChunkType, fileHead } from '../store/format'
import { decodeKeyframe, encodeKeyframe } from '../store/keyframes'
import type { KeyframeEntry } from '../store/session-index'
import { makeRoom, used } from './cache-room'

type Add = (entry: Omit<KeyframeEntry, 'offset'>, image: Uint8Array) => void

/** So much of a file's beginning and end says which file it is, together with its size and its time. */
const IDENTITY_BYTES = 64 << 10

/**
 * Keyframes of a file that was recorded without: made once and kept in the user's cache as a file of nothing but keyframe chunks; in memory
 * where the cache cannot be written.
 */
export class KeyframeCache {
  private constructor(
    readonly entries: readonly KeyframeEntry[],
    private readonly payloads: (entry: KeyframeEntry) => Uint8Array | null
  ) {}

  /** `make` is called where they are not there yet, and adds them in the order of the file. */
  static open(session: string, make: (add: Add) => void): KeyframeCache {
    const file = cacheDir('keyframes', `${identityOf(session, 'keyframes')}.keyframes`)
    const kept = KeyframeCache.read(file)
    if (kept) return kept
    const memory: Uint8Array[] = []
    const entries: KeyframeEntry[] = []
    make((entry, image) => {
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

/** Writes whole or not at all; a cache that cannot be written is none. */
export function writeCache(file: string, type: number, payloads: readonly Uint8Array[]): void {
  const draft = `${file}.${process.pid}`
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    const fd = openSync(draft, 'w', 0o600)
    try {
      for (const bytes of [fileHead(), ...payloads.map((payload) => chunkBytes(type, payload))])
        for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, file)
    makeRoom(path.dirname(file), file)
  } catch {
    try {
      rmSync(draft, { force: true })
    } catch {
      return // where no folder can be, there is no draft either
    }
  }
}

/** Says which file it is, and what is kept of it. */
export function identityOf(session: string, what: string): string {
  const { size, mtimeMs } = statSync(session)
  const hash = createHash('sha256').update(`${what} 1 ${size} ${mtimeMs}`)
  const fd = openSync(session, 'r')
  try {
    const buffer = Buffer.alloc(IDENTITY_BYTES)
    for (const at of [0, Math.max(0, size - IDENTITY_BYTES)])
      hash.update(buffer.subarray(0, readSync(fd, buffer, 0, IDENTITY_BYTES, at)))
  } finally {
    closeSync(fd)
  }
  return hash.digest('hex').slice(0, 40)
}
