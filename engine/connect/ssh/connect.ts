import type { Duplex } from 'node:stream'
// ssh2 is CommonJS, and Node does not see most of its names from a module.
import ssh2, { type AuthHandlerMiddleware, type ServerHostKeyAlgorithm } from 'ssh2'
import { VascopeError } from '../../problem'
import type { Ask, Connection, Progress, Target } from '../connection'
import { authFailed, authMethods, type AuthLog, type Keyring } from './auth'
import { checkHostKey, hostKeyAlgorithms } from './host-key'
import { openSocket, openThrough } from './socket'
import { sshConnection, type SshConnection } from './ssh-connection'

export interface Timeouts {
  /** For the TCP connection to answer, in ms. */
  connectMs: number
  /** For each side's SSH handshake and log-in, in ms, not counting the time that the user takes to answer. */
  handshakeMs: number
  /** A silent board is asked for a sign of life this often; after KEEPALIVES without, the connection counts as lost. */
  keepaliveMs: number
}

export interface ConnectOptions {
  ask: Ask
  progress?: Progress
  /** Ends the attempt; the connection it led to lives on. */
  signal?: AbortSignal
  timeouts?: Partial<Timeouts>
}

const TIMEOUTS: Timeouts = { connectMs: 15_000, handshakeMs: 20_000, keepaliveMs: 5_000 }

const KEEPALIVES = 6

/** Opens a way to the board, through its jump hosts if it has any. Rejects with a VascopeError that says what to do. */
export async function connect(target: Target, options: ConnectOptions): Promise<Connection> {
  const keyring: Keyring = new Map()
  try {
    return await connectThrough(target, options, keyring)
  } catch (error) {
    if (!options.signal?.aborted) throw error
    throw new VascopeError(
      'cancelled',
      `Connecting to ${target.name} was cancelled.`,
      'Connect again when you are ready.',
      undefined,
      {
        cause: error
      }
    )
  } finally {
    keyring.clear()
  }
}

async function connectThrough(target: Target, options: ConnectOptions, keyring: Keyring): Promise<SshConnection> {
  const { signal, progress } = options
  const timeouts = { ...TIMEOUTS, ...options.timeouts }
  signal?.throwIfAborted()
  const gate = target.jump === null ? null : await connectThrough(target.jump, options, keyring)
  try {
    progress?.(`Connecting to ${target.host}:${target.port}`, null)
    const socket = gate
      ? await openThrough(gate.client, target, gate.target, timeouts.connectMs, signal)
      : await openSocket(target, timeouts.connectMs, signal)
    return await openSession(socket, gate, target, options, timeouts, keyring)
  } catch (error) {
    gate?.dispose()
    throw error
  }
}

/** Shakes hands and logs in on an open stream, which is destroyed when that fails. */
async function openSession(
  socket: Duplex,
  gate: SshConnection | null,
  target: Target,
  options: ConnectOptions,
  timeouts: Timeouts,
  keyring: Keyring
): Promise<SshConnection> {
  const serverHostKey = (await hostKeyAlgorithms(target)) as ServerHostKeyAlgorithm[]
  const client = new ssh2.Client()
  const log: AuthLog = { tried: [], accepted: [] }
  let stage: 'handshake' | 'log-in' = 'handshake'

  return new Promise((resolve, reject) => {
    const clock = stopwatch(timeouts.handshakeMs, () =>
      fail(
        new VascopeError(
          'handshake-timeout',
          `${target.host}:${target.port} answered, but the SSH ${stage} came to a halt.`,
          "Check that this port is sshd's, and that the board is not too busy to answer."
        )
      )
    )
    const ask: Ask = async (question) => {
      clock.pause()
      try {
        options.progress?.(question.title, null)
        return await options.ask(question)
      } finally {
        clock.resume()
      }
    }
    const abort = (): void => fail(options.signal!.reason as Error)
    const settle = (): void => {
      clock.stop()
      options.signal?.removeEventListener('abort', abort)
      client.removeListener('ready', ready).removeListener('close', closed).removeListener('error', failed)
    }
    const fail = (error: unknown): void => {
      settle()
      client.on('error', () => undefined) // it may still complain about the end we put to it
      socket.destroy()
      reject(error as Error)
    }

    const methods = authMethods(target, ask, keyring, log)
    const authHandler: AuthHandlerMiddleware = (accepted, partial, next) => {
      stage = 'log-in'
      if (accepted) log.accepted = accepted
      methods.next({ left: accepted ?? [], partial }).then(({ done, value }) => {
        if (done) fail(authFailed(target, log, new Error('no way to log in is left')))
        else next(value)
      }, fail)
    }

    const ready = (): void => {
      const connection = sshConnection(client, socket, target, gate)
      settle()
      resolve(connection)
    }
    const closed = (): void => fail(connectionError(target, stage, log, new Error('the connection was closed')))
    const failed = (error: Error & { level?: string }): void => {
      if (error.level === 'client-authentication') log.tried.push(error.message)
      // Neither this nor a silent agent, which the log has as well, is the end: there may be other ways to try.
      else if (error.level !== 'agent') fail(connectionError(target, stage, log, error))
    }

    options.signal?.addEventListener('abort', abort)
    client.on('ready', ready).on('close', closed).on('error', failed)
    try {
      client.connect({
        sock: socket as never, // a Duplex serves, the type asks for more
        username: target.user,
        algorithms: { serverHostKey },
        hostVerifier: (key: Buffer, verify: (trusted: boolean) => void) =>
          void checkHostKey(target, key, ask).then(() => verify(true), fail),
        authHandler,
        readyTimeout: 0,
        keepaliveInterval: timeouts.keepaliveMs,
        keepaliveCountMax: KEEPALIVES
      })
    } catch (error) {
      fail(error)
    }
  })
}

function connectionError(target: Target, stage: 'handshake' | 'log-in', log: AuthLog, error: Error): VascopeError {
  const at = `${target.host}:${target.port}`
  if (stage === 'log-in' && (log.tried.length > 0 || /authentication/i.test(error.message))) {
    log.tried.push(error.message)
    return authFailed(target, log, error)
  }
  return new VascopeError(
    'ssh-failed',
    `${at} answered, but no SSH connection came about: ${error.message}.`,
    `Check that this port is sshd's; \`ssh -v -p ${target.port} ${target.host}\` tells more.`,
    undefined,
    { cause: error }
  )
}

/** A time limit that can stand still. */
function stopwatch(limitMs: number, expired: () => void): { pause(): void; resume(): void; stop(): void } {
  let left = limitMs
  let since = Date.now()
  let timer = setTimeout(expired, left)
  let stopped = false
  return {
    pause() {
      clearTimeout(timer)
      left -= Date.now() - since
    },
    resume() {
      if (stopped) return
      since = Date.now()
      timer = setTimeout(expired, left)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    }
  }
}
