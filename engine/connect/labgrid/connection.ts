import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { unlessAborted, VascopeError } from '../../problem'
import type { Connection, Target } from '../connection'
import { remoteProcess, withPid, type Channel } from '../ssh/channel'
import { execute } from '../ssh/execute'
import { loginShellCommand } from '../ssh/shell'
import { upload } from '../ssh/upload'
import { endLabgrid, reason, startError, startLabgrid } from './client'
import { acquirePlace, releasePlace } from './place'

/** "labgrid:PLACE"; null for any other board. */
export function labgridPlace(board: string): string | null {
  const place = /^labgrid:(.+)$/.exec(board)?.[1]
  return place ?? null
}

/** A place as a target. It is the client that knows its address, its user and its keys. */
export function labgridTarget(place: string): Target {
  return {
    name: `labgrid:${place}`,
    host: place,
    port: 22,
    user: 'labgrid',
    identityFiles: [],
    agent: null,
    knownHosts: [],
    hostKeyAlias: place,
    jump: null,
    emulated: false,
    facts: { 'labgrid.place': place }
  }
}

/**
 * A way to the board of a place: each command is one of `labgrid-client ssh`, which goes through the exporter where that is needed. The
 * place is acquired before and given back when the connection is disposed of, unless this user had it already.
 */
export async function openLabgrid(place: string, options: { signal?: AbortSignal } = {}): Promise<Connection> {
  const target = labgridTarget(place)
  await acquirePlace(place, options.signal)
  let disposed = false
  let settle!: (reason: Error | null) => void
  const closed = new Promise<Error | null>((resolve) => (settle = resolve))
  const ended = async (): Promise<Error> => (await closed) ?? new Error(`The connection to ${target.name} was closed.`)

  const kill = (pid: number): void => {
    if (!disposed) connection.exec(`kill -TERM -${pid}`).catch(() => undefined) // no connection, no process
  }

  const spawn: Connection['spawn'] = async (command) => {
    const channel = new LabgridChannel(place, command)
    channel.on('lost', (reason: Error) => settle(reason))
    await channel.started
    return remoteProcess(channel as Channel, closed, kill)
  }

  const connection: Connection = {
    target,
    closed,
    spawn,
    async exec(command, given) {
      const done = await execute(target, spawn, ended, command, given)
      if (done.code === null) throw await ended() // a command that ends has a code, even when a signal ends it
      return done
    },
    upload: (local, remote, mode) => upload(null, connection, local, remote, mode),
    dispose() {
      if (disposed) return
      disposed = true
      settle(null)
      // The process lives until it is given back; what fails there leaves nothing undone here.
      releasePlace(place).catch((error: Error) => process.stderr.write(`vascope: ${error.message}\n`))
    }
  }
  try {
    const { code, stderr } = await unlessAborted(connection.exec('true', { timeoutMs: LOGIN_MS }), options.signal)
    if (code !== 0) throw noLogin(place, stderr)
    return connection
  } catch (error) {
    connection.dispose()
    throw error
  }
}

const LOGIN_MS = 120_000

/** What labgrid-client prints on stdout, behind what the board sent, when its ssh has ended badly (before labgrid 23). */
const FAREWELL = /connection lost \((?:SSH error|remote exit code \d+)\)\n$/
/** The shell's last word on stderr: without it the connection, not the command, has ended. */
const EXIT_LINE = /^vascope-exit (\d+)$/
/** ssh is asked for a terminal, and has none to give. */
const NOISE = /^Pseudo-terminal will not be allocated/

/** What ssh says of a board it does not reach stands before a traceback of thousands of characters. */
const SAID_LIMIT = 16_384

/** One `labgrid-client ssh` as a channel. Its exit code says nothing of the command's, so the shell tells that on stderr. */
class LabgridChannel extends EventEmitter {
  readonly stderr = new PassThrough()
  readonly started: Promise<void>
  private readonly child
  private status: number | null = null
  private rest = ''
  private said = ''

  constructor(place: string, command: string) {
    super()
    const whole = withPid(`(${command}\n)\necho "vascope-exit $?" >&2\nexit 0`)
    this.child = startLabgrid(['-p', place, 'ssh', loginShellCommand(whole)])
    const { child } = this
    this.started = new Promise((resolve, reject) => {
      child.on('spawn', resolve)
      child.on('error', (error) => reject(startError(error)))
    })
    child.stdin!.on('error', () => undefined) // it is gone, which its end tells
    child.stdout!.on('data', (chunk: Buffer) => this.output(chunk))
    child.stdout!.on('end', () => this.emit('end'))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => this.lines(text))
    child.on('close', () => {
      if (this.rest) this.stderr.write(this.rest)
      this.stderr.end()
      if (this.status !== null) this.emit('exit', this.status)
      else this.emit('lost', connectionLost(place, this.said))
      this.emit('close')
    })
  }

  private output(chunk: Buffer): void {
    const farewell = FAREWELL.exec(chunk.subarray(-64).toString('latin1'))
    const data = farewell ? chunk.subarray(0, chunk.length - farewell[0].length) : chunk
    if (data.length > 0) this.emit('data', data)
  }

  private lines(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop()!
    for (const line of lines) {
      const status = EXIT_LINE.exec(line)?.[1]
      if (status !== undefined) this.status = Number(status)
      else if (!NOISE.test(line)) {
        this.said = (this.said + line + '\n').slice(-SAID_LIMIT)
        this.stderr.write(`${line}\n`)
      }
    }
  }

  write(chunk: Buffer, done: () => void): void {
    this.child.stdin!.write(chunk, done)
  }

  end(): void {
    this.child.stdin!.end()
  }

  close(): void {
    endLabgrid(this.child)
  }

  pause(): void {
    this.child.stdout!.pause()
  }

  resume(): void {
    this.child.stdout!.resume()
  }
}

function connectionLost(place: string, said: string): VascopeError {
  return new VascopeError(
    'connection-lost',
    `There is no connection to the board of labgrid place ${place}: ${reason(said)}.`,
    `Try \`labgrid-client -p ${place} ssh\` by hand; the place needs a NetworkService, and its board a key that lets you in.`
  )
}

function noLogin(place: string, said: string): VascopeError {
  return new VascopeError(
    'labgrid-login',
    `\`labgrid-client -p ${place} ssh\` does not run commands: ${reason(said)}.`,
    'The board needs a POSIX shell and sshd that allows commands.'
  )
}
