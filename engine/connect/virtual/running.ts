import { existsSync } from 'node:fs'
import path from 'node:path'
import { cacheDir } from '../../paths'
import { VascopeError } from '../../problem'
import type { Target } from '../connection'
import { type Image, type Manifest, readImage } from './image'
import { type BoardProcess, findBoards } from './process'

/** The name of the board that "virtual" alone means. */
export const DEFAULT_BOARD = 'default'

export type BoardStatus = { name: string; state: 'running'; board: RunningBoard } | { name: string; state: 'stopped' }

export interface RunningBoard {
  name: string
  pid: number
  /** On 127.0.0.1. */
  port: number
  image: Image
  /** Its runtime folder. */
  folder: string
}

/** Where a board has its console, its logs and its known_hosts. */
export function runDir(...parts: string[]): string {
  return cacheDir('board', 'run', ...parts)
}

export function running(name: string): RunningBoard | null {
  const folder = runDir(name)
  const [found] = findBoards(folder)
  return found ? asRunning(name, folder, found) : null
}

export function asRunning(name: string, folder: string, found: BoardProcess): RunningBoard {
  if (!existsSync(path.join(found.image, 'manifest.json')))
    throw new VascopeError(
      'virtual-board-image-gone',
      `The virtual board "${name}" runs from ${found.image}, which has been removed with the key to log in.`,
      `Stop it with \`${command('down', name)}\` and start it again.`
    )
  return { name, folder, pid: found.pid, port: found.port, image: readImage(found.image) }
}

/** How to reach the board as an SSH target. Its host key is the one built into the image, so it is verified like any. */
export function target(board: RunningBoard): Target {
  const { manifest, id, folder } = board.image
  return {
    name: board.name === DEFAULT_BOARD ? 'virtual' : `virtual:${board.name}`,
    host: '127.0.0.1',
    port: board.port,
    user: 'root',
    identityFiles: [path.join(folder, 'keys', 'id_ed25519')],
    agent: null,
    knownHosts: [path.join(board.folder, 'known_hosts')],
    hostKeyAlias: hostKeyAlias(board.name),
    jump: null,
    emulated: true,
    facts: facts(manifest, id)
  }
}

function facts(manifest: Manifest, image: string): Record<string, string> {
  return {
    'board.kernel': manifest.kernel.variant,
    'board.kernel.package': manifest.kernel.package,
    'board.kernel.version': manifest.kernel.version,
    'board.kernel.suite': manifest.kernel.suite,
    'board.agent.sha256': manifest.agentSha256,
    'board.userland': manifest.userland,
    'board.image': image
  }
}

/** The command line that does something to a board, for remedies. */
export function command(verb: string, name: string): string {
  return `vascope board ${verb}${name === DEFAULT_BOARD ? '' : ` --name ${name}`}`
}

export function hostKeyAlias(name: string): string {
  return `vascope-board-${name}`
}
