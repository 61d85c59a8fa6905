import { createConnection, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { VascopeError } from '../../problem'
import type { Target } from '../connection'

/** A TCP connection to the target, or the error that says why there is none. */
export function openSocket(target: Target, timeoutMs: number, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: target.host, port: target.port, noDelay: true })
    const timer = setTimeout(() => fail(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), timeoutMs)
    const abort = (): void => fail(signal!.reason as Error)
    const settle = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      socket.removeListener('error', fail)
    }
    const fail = (error: Error): void => {
      settle()
      socket.destroy()
      reject(signal?.aborted ? error : socketError(target, error))
    }
    signal?.addEventListener('abort', abort)
    socket.on('error', fail)
    socket.once('connect', () => {
      settle()
      resolve(socket)
    })
  })
}

/** A way to the target through a host that is connected already. */
export function openThrough(
  client: Client,
  target: Target,
  gate: Target,
  timeoutMs: number,
  signal?: AbortSignal
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    const fail = (error: Error): void => {
      settle()
      reject(error)
    }
    const abort = (): void => fail(signal!.reason as Error)
    // the gate itself may wait minutes for a board that drops packets
    const timer = setTimeout(() => fail(jumpError(target, gate, new Error('no answer'))), timeoutMs)
    signal?.addEventListener('abort', abort)
    client.forwardOut('127.0.0.1', 0, target.host, target.port, (error, channel) => {
      if (error) return fail(jumpError(target, gate, error))
      settle()
      resolve(channel)
    })
  })
}

function socketError(target: Target, error: Error): VascopeError {
  const at = `${target.host}:${target.port}`
  const told = (code: string, message: string, remedy: string): VascopeError =>
    new VascopeError(code, message, remedy, undefined, { cause: error })
  const nested = error instanceof AggregateError ? (error.errors[0] as Error) : error
  switch ((nested as NodeJS.ErrnoException).code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return told(
        'host-not-found',
        `The name ${target.host} does not resolve.`,
        `Check the spelling, or give ${target.name} a HostName in ~/.ssh/config.`
      )
    case 'ECONNREFUSED':
      return told(
        'connection-refused',
        `${at} refuses the connection.`,
        'Check that sshd runs on the board and listens on that port.'
      )
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return told('no-route', `There is no route to ${at}.`, 'Check the cable, the network and the address.')
    case 'ETIMEDOUT':
      return told(
        'connection-timeout',
        `${at} does not answer.`,
        'Check that the board is switched on, its address, and firewalls on the way.'
      )
    default:
      return told(
        'connection-failed',
        `${at} cannot be reached: ${nested.message}.`,
        'Check the address and the network.'
      )
  }
}

function jumpError(target: Target, gate: Target, error: Error): VascopeError {
  return new VascopeError(
    'jump-failed',
    `${gate.name} could not reach ${target.host}:${target.port}: ${error.message.replace('(SSH) Channel open failure: ', '')}.`,
    `Try \`ssh ${gate.name} nc -vz ${target.host} ${target.port}\`; sshd on ${gate.name} must allow TCP forwarding.`,
    undefined,
    { cause: error }
  )
}
