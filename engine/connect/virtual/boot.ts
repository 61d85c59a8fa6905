import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { VascopeError } from '../../problem'
import type { Progress } from '../connection'
import { chooseAccelerator } from './accelerator'
import type { Image } from './image'
import { type Accelerator, bootArguments, consoleFile, deviceTreeFile, dumpArguments, QEMU } from './qemu'
import { asRunning, command, hostKeyAlias, runDir, type RunningBoard, target } from './running'
import { sshArguments } from './ssh'
import { run } from './tools'

const READY = 'VASCOPE-BOARD-READY'
const FAILED = 'VASCOPE-BOARD-FAILED'
/** A board that panics starts anew, as boards do; before it was up once, that is its end. */
const PANIC = 'Kernel panic'
/** A loaded machine without hardware acceleration takes a minute. */
const BOOT_MS = 180_000
const LOGIN_MS = 60_000
const PORT_ATTEMPTS = 5
const POLL_MS = 50

const qemuLog = (folder: string): string => path.join(folder, 'qemu.log')

/** Starts QEMU, which outlives the caller, and resolves when a login works. When that fails, QEMU is ended. */
export async function boot(
  name: string,
  image: Image,
  cpus: number,
  progress: Progress,
  signal?: AbortSignal
): Promise<RunningBoard> {
  const folder = runDir(name)
  mkdirSync(folder, { recursive: true })
  const accelerator = await chooseAccelerator(image.folder, signal)
  await makeDeviceTree(folder, image, accelerator, cpus, signal)
  progress('booting the virtual board', 0)

  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    rmSync(consoleFile(folder), { force: true })
    writeKnownHosts(folder, name, port, image)
    const child = launch(bootArguments({ image: image.folder, folder, port, accelerator, cpus }), folder)
    const board = asRunning(name, folder, { pid: child.pid ?? 0, port, image: image.folder })
    try {
      const alive = (): boolean => child.exitCode === null && child.signalCode === null
      await booted(board, alive, signal)
      progress('logging in', 0.9)
      await loggedIn(board, alive, signal)
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
  accelerator: Accelerator,
  cpus: number,
  signal?: AbortSignal
): Promise<void> {
  const machine = path.join(folder, 'machine.dtb')
  const overlay = path.join(image.folder, 'board.dtbo')
  const steps: [string, string[]][] = [
    [QEMU, dumpArguments(accelerator, cpus, machine)],
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

/** Waits for the guest's word that the GPU and the SSH server are there. */
export async function booted(board: RunningBoard, alive: () => boolean, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + BOOT_MS
  for (;;) {
    signal?.throwIfAborted()
    const text = existsSync(consoleFile(board.folder)) ? readFileSync(consoleFile(board.folder), 'utf8') : ''
    if (text.includes(READY)) break
    const failure = new RegExp(`${FAILED} (.*)`).exec(text)?.[1]
    if (failure) throw bootFailed(board, failure.trim())
    const panic = text.split('\n').find((line) => line.includes(PANIC))
    if (panic) throw bootFailed(board, panic.trim())
    if (!alive()) throw bootFailed(board, readFileSync(qemuLog(board.folder), 'utf8').trim() || 'QEMU ended')
    if (Date.now() > deadline) throw bootFailed(board, `no word from it within ${BOOT_MS / 1000} s`)
    await delay(POLL_MS)
  }
}

/** Waits for a login with the built key against the built host key. */
async function loggedIn(board: RunningBoard, alive: () => boolean, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + LOGIN_MS
  for (;;) {
    const { code, output } = await run('ssh', [...sshArguments(target(board)), 'true'], { signal, timeoutMs: LOGIN_MS })
    if (code === 0) return
    if (!alive() || Date.now() > deadline) throw bootFailed(board, `it refuses the login: ${output.trim()}`)
    await delay(POLL_MS)
  }
}

function bootFailed(board: RunningBoard, why: string): VascopeError {
  return new VascopeError(
    'virtual-board-boot-failed',
    `The virtual board "${board.name}" did not come up: ${why}`,
    `Read its console in ${consoleFile(board.folder)} and QEMU's output in ${qemuLog(board.folder)}. ` +
      `If it still runs, \`${command('down', board.name)}\` stops it.`
  )
}
