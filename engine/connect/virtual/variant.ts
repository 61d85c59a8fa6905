import { EXIT, VascopeError } from '../../problem'

/**
 * Whose rules the kernel-managed VMs of a board follow: Debian's own kernel, which counts handles; the weak-reference patch; or
 * the loop of hard references that the patch avoids. The patches of the last two are in board/kernels/.
 */
export const VARIANTS = ['mainline', 'weakref', 'hardref'] as const
export type Variant = (typeof VARIANTS)[number]

/** A kernel by the name that the user typed. */
export function asVariant(text: string): Variant {
  const variant = VARIANTS.find((known) => known === text)
  if (variant) return variant
  throw new VascopeError(
    'virtual-board-kernel',
    `"${text}" is no kernel of the virtual board.`,
    `Use one of ${VARIANTS.join(', ')}.`,
    EXIT.usage
  )
}

/**
 * The kernel that a board is to have, null where any will do: the one asked for, else the one that the board is named after.
 * That makes `--board virtual:weakref` all there is to say.
 */
export function wantedVariant(name: string, asked?: Variant): Variant | null {
  const named = VARIANTS.find((known) => known === name) ?? null
  if (!asked || !named || asked === named) return asked ?? named
  throw new VascopeError(
    'virtual-board-kernel',
    `A virtual board named "${name}" has the kernel ${named}, not ${asked}.`,
    'Give the board another name.',
    EXIT.usage
  )
}
