import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { VascopeError } from '../../problem'
import type { Connection, RemoteProcess, Target } from '../connection'
import { remoteProcess, withPid } from './channel'
import { loginShellCommand } from './shell'
import { execute } from './execute'
import { upload } from './upload'

export interface SshConnection extends Connection {
  readonly client: Client
}

/** A logged-in client on `socket` as a Connection. `gate` is the jump host's own connection, which ends with this one. */
export function sshConnection(client: Client, socket: Duplex, target: Target, gate: Connection | null): SshConnection {
  let disposed = false
  let lastError: Error | null = null

  const closed = new Promise<Error | null>((resolve) => {
    client.on('error', (error) => {
      lastError = error
    })
    client.on('close', () => {
      gate?.dispose()
      resolve(disposed ? null : connectionLost(target, lastError))
    })
  })

  const ended = async (): Promise<Error> => (await closed) ?? new Error(`The connection to ${target.name} was closed.`)

  const spawn = (command: string): Promise<RemoteProcess> =>
    new Promise((resolve, reject) => {
      void ended().then(reject)
      try {
        client.exec(loginShellCommand(withPid(command)), (error, channel) => {
          // Later, so that a lost connection, which is the cause then, is told as that.
          if (error) setImmediate(() => reject(execFailed(target, error)))
          else resolve(remoteProcess(channel, closed, kill))
        })
      } catch {
        // ssh2 throws when it already knows that the connection is gone; `closed` follows and has the reason.
      }
    })

  const kill = (pid: number): void => {
    exec(`kill -TERM -${pid}`).catch(() => undefined) // no connection, no process: its input has ended
  }

  const exec: Connection['exec'] = (command, options) => execute(target, spawn, ended, command, options)

  return {
    client,
    target,
    exec,
    spawn,
    closed,
    upload: (local, remote, mode) => upload(client, { exec, spawn, closed }, local, remote, mode),
    dispose() {
      disposed = true
      client.end()
      socket.destroy() // a board that hangs would never answer the farewell
    }
  }
}

function connectionLost(target: Target, error: Error | null): VascopeError {
  const reason =
    error === null
      ? 'it was closed from there'
      : error.message === 'Keepalive timeout'
        ? 'it has stopped answering'
        : error.message
  return new VascopeError(
    'connection-lost',
    `The connection to ${target.user}@${target.host}:${target.port} was lost: ${reason}.`,
    'Check that the board still runs (its serial console tells of a crash), then connect again.',
    undefined,
    { cause: error ?? undefined }
  )
}

function execFailed(target: Target, error: Error): VascopeError {
  return new VascopeError(
    'exec-refused',
    `${target.user}@${target.host}:${target.port} did not run a command: ${error.message.replace('(SSH) ', '')}.`,
    'sshd there must allow commands (no ForceCommand, MaxSessions of at least 4) and the user a shell.',
    undefined,
    { cause: error }
  )
}
