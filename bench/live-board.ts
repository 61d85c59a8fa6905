import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
// ssh2 is CommonJS, and Node does not see most of its names from a module.
import ssh2, { type ServerChannel } from 'ssh2'
import { GUARD_MARK } from '../engine/deploy/guard'
import { FrameReader } from '../engine/wire/frames'
import { Command, num } from '../engine/wire/messages'
import { liveFrames, type LiveFrames } from './live-frames'

/** The board's name in the SSH configuration. */
export const LIVE_BOARD = 'synthetic'
const BUILD = 'synthetic'
const TICK_MS = 4

export interface LiveBoard {
  /** What the program under test must have in its environment to find the board and nothing else. */
  env: Record<string, string>
  events: number
  lifetimes: number
  /** Settles when every event was sent. */
  sent: Promise<void>
  /** The most that a frame was sent after its time, ms; 0 before tracing began. */
  lateMs(): number
  stop(): Promise<void>
}

/**
 * A board that is none: an SSH server on the loopback behind which a seeded workload is told as a daemon tells it, each batch at its time.
 * Everything from there on, SSH and the protocol with its credit included, is what a real board meets. `dir` becomes the home of whoever
 * looks for it.
 */
export async function liveBoard(options: {
  events: number
  rate: number
  dir: string
  seed?: number
}): Promise<LiveBoard> {
  const frames = liveFrames({ ...options, build: BUILD })
  let daemon: Daemon | null = null
  let allSent = (): void => {}
  const sent = new Promise<void>((resolve) => (allSent = resolve))
  const key = ssh2.utils.generateKeyPairSync('ed25519')
  const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
    client.on('error', () => {}) // an end without a goodbye, as any
    client.on('authentication', (context) => context.accept())
    client.on('session', (accept) =>
      accept().on('exec', (acceptExec, _reject, { command }) => {
        const channel = acceptExec()
        if (isGuard(command)) daemon = guard(channel, frames, allSent)
        else obey(channel)
      })
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  writeHome(options.dir, port, key.public)
  return {
    env: { HOME: options.dir, SSH_AUTH_SOCK: '', VASCOPE_DAEMON_DIR: writeDaemon(options.dir) },
    events: frames.events,
    lifetimes: frames.lifetimes,
    sent,
    lateMs: () => daemon?.late ?? 0,
    stop: () => {
      daemon?.end()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
}

/** The guard is a script of many lines, so that it comes in octal, its mark too (engine/connect/ssh/shell.ts). */
function isGuard(command: string): boolean {
  const text = command.replaceAll(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
  return text.includes(GUARD_MARK)
}

/** Any other command of the deployment takes its input, and has worked. */
function obey(channel: ServerChannel): void {
  channel.on('end', () => {
    channel.exit(0)
    channel.end()
  })
  channel.resume()
}

/** What the guard says, and then the daemon on the same channel. */
function guard(channel: ServerChannel, frames: LiveFrames, allSent: () => void): Daemon {
  const daemon = new Daemon(channel, frames, allSent)
  channel.write(`${GUARD_MARK} board Linux x86_64 0 /run/synthetic\n`)
  let line = ''
  const starting = (chunk: Buffer): void => {
    line += chunk.toString('latin1')
    if (!line.includes('\n')) return
    channel.off('data', starting)
    channel.write(`${GUARD_MARK} run\n`)
    daemon.begin()
  }
  channel.on('data', starting)
  channel.on('close', () => daemon.end())
  return daemon
}

/** Says the frames at their times, as far as there is credit. */
class Daemon {
  late = 0
  private began = NaN
  private next = 0
  private credit = 0
  private timer: NodeJS.Timeout | null = null

  constructor(
    private readonly channel: ServerChannel,
    private readonly frames: LiveFrames,
    private readonly allSent: () => void
  ) {}

  begin(): void {
    const reader = new FrameReader((message) => this.command(message))
    this.channel.on('data', (chunk: Buffer) => reader.push(chunk))
    this.channel.on('end', () => this.end())
    for (const frame of this.frames.greeting) this.channel.write(frame)
  }

  end(): void {
    if (this.timer) clearInterval(this.timer)
    this.timer = null
  }

  private command(message: Uint8Array): void {
    const { credit, start, stop } = Command.decode(message)
    if (credit) this.credit += num(credit.bytes)
    if (start) {
      this.began = performance.now()
      this.timer = setInterval(() => this.pump(), TICK_MS)
    }
    if (!stop) return
    this.end()
    this.channel.write(this.frames.goodbye)
    this.channel.exit(0)
    this.channel.end()
  }

  private pump(): void {
    const { stream, at } = this.frames
    const passed = performance.now() - this.began
    while (this.next < stream.length && at[this.next]! <= passed) {
      const frame = stream[this.next]!
      if (frame.length > this.credit) break
      this.credit -= frame.length
      this.late = Math.max(this.late, passed - at[this.next]!)
      this.channel.write(frame)
      this.next++
    }
    if (this.next < stream.length) return
    this.end()
    this.allSent()
  }
}

function writeHome(dir: string, port: number, hostKey: string): void {
  mkdirSync(path.join(dir, '.ssh'), { recursive: true, mode: 0o700 })
  const config = [`Host ${LIVE_BOARD}`, 'HostName 127.0.0.1', `Port ${port}`, 'User root', 'IdentityFile none']
  writeFileSync(path.join(dir, '.ssh/config'), `${config.join('\n  ')}\n`)
  const known = hostKey.split(' ').slice(0, 2).join(' ')
  writeFileSync(path.join(dir, '.ssh/known_hosts'), `[127.0.0.1]:${port} ${known}\n`)
}

/** A folder with something to deploy: this board runs whatever it is given. */
function writeDaemon(dir: string): string {
  const folder = path.join(dir, 'daemon')
  mkdirSync(folder, { recursive: true })
  const content = 'not run\n'
  writeFileSync(path.join(folder, 'vascoped'), content)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const binaries = { x86_64: { file: 'vascoped', sha256 } }
  writeFileSync(path.join(folder, 'build.json'), JSON.stringify({ build: BUILD, binaries }))
  return folder
}
