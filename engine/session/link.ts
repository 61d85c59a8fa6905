import type { Duplex } from 'node:stream'
import { VascopeError } from '../problem'
import { delimit, FrameReader, FramingError } from '../wire/frames'
import {
  Command,
  decodeFrame,
  eventsOf,
  HELLO_MAGIC,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  type CommandFields
} from '../wire/messages'

/** Bytes the daemon may send before it must wait for more credit; given back as they are taken in. */
const WINDOW = 8 << 20
/** After so much work on what came, in ms, whatever else waits has its turn: the views of a window, timers. */
const TURN_MS = 10

export interface LinkEvents {
  /** A whole Frame message; the view holds during the call only. */
  frame(message: Uint8Array): void
  /** The stream is over: null after a Goodbye, else why it is. Called once. */
  ended(error: VascopeError | null): void
}

/**
 * Speaks the wire protocol with a running vascoped: Hello both ways, credit as data is taken in, commands down. Everything that
 * arrives goes to `events.frame` first, Hello and Goodbye included, so that a recording holds the stream as it came.
 */
export class DaemonLink {
  bytes = 0
  private taken = 0
  private helloSeen = false
  private goodbye = false
  private over = false
  /** Work since others had their turn, ms. */
  private worked = 0
  private readonly reader: FrameReader

  constructor(
    private readonly stdio: Duplex,
    private readonly build: string,
    private readonly program: string,
    private readonly events: LinkEvents
  ) {
    this.reader = new FrameReader((message) => this.message(message))
    stdio.on('data', (chunk: Buffer) => this.data(chunk))
    stdio.on('error', (error: Error) => this.end(lost(error.message)))
    stdio.on('end', () => this.end(this.goodbye ? null : lost('its output ended without a goodbye')))
    stdio.on('close', () => this.end(this.goodbye ? null : lost('the connection closed')))
  }

  send(command: CommandFields): void {
    if (this.over || !this.stdio.writable) return
    this.stdio.write(delimit(Command.encode(command).finish()))
  }

  private data(chunk: Buffer): void {
    if (this.over) return
    this.bytes += chunk.length
    const began = performance.now()
    try {
      this.reader.push(chunk)
    } catch (error) {
      if (!(error instanceof FramingError)) throw error
      this.end(
        new VascopeError(
          'protocol',
          `The daemon's output is not Vascope's protocol: ${error.message}.`,
          'Something on the board writes to the connection, a login script perhaps. Make it silent for non-interactive shells.'
        )
      )
      return
    }
    this.worked += performance.now() - began
    if (this.worked > TURN_MS) this.giveWay()
    this.taken += chunk.length
    if (this.taken < WINDOW / 8) return
    this.send({ credit: { bytes: this.taken } })
    this.taken = 0
  }

  /** A stream that came faster than it was taken in is all there at once, and would be taken in without a pause. */
  private giveWay(): void {
    this.worked = 0
    this.stdio.pause()
    setImmediate(() => this.stdio.resume())
  }

  private message(message: Uint8Array): void {
    if (this.over) return
    if (!this.helloSeen) {
      const problem = this.greet(message)
      if (problem) {
        this.end(problem)
        return
      }
    }
    if (!eventsOf(message) && decodeFrame(message)?.goodbye) this.goodbye = true
    this.events.frame(message)
  }

  private greet(message: Uint8Array): VascopeError | null {
    const hello = decodeFrame(message)?.hello
    if (hello?.magic !== HELLO_MAGIC)
      return new VascopeError(
        'protocol',
        'What started on the board does not speak as vascoped.',
        'A login script may write to the connection. Make it silent for non-interactive shells.'
      )
    if (hello.major !== PROTOCOL_MAJOR || hello.build !== this.build)
      return new VascopeError(
        'daemon-version',
        `The daemon on the board is build ${hello.build || 'unknown'}, this Vascope needs ${this.build}.`,
        'Run npm run bootstrap to build it again.'
      )
    this.helloSeen = true
    this.send({
      hello: {
        magic: HELLO_MAGIC,
        major: PROTOCOL_MAJOR,
        minor: PROTOCOL_MINOR,
        build: this.build,
        program: this.program
      }
    })
    this.send({ credit: { bytes: WINDOW } })
    return null
  }

  private end(error: VascopeError | null): void {
    if (this.over) return
    this.over = true
    this.events.ended(error)
  }
}

function lost(why: string): VascopeError {
  return new VascopeError(
    'daemon-lost',
    `The daemon on the board is gone: ${why}.`,
    'What arrived until then is kept. Look at the board’s kernel log (a crash, the OOM killer, a reboot?), then start again.'
  )
}
