import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync
} from 'node:fs'
import path from 'node:path'
import { chunkBytes, fileHead } from '../store/format'

/** So much of one kind is kept in the user's cache: what was made of the sessions that were looked at last. */
export const CACHE_BYTES = 1 << 30
/** So much of a file's beginning and end says which file it is, together with its size and its time. */
const IDENTITY_BYTES = 64 << 10

/**
 * Removes files of a folder that were used longest ago until those that stay have no more than `limit` bytes; `kept`, which was just
 * written, stays. A file that another program is reading meanwhile is made again when it is needed.
 */
export function makeRoom(folder: string, kept: string, limit = CACHE_BYTES): void {
  const files = readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name)
    const stat = statSync(file, { throwIfNoEntry: false })
    return stat?.isFile() ? [{ file, bytes: stat.size, used: stat.mtimeMs }] : []
  })
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  for (const one of files.sort((a, b) => a.used - b.used)) {
    if (bytes <= limit) return
    if (one.file === kept) continue
    rmSync(one.file, { force: true })
    bytes -= one.bytes
  }
}

/** Says that a file of the cache was used now. */
export function used(file: string): void {
  const now = new Date()
  try {
    utimesSync(file, now, now)
  } catch {
    return // a cache that can only be read serves as well; it goes the sooner
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
