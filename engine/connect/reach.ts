import type { Progress, Target } from './connection'
import { resolveTarget } from './ssh/config'
import { DEFAULT_BOARD, target, up } from './virtual/board'

/** The virtual board that a name means: "virtual" the default one, "virtual:NAME" another; null for an SSH target. */
export function virtualName(board: string): string | null {
  if (board === 'virtual') return DEFAULT_BOARD
  return board.startsWith('virtual:') ? board.slice('virtual:'.length) : null
}

/** Makes a board reachable: starts a virtual one (building it if need be), or reads the SSH configuration. */
export async function reach(board: string, options: { progress: Progress; signal: AbortSignal }): Promise<Target> {
  const name = virtualName(board)
  return name === null ? resolveTarget(board) : target(await up({ name, ...options }))
}
