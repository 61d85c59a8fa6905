import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cacheDir } from '../../paths'
import { EXIT, VascopeError } from '../../problem'
import type { Progress, Target } from '../connection'
import { chooseAccelerator } from './accelerator'
import { ensureImage, type Image, type Manifest, readImage } from './image'
import { withLock } from './lock'
import { type BoardProcess, findBoards } from './process'
import { bootArguments, consoleFile, deviceTreeFile, dumpArguments, QEMU } from './qemu'
import { sshArguments } from './ssh'
import { BOOT_TOOLS, requireTools, run } from './tools'

/** The name of the board that "virtual" alone means. */
export const DEFAULT_BOARD = 'default'

export interface RunningBoard {
  name: string
  pid: number
  /** On 127.0.0.1. */
  port: number
  image: Image
  /** Its runtime folder. */
  folder: string
}

export type BoardStatus = { name: string; state: 'running'; board: RunningBoard } | { name: string; state: 'stopped' }

export interface UpOptions {
  name?: string
  progress?: Progress
  signal?: AbortSignal
}

const READY = 'VASCOPE-BOARD-READY'
const FAILED = 'VASCOPE-BOARD-FAILED'
/** A loaded machine without hardware acceleration takes a minute. */
const BOOT_MS = 180_000
const LOGIN_MS = 60_000
const STOP_MS = 5_000
const PORT_ATTEMPTS = 5
const POLL_MS = 50

const runDir = (...parts: string[]): string => cacheDir('board', 'run', ...parts)
const qemuLog = (folder: string): string => path.join(folder, 'qemu.log')

/** Boots the board unless it runs already; resolves when a login over SSH works. It outlives the caller. */
export async function up(options: UpOptions = {}): Promise<RunningBoard> {
  const { signal, progress = () => undefined } = options
  const name = validName(options.name)
  requireTools(BOOT_TOOLS)
  const image = running(name) ? null : await ensureImage({ progress, signal })
  return locked(name, { progress, signal }, async () => {
    let board = running(name)
    if (!board) board = await boot(name, image ?? (await ensureImage({ progress, signal })), progress, signal)
    else await answering(board, () => findBoards(runDir(name)).length > 0, progress, signal)
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
    'Start it with `vascope board up`.'
  )
}

/** The running board, or an error that says how to start it. */
export function requireRunning(name?: string): RunningBoard {
  const current = status(name)
  if (current.state === 'running') return current.board
  throw new VascopeError(
    'virtual-board-stopped',
    `The virtual board "${current.name}" is not running.`,
    `Start it with \`vascope board up${current.name === DEFAULT_BOARD ? '' : ` --name ${current.name}`}\`.`
  )
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
    'board.kernel.package': manifest.kernel.package,
    'board.kernel.version': manifest.kernel.version,
    'board.kernel.suite': manifest.kernel.suite,
    'board.agent.sha256': manifest.agentSha256,
    'board.userland': manifest.userland,
    'board.image': image
  }
}

function hostKeyAlias(name: string): string {
  return `vascope-board-${name}`
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

function running(name: string): RunningBoard | null {
  const folder = runDir(name)
  const [found] = findBoards(folder)
  return found ? asRunning(name, folder, found) : null
}

function asRunning(name: string, folder: string, found: BoardProcess): RunningBoard {
  return { name, folder, pid: found.pid, port: found.port, image: readImage(found.image) }
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

async function boot(name: string, image: Image, progress: Progress, signal?: AbortSignal): Promise<RunningBoard> {
  const folder = runDir(name)
  mkdirSync(folder, { recursive: true })
  const accelerator = await chooseAccelerator(image.folder, signal)
  await makeDeviceTree(folder, image, accelerator, signal)
  progress('booting the virtual board', 0)

  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    rmSync(consoleFile(folder), { force: true })
    writeKnownHosts(folder, name, port, image)
    const child = launch(bootArguments({ image: image.folder, folder, port, accelerator }), folder)
    const board = asRunning(name, folder, { pid: child.pid ?? 0, port, image: image.folder })
    try {
      await answering(board, () => child.exitCode === null && child.signalCode === null, progress, signal)
      return board
    } catch (error) {
      child.kill('SIGKILL')
      // Somebody took the port between our look and QEMU's.
      const taken = readFileSync(qemuLog(folder), 'utf8').includes('Could not set up host forwarding')
      if (!taken || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

/** The machine's own device tree, with the board's hardware laid over it. */
async function makeDeviceTree(
  folder: string,
  image: Image,
  accelerator: 'tcg' | 'kvm',
  signal?: AbortSignal
): Promise<void> {
  const machine = path.join(folder, 'machine.dtb')
  const overlay = path.join(image.folder, 'board.dtbo')
  const steps: [string, string[]][] = [
    [QEMU, dumpArguments(accelerator, machine)],
    ['fdtoverlay', ['-i', machine, '-o', deviceTreeFile(folder), overlay]]
  ]
  for (const [program, args] of steps) {
    const { code, output } = await run(program, args, { signal })
    if (code !== 0)
      throw new VascopeError(
        'virtual-board-device-tree',
        `The virtual board's device tree could not be made: ${program} said "${output.trim()}".`,
        `Check that ${QEMU} is version 7.2 or later.`
      )
  }
}

function launch(args: string[], folder: string): ReturnType<typeof spawn> {
  const output = openSync(qemuLog(folder), 'w')
  try {
    const child = spawn(QEMU, args, { stdio: ['ignore', output, output], detached: true, cwd: '/' })
    child.unref()
    return child
  } finally {
    closeSync(output)
  }
}

function writeKnownHosts(folder: string, name: string, port: number, image: Image): void {
  const key = readFileSync(path.join(image.folder, 'keys', 'host.pub'), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ')
  writeFileSync(path.join(folder, 'known_hosts'), `${hostKeyAlias(name)},[127.0.0.1]:${port} ${key.trim()}\n`)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))
      )
    })
  })
}

/** Waits for the guest's word that the GPU is there, then for a login with the built key against the built host key. */
async function answering(
  board: RunningBoard,
  alive: () => boolean,
  progress: Progress,
  signal?: AbortSignal
): Promise<void> {
  const booted = Date.now() + BOOT_MS
  for (;;) {
    signal?.throwIfAborted()
    const text = existsSync(consoleFile(board.folder)) ? readFileSync(consoleFile(board.folder), 'utf8') : ''
    if (text.includes(READY)) break
    const failure = new RegExp(`${FAILED} (.*)`).exec(text)?.[1]
    if (failure) throw bootFailed(board, failure.trim())
    if (!alive()) throw bootFailed(board, readFileSync(qemuLog(board.folder), 'utf8').trim() || 'QEMU ended')
    if (Date.now() > booted) throw bootFailed(board, `no word from it within ${BOOT_MS / 1000} s`)
    await delay(POLL_MS)
  }
  progress('logging in', 0.9)
  const loggedIn = Date.now() + LOGIN_MS
  for (;;) {
    const { code, output } = await run('ssh', [...sshArguments(target(board)), 'true'], { signal, timeoutMs: LOGIN_MS })
    if (code === 0) return
    if (!alive() || Date.now() > loggedIn) throw bootFailed(board, `it refuses the login: ${output.trim()}`)
    await delay(POLL_MS)
  }
}

function bootFailed(board: RunningBoard, why: string): VascopeError {
  return new VascopeError(
    'virtual-board-boot-failed',
    `The virtual board "${board.name}" did not come up: ${why}`,
    `Read its console in ${consoleFile(board.folder)} and QEMU's output in ${qemuLog(board.folder)}.`
  )
}
