import type { Board, OwnBoard } from '../api'
import { virtualName } from '../connect/reach'
import { describeHost, listHosts, ownBoards } from '../connect/ssh/config'
import { hostBlock } from '../connect/ssh/own-boards'
import { DEFAULT_BOARD, list } from '../connect/virtual/board'
import { VARIANTS, type Variant } from '../connect/virtual/variant'
import { EXIT, VascopeError } from '../problem'

/** What the kernel-managed VMs of each kernel do (board/kernels). */
const RULE_OF_KERNEL: Record<Variant, string> = {
  mainline: 'kernel-managed VMs count handles',
  weakref: 'kernel-managed VMs hold weak references',
  hardref: 'kernel-managed VMs hold hard references, and leak'
}

/** Boards that a user may choose: the virtual ones, those that were added by form, and the hosts of ~/.ssh/config. */
export async function listBoards(): Promise<Board[]> {
  const own = ownBoards().list()
  const hosts = await listHosts()
  return [
    ...virtualBoards(),
    ...own.map((one): Board => sshBoard(one.name, describeHost(one.name), one)),
    ...hosts.filter(({ name }) => !own.some((one) => one.name === name)).map((h) => sshBoard(h.name, h.detail))
  ]
}

function virtualBoards(): Board[] {
  const found = list()
  const offered: string[] = [DEFAULT_BOARD, ...VARIANTS.filter((kernel) => kernel !== 'mainline')]
  const names = new Set([...offered, ...found.filter(({ state }) => state === 'running').map(({ name }) => name)])
  return [...names].map((name): Board => {
    const board = found.find((one) => one.name === name)
    const named = VARIANTS.find((kernel) => kernel === name) ?? 'mainline'
    const kernel = board?.state === 'running' ? board.board.image.manifest.kernel.variant : named
    return {
      id: name === DEFAULT_BOARD ? 'virtual' : `virtual:${name}`,
      kind: 'virtual',
      title: name === DEFAULT_BOARD ? 'Virtual board' : `Virtual board ${name}`,
      detail:
        'QEMU aarch64 with Debian’s own kernel and msm on emulated hardware. Real drm_gpuvm, nothing is rendered.',
      rule: RULE_OF_KERNEL[kernel],
      state: board?.state ?? 'stopped'
    }
  })
}

function sshBoard(name: string, detail: string, own?: OwnBoard): Board {
  return { id: name, kind: 'ssh', title: name, detail, ...(own && { own }) }
}

/** What would be written for a board, and where. Throws a VascopeError that names the field which is wrong. */
export async function boardBlock(board: OwnBoard, before: string | null): Promise<{ text: string; file: string }> {
  const boards = ownBoards()
  boards.check(board, before, await hostNames())
  return { text: hostBlock(board), file: boards.file }
}

/** Adds a board to Vascope's own file, or changes the one that was called `before`. */
export async function saveBoard(board: OwnBoard, before: string | null): Promise<void> {
  ownBoards().save(board, before, await hostNames())
}

/** Takes a board out of Vascope's own file. */
export function removeBoard(name: string): void {
  ownBoards().remove(name)
}

/** Names that ~/.ssh/config gives a meaning. */
async function hostNames(): Promise<string[]> {
  return (await listHosts()).map(({ name }) => name)
}

/** The name of a virtual board. Throws for any other. */
export function nameOfVirtual(board: string): string {
  const name = virtualName(board)
  if (name !== null) return name
  throw new VascopeError(
    'not-virtual',
    `${board} is not a virtual board.`,
    'Only virtual boards are started and stopped here.',
    EXIT.usage
  )
}
