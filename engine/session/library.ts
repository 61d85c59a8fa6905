import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import type { RecentSession } from '../api'
import { dataDir } from '../paths'
import { EXIT, VascopeError } from '../problem'
import { SessionReader } from '../store/reader'
import { decodeFrame, num } from '../wire/messages'
import { activityOf } from './activity'
import { readAnnotations } from './annotations'

/** Where sessions go that were given no name. */
export function sessionsDir(): string {
  return dataDir('sessions')
}

/** A new name in the sessions folder: "2026-11-22-141530-vm-bind-churn-virtual.vascope". */
export function newSessionFile(title: string, board: string, now = new Date()): string {
  const clean = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60)
  const stamp = now.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '')
  try {
    mkdirSync(sessionsDir(), { recursive: true })
  } catch (error) {
    throw new VascopeError(
      'sessions-folder',
      `The sessions folder ${sessionsDir()} cannot be made: ${(error as Error).message}.`,
      'Make room or mend its permissions, or record to another file with --out.',
      EXIT.usage
    )
  }
  return path.join(sessionsDir(), `${stamp}-${[clean(title), clean(board)].filter(Boolean).join('-')}.vascope`)
}

/** The file that a name means: itself where it has a folder, else the session of that name in the sessions folder. As links name them. */
export function findSession(name: string): string {
  return path.basename(name) === name ? path.join(sessionsDir(), name) : name
}

const known = new Map<string, { stamp: string; session: RecentSession }>()

/**
 * The sessions of this machine, newest first, at most `limit`. Files that cannot be opened are left out, and `recording`, the one that
 * is being written.
 */
export function listSessions(recording: string | null = null, limit = 1000): RecentSession[] {
  let names: string[]
  try {
    names = readdirSync(sessionsDir()).filter((name) => name.endsWith('.vascope'))
  } catch {
    return [] // no folder yet: nothing was recorded
  }
  const sessions: RecentSession[] = []
  for (const name of names.sort().reverse().slice(0, limit)) {
    const file = path.join(sessionsDir(), name)
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found || file === recording) continue
    const { size, mtimeMs } = found
    const stamp = `${size} ${mtimeMs}`
    let entry = known.get(file)
    if (entry?.stamp !== stamp) {
      const session = describe(file, size)
      if (!session) continue
      known.set(file, (entry = { stamp, session }))
    }
    sessions.push(entry.session)
  }
  return sessions
}

/** Removes a session for good. Only what lies in the sessions folder, so that no other file can be named. */
export function deleteSession(file: string): void {
  const refuse = (why: string, remedy: string): never => {
    throw new VascopeError('session-delete', `${file} is not removed: ${why}.`, remedy, EXIT.usage)
  }
  if (path.dirname(path.resolve(file)) !== path.resolve(sessionsDir()) || !file.endsWith('.vascope'))
    refuse('it is no session of the sessions folder', 'Remove it with the file manager.')
  try {
    rmSync(file)
  } catch (error) {
    refuse((error as Error).message, 'Check the permissions of the sessions folder.')
  }
  known.delete(file)
}

/** Reads the head and the index only. */
function describe(file: string, bytes: number): RecentSession | null {
  let reader: SessionReader
  try {
    reader = new SessionReader(file)
  } catch {
    return null // opening it says why; a list is no place for that
  }
  try {
    const { head } = reader
    const { events, endNs } = reader.glance()
    const frame = reader.description()?.capabilities
    const { tags, note } = readAnnotations(file)
    const capabilities = frame ? decodeFrame(frame)?.capabilities : null
    return {
      file,
      title: head.title || path.basename(file),
      board: head.board ?? '',
      kernel: capabilities?.kernelRelease ?? '',
      started: num(head.startedRealtimeNs) / 1e9,
      seconds: Math.max(0, endNs - num(capabilities?.clock?.monotonicNs)) / 1e9,
      events,
      bytes,
      tags,
      note,
      activity: reader.indexed ? activityOf(reader.index()) : []
    }
  } finally {
    reader.close()
  }
}
