import type { Progress, Target } from './connection'
import { resolveTarget } from './ssh/config'
import { DEFAULT_BOARD, target, up } from './virtual/board'
import { asVariant, type Variant } from './virtual/variant'

/** "virtual" is the default board, "virtual:NAME" another, "virtual:NAME:KERNEL" one with that kernel; null for an SSH target. */
function virtual(board: string): { name: string; kernel?: Variant } | null {
  const [scheme, name = DEFAULT_BOARD, ...kernel] = board.split(':')
  if (scheme !== 'virtual') return null
  return kernel.length ? { name, kernel: asVariant(kernel.join(':')) } : { name }
}

/** The name of the virtual board that is meant; null for an SSH target. */
export function virtualName(board: string): string | null {
  return virtual(board)?.name ?? null
}

/** Makes a board reachable: starts a virtual one (building it if need be), or reads the SSH configuration. */
export async function reach(board: string, options: { progress: Progress; signal: AbortSignal }): Promise<Target> {
  const wanted = virtual(board)
  return wanted ? target(await up({ ...wanted, ...options })) : resolveTarget(board)
}
