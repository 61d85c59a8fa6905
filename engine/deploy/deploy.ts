import type { Duplex } from 'node:stream'
import type { Connection, Progress, RemoteProcess, Target } from '../connect/connection'
import { quote } from '../connect/ssh/shell'
import { VascopeError } from '../problem'
import { findDaemon, type Arch, type DaemonBinary } from './daemon'
import { GUARD, GUARD_MARK } from './guard'

/** vascoped on the board, as root, talking over this channel only. */
export interface RunningDaemon {
  /** Its stdin and stdout; readable ends when it has ended. End the writable for an orderly stop. */
  stdio: Duplex
  /** The end of what it wrote to stderr. */
  stderr(): string
  exited: Promise<{ code: number | null; signal: string | null }>
  build: string
  arch: Arch
  /** What was copied to the board, and how long that took. */
  pushed: { bytes: number; ms: number }
  /** Ends its input, gives it some seconds to tidy up, then ends it. */
  dispose(): Promise<void>
}

/** How the daemon is to see the kernel; `auto` is the best that the board has, `none` watches nothing and still runs scenarios. */
export const TRACE_LEVELS = ['auto', 'bpf', 'kprobes', 'debugfs', 'none'] as const
export type TraceLevel = (typeof TRACE_LEVELS)[number]

export interface DeployOptions {
  trace?: TraceLevel
  /** Limits what may wait on the board, in KiB: a power of two from 64 to 8192. For a board with little memory, and for tests of loss. */
  buffersKib?: number
  progress?: Progress
  signal?: AbortSignal
}

const ARCHITECTURES: Record<string, Arch> = { aarch64: 'aarch64', arm64: 'aarch64', x86_64: 'x86_64', amd64: 'x86_64' }
/** An emulated board on a busy machine needs its time to detach the probes. */
const FAREWELL_MS = 15_000

