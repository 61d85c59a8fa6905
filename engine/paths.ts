import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** What can be made again: built boards, daemons, runtimes. */
export function cacheDir(...parts: string[]): string {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'vascope', ...parts)
}

/** What the user set: boards that were added. `home`: of somebody else, for tests. */
export function configDir(home: string | null, ...parts: string[]): string {
  const base =
    home === null ? process.env.XDG_CONFIG_HOME || path.join(homedir(), '.config') : path.join(home, '.config')
  return path.join(base, 'vascope', ...parts)
}

/** What the user made: recorded sessions. */
export function dataDir(...parts: string[]): string {
  return path.join(process.env.XDG_DATA_HOME || path.join(homedir(), '.local', 'share'), 'vascope', ...parts)
}

/**
 * A file that comes with Vascope: from its folder when run from source, from the app's resources when packaged.
 * The code is bundled to different depths, so the root is the nearest folder above that holds Vascope's package.json.
 */
export function resource(...parts: string[]): string {
  let dir = process.env.VASCOPE_ROOT ?? import.meta.dirname
  while (!existsSync(path.join(dir, 'package.json'))) {
    const up = path.dirname(dir)
    if (up === dir) throw new Error(`no package.json above ${import.meta.dirname}`)
    dir = up
  }
  return path.join(dir, ...parts)
}
