import { homedir } from 'node:os'
import path from 'node:path'

/** What can be made again: built boards, daemons, runtimes. */
export function cacheDir(...parts: string[]): string {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'vascope', ...parts)
}

/** What the user made: recorded sessions. */
export function dataDir(...parts: string[]): string {
  return path.join(process.env.XDG_DATA_HOME || path.join(homedir(), '.local', 'share'), 'vascope', ...parts)
}