/** Brings the daemon to the board and runs it there as root. Nothing stays behind, however it ends (guard.ts says how). */
export async function deploy(connection: Connection, options: DeployOptions = {}): Promise<RunningDaemon> {
  const { signal, progress } = options
  const { target } = connection
  signal?.throwIfAborted()
  progress?.('Looking at the board', null)
  const guard = await connection.spawn(GUARD)
  const abort = (): void => void guard.stdio.destroy()
  signal?.addEventListener('abort', abort)
  try {
    const { arch, folder } = readBoard(await guardSays(guard, target), target)
    const daemon = await findDaemon(arch)
    const file = `vascoped-${daemon.sha256.slice(0, 16)}`
    const size = `${(daemon.bytes / 1e6).toFixed(1)} MB`
    progress?.(`Copying vascoped for ${arch} (${size})`, null)
    const began = performance.now()
    await connection.upload(daemon.path, `${folder}/${file}`, 0o700)
    const pushed = { bytes: daemon.bytes, ms: Math.round(performance.now() - began) }
    progress?.(`Copied vascoped (${size}) in ${pushed.ms} ms, starting it`, null)

    const buffers = options.buffersKib === undefined ? '' : ` --buffers=${options.buffersKib}`
    guard.stdio.write(`${file} ${daemon.sha256} --trace=${options.trace ?? 'auto'}${buffers}\n`)
    const answer = await guardSays(guard, target)
    if (answer !== 'run') throw startError(answer, target, daemon, `${folder}/${file}`)
    // When it speaks it runs, and needs its file no more.
    guard.stdio.once('readable', () => {
      connection.exec(`rm -rf ${quote(folder)}`).catch(() => undefined) // the guard does it at the end
    })
    return {
      stdio: guard.stdio,
      stderr: () => guard.stderr(),
      exited: guard.exited,
      build: daemon.build,
      arch,
      pushed,
      dispose: () => dispose(guard)
    }
  } catch (error) {
    guard.stdio.destroy()
    if (signal?.aborted) {
      throw new VascopeError(
        'cancelled',
        `Starting vascoped on ${target.name} was cancelled.`,
        'Start again when you are ready.',
        undefined,
        {
          cause: error
        }
      )
    }
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

async function dispose(guard: RemoteProcess): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise((resolve) => (timer = setTimeout(resolve, FAREWELL_MS)))
  guard.stdio.end()
  guard.stdio.resume()
  await Promise.race([guard.exited, patience])
  clearTimeout(timer)
  guard.stdio.destroy()
}

function readBoard(said: string, target: Target): { arch: Arch; folder: string } {
  const board = /^board (\S+) (\S+) (\d+) (\/.*)$/.exec(said)
  if (board === null) {
    throw new VascopeError(
      'no-folder',
      `${target.name} has no place to run the daemon from: ${said.replace(/^no-folder |; $/g, '')}.`,
      'Give the user a home directory that can be written and is not mounted noexec, or make room there.'
    )
  }
  const [, kernel, machine, , folder] = board as unknown as [string, string, string, string, string]
  if (kernel !== 'Linux') {
    throw new VascopeError('not-linux', `${target.name} runs ${kernel}, not Linux.`, 'Choose a board that runs Linux.')
  }
  const arch = ARCHITECTURES[machine]
  if (arch === undefined) {
    throw new VascopeError(
      'unknown-architecture',
      `${target.name} is a ${machine}; vascoped exists for ${[...new Set(Object.values(ARCHITECTURES))].join(' and ')}.`,
      'Run a 64-bit kernel on it, or choose another board.'
    )
  }
  return { arch, folder }
}

function startError(answer: string, target: Target, daemon: DaemonBinary, path: string): VascopeError {
  const [, what, text = ''] = /^(\S+) ?(.*)$/.exec(answer)!
  if (what === 'damaged') {
    return new VascopeError(
      'upload-failed',
      `${path} arrived damaged on ${target.name}: its SHA-256 is ${text}, not ${daemon.sha256}.`,
      'Look for a failing disk or a full file system there, and try again.'
    )
  }
  if (what === 'no-sudo' || /(^|\s)sudo: /.test(text)) {
    const line = `${target.user} ALL=(root) NOPASSWD: sha256:${daemon.sha256} ${path.replace(/vascope\.\d+\//, 'vascope.*/')}`
    return new VascopeError(
      'root-needed',
      `vascoped must start as root on ${target.name}, and ${target.user} may not do that: ` +
        `${what === 'no-sudo' ? 'there is no sudo' : text.replace(/^\d+ /, '').trim()}.`,
      `Connect as root (root@${target.host}), or put this line into /etc/sudoers.d/vascope there: \`${line}\`. ` +
        `It allows this build of the daemon only; \`${target.user} ALL=(root) NOPASSWD: ALL\` suits a lab board.`
    )
  }
  return new VascopeError(
    'daemon-cannot-run',
    `vascoped does not run on ${target.name}: ${text.replace(/^(\d+) /, 'exit code $1, ').trim() || answer}.`,
    `The daemon is for ${daemon.arch} Linux 5.10 or later; look at the board's kernel and its log (\`dmesg\`).`
  )
}

/** The guard's next line, without its mark. Anything else that comes before is the login shell's own and only told in an error. */
async function guardSays(guard: RemoteProcess, target: Target): Promise<string> {
  const noise: string[] = []
  for (;;) {
    const line = await readLine(guard.stdio)
    if (line === null) break
    if (line.startsWith(GUARD_MARK)) return line.slice(GUARD_MARK.length).trim()
    noise.push(line)
  }
  const { code, signal } = await guard.exited
  const said = [guard.stderr(), ...noise].join(' ').replace(/\s+/g, ' ').trim().slice(0, 300)
  throw new VascopeError(
    'guard-ended',
    `The shell on ${target.name} ended before the daemon ran (${signal ?? `exit code ${code ?? 'unknown'}`})${said && `: ${said}`}.`,
    `Try \`ssh -p ${target.port} ${target.user}@${target.host} 'sh -c id'\`: the user needs a shell that runs commands.`
  )
}

/** One line of a paused stream, leaving what follows in it; null at its end. */
async function readLine(stream: Duplex): Promise<string | null> {
  let held = Buffer.alloc(0)
  for (;;) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) {
      if (stream.readableEnded || stream.destroyed) return null
      await readableOrOver(stream)
      continue
    }
    held = Buffer.concat([held, chunk])
    const end = held.indexOf(0x0a)
    if (end < 0) continue
    if (end + 1 < held.length) stream.unshift(held.subarray(end + 1))
    return held.subarray(0, end).toString('utf8')
  }
}

function readableOrOver(stream: Duplex): Promise<void> {
  const events = ['readable', 'end', 'close', 'error']
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) stream.removeListener(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
}
