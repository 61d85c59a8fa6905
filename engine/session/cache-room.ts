import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import path from 'node:path'

/** So much of one kind is kept in the user's cache: what was made of the sessions that were looked at last. */
export const CACHE_BYTES = 1 << 30

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
