import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { EXIT, VascopeError } from '../../problem'
import type { Progress } from '../connection'
import { boot, booted } from './boot'
import type { Image } from './image'
import { withLock } from './lock'
import { findBoards } from './process'
import { consoleFile, DEFAULT_CPUS, MAX_CPUS } from './qemu'
import { command, DEFAULT_BOARD, runDir, running, type RunningBoard } from './running'
import { BOOT_TOOLS, requireTools } from './tools'
import { ensureVariant } from './variant-image'
import { type Variant, wantedVariant } from './variant'

export { DEFAULT_BOARD, type RunningBoard, target } from './running'

export type BoardStatus = { name: string; state: 'running'; board: RunningBoard } | { name: string; state: 'stopped' }

export interface UpOptions {
  name?: string
  /** Default: the one the board is named after, else whatever runs, else mainline. */
  kernel?: Variant | undefined
  /** Processors, 1 to 8, of a board that is booted for this; one that runs keeps what it has. */
  cpus?: number | undefined
  progress?: Progress
  signal?: AbortSignal
}

const STOP_MS = 5_000
const POLL_MS = 50

/** Boots the board unless it runs already; resolves when SSH answers. It outlives the caller. */
export async function up(options: UpOptions = {}): Promise<RunningBoard> {
  const { signal, progress = () => undefined } = options
  const name = validName(options.name)
  const cpus = validCpus(options.cpus)
  const wanted = wantedVariant(name, options.kernel)
  requireTools(BOOT_TOOLS)
  const ensure = (): Promise<Image> => ensureVariant(wanted ?? 'mainline', { progress, signal })
  const image = running(name) ? null : await ensure()
  return locked(name, { progress, signal }, async () => {
    let board = running(name)
    if (board) {
      refuseOther(board, wanted)
      await booted(board, () => findBoards(runDir(name)).length > 0, signal)
    } else board = await boot(name, image ?? (await ensure()), cpus, progress, signal)
    progress('the virtual board is up', 1)
    return board
  })
}

/** Stops the board and waits until it is gone. Resolves to whether there was anything to stop. */
export async function down(name?: string): Promise<boolean> {
  const board = validName(name)
  return locked(board, {}, () => stop(board))
}

export function status(name?: string): BoardStatus {
  const valid = validName(name)
  const board = running(valid)
  return board ? { name: valid, state: 'running', board } : { name: valid, state: 'stopped' }
}

/** Every board that runs or has run. */
export function list(): BoardStatus[] {
  if (!existsSync(runDir())) return []
  return readdirSync(runDir(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => status(entry.name))
}

/** What the board wrote to its serial console since it was last started. */
export function log(name?: string): string {
  const valid = validName(name)
  const file = consoleFile(runDir(valid))
  if (existsSync(file)) return readFileSync(file, 'utf8')
  throw new VascopeError(
    'virtual-board-never-started',
    `The virtual board "${valid}" has never been started.`,
    `Start it with \`${command('up', valid)}\`.`
  )
}

/** The running board, or an error that says how to start it. */
export function requireRunning(name?: string): RunningBoard {
  const current = status(name)
  if (current.state === 'running') return current.board
  throw new VascopeError(
    'virtual-board-stopped',
    `The virtual board "${current.name}" is not running.`,
    `Start it with \`${command('up', current.name)}\`.`
  )
}

function validName(name = DEFAULT_BOARD): string {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return name
  throw new VascopeError(
    'virtual-board-name',
    `"${name}" cannot be the name of a virtual board.`,
    'Use up to 32 lower-case letters, digits and hyphens.',
    EXIT.usage
  )
}

function validCpus(cpus = DEFAULT_CPUS): number {
  if (Number.isInteger(cpus) && cpus >= 1 && cpus <= MAX_CPUS) return cpus
  throw new VascopeError(
    'virtual-board-cpus',
    `A virtual board cannot have ${cpus} processors.`,
    `Give it 1 to ${MAX_CPUS}.`,
    EXIT.usage
  )
}

function refuseOther(board: RunningBoard, wanted: Variant | null): void {
  const { variant } = board.image.manifest.kernel
  if (!wanted || wanted === variant) return
  throw new VascopeError(
    'virtual-board-other-kernel',
    `The virtual board "${board.name}" runs with the kernel ${variant}, not ${wanted}.`,
    `Stop it first with \`${command('down', board.name)}\`, or start another one with --name.`
  )
}

function locked<T>(
  name: string,
  work: { progress?: Progress; signal?: AbortSignal | undefined },
  then: () => Promise<T>
): Promise<T> {
  const waiting = (): void => work.progress?.(`waiting for another vascope that starts or stops "${name}"`, null)
  return withLock(runDir(`${name}.lock`), { signal: work.signal, waiting }, then)
}

async function stop(name: string): Promise<boolean> {
  const boards = findBoards(runDir(name))
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const { pid } of findBoards(runDir(name))) kill(pid, signal)
    const deadline = Date.now() + STOP_MS
    while (findBoards(runDir(name)).length && Date.now() < deadline) await delay(POLL_MS)
  }
  const [left] = findBoards(runDir(name))
  if (left)
    throw new VascopeError(
      'virtual-board-will-not-stop',
      `The virtual board "${name}" (process ${left.pid}) does not end.`,
      `Look at the process with \`ps -p ${left.pid}\`; it may wait for a disk that does not answer.`
    )
  return boards.length > 0
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // Gone already, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
