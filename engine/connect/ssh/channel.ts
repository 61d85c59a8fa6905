import { Duplex, type Readable } from 'node:stream'
import type { RemoteProcess } from '../connection'

const STDERR_LIMIT = 64 * 1024
const READ_AHEAD = 1024 * 1024
const PID_LINE = /vascope-pid (\d+)\n/

/**
 * `command` with a first line on stderr that tells its process, which leads a process group. To close the channel ends only what
 * reads or writes, and sshd passes on no signals to root's processes (session.c: "requires privilege separation").
 */
export function withPid(command: string): string {
  return `echo "vascope-pid $$" >&2; ${command}`
}

/** What is needed of a channel, ssh2's or a local process that has one. */
export interface Channel {
  on(event: 'data', heard: (chunk: Buffer) => void): unknown
  on(event: 'end' | 'close', heard: () => void): unknown
  on(event: 'exit', heard: (code: number | null, signal?: string) => void): unknown
  readonly stderr: Readable
  write(chunk: Buffer, done: () => void): unknown
  end(): unknown
  close(): unknown
  pause(): unknown
  resume(): unknown
}

/**
 * A channel of ssh2 as a well-behaved stream. ssh2's own never calls back a write that the other side's end overtook, does not count
 * as destroyed after destroy(), and says "closed" only when everything was read.
 *
 * When the connection is lost, what had arrived can still be read, then the stream ends; `exited` says null and null, and the
 * connection's `closed` has the reason. Writes from then on go nowhere, as with a socket whose other end has died.
 *
 * The command must come from withPid(); `kill` ends the process group when the stream is destroyed while it runs.
 */
export function remoteProcess(
  channel: Channel,
  connectionClosed: Promise<unknown>,
  kill: (pid: number) => void
): RemoteProcess {
  let stderr = ''
  let pid: number | null = null
  let endWhenKnown = false
  let statusSeen = false
  let over = false
  let pendingWrite: (() => void) | null = null

  const stdio = new Duplex({
    readableHighWaterMark: READ_AHEAD,
    autoDestroy: false, // both streams may end long before the process does
    read: () => void channel.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (over) return done()
      pendingWrite = done
      channel.write(chunk, () => finishWrite())
    },
    final(done) {
      channel.end()
      done()
    },
    destroy(error, done) {
      if (pid !== null || statusSeen || over) end()
      else endWhenKnown = true
      channel.resume()
      done(error)
    }
  })
  const end = (): void => {
    if (over) return
    if (!statusSeen && pid !== null) kill(pid)
    channel.close()
  }
  const finishWrite = (): void => {
    const done = pendingWrite
    pendingWrite = null
    done?.()
  }

  channel.on('data', (chunk: Buffer) => {
    if (!stdio.destroyed && !stdio.push(chunk)) channel.pause()
  })
  channel.on('end', () => void (stdio.destroyed || stdio.push(null)))
  channel.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_LIMIT)
    if (pid !== null) return
    stderr = stderr.replace(PID_LINE, (_, digits: string) => {
      pid = Number(digits)
      return ''
    })
    if (endWhenKnown && pid !== null) end()
  })

  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    let status = { code: null as number | null, signal: null as string | null }
    let stderrEnded = false
    const settle = (): void => {
      if (statusSeen && stderrEnded) resolve(status)
    }
    channel.on('exit', (code: number | null, signal?: string) => {
      status = { code, signal: signal ?? null }
      statusSeen = true
      settle()
    })
    channel.stderr.on('end', () => {
      stderrEnded = true
      settle()
    })
    const gone = (): void => {
      over = true
      finishWrite()
      resolve(status)
    }
    channel.on('close', gone)
    void connectionClosed.then(gone)
  })

  return { stdio, stderr: () => stderr, exited }
}
