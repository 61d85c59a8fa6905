import { VascopeError } from '../problem'
import type { Progress, Target } from './connection'
import { resolveTarget } from './ssh/config'
import { target, up } from './virtual'

/** "virtual" is the board named "default", "virtual:NAME" another; anything else is an SSH target. */
export function virtualName(board: string): string | null {
  if (board === 'virtual') return 'default'
  return board.startsWith('virtual:') ? board.slice('virtual:'.length) : null
}

/** Makes a board reachable: starts a virtual one (building it if need be), or reads the SSH configuration. */
export async function reach(board: string, options: { progress: Progress; signal: AbortSignal }): Promise<Target> {
  const name = virtualName(board)
  if (name === null) return resolveTarget(board)
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name))
    throw new VascopeError('board-name', `"${name}" cannot be the name of a virtual board.`, 'Use letters, digits and dashes, at most 32.', 2)
  return target(await up({ name, ...options }))
}
