import { beforeAll, describe, expect, it } from 'vitest'
import { reach } from '../../engine/connect/reach'
import { connect } from '../../engine/connect/ssh/connect'
import { deploy } from '../../engine/deploy/deploy'
import { delimit, FrameReader } from '../../engine/wire/frames'
import {
  Command,
  decodeFrame,
  EventBatch,
  eventsOf,
  HELLO_MAGIC,
  num,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  type CommandFields,
  type Goodbye,
  type Heartbeat,
  type Loss
} from '../../engine/wire/messages'
import { BOARD, boardUp, onBoard, until } from './vascope'

beforeAll(boardUp)

/** A desktop that gives credit only when it is told to, and keeps what matters of the stream. */
class Miser {
  readonly seqs: number[] = []
  readonly losses: Loss[] = []
  events = 0
  snapshots = 0
  heartbeat: Heartbeat | null = null
  goodbye: Goodbye | null = null
  private readonly reader = new FrameReader((message) => this.message(message))

  constructor(private readonly daemon: Awaited<ReturnType<typeof deploy>>) {
    daemon.stdio.on('data', (chunk: Buffer) => this.reader.push(chunk))
    this.send({
      hello: {
        magic: HELLO_MAGIC,
        major: PROTOCOL_MAJOR,
        minor: PROTOCOL_MINOR,
        build: daemon.build,
        program: 'a test'
      }
    })
  }

  send(command: CommandFields): void {
    this.daemon.stdio.write(delimit(Command.encode(command).finish()))
  }

  private message(message: Uint8Array): void {
    const events = eventsOf(message)
    if (events) {
      const batch = EventBatch.decode(events)
      this.seqs.push(num(batch.seq))
      this.events += batch.kind.length
      return
    }
    const frame = decodeFrame(message)
    if (frame?.loss) this.losses.push(frame.loss as Loss)
    if (frame?.snapshot?.last) this.snapshots++
    if (frame?.heartbeat) this.heartbeat = frame.heartbeat as Heartbeat
    if (frame?.goodbye) this.goodbye = frame.goodbye as Goodbye
  }
}

/** The process that traces: the oldest, the others are its runner and its keeper. */
const DAEMON = `pgrep -o -f '^[^ ]*/vascoped-[0-9a-f]* --trace='`

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0)

describe('loss on the board', () => {
  it.each(['bpf', 'kprobes'] as const)(
    'is counted to the last event with %s, in the kernel and in the queue',
    async (trace) => {
      const signal = new AbortController().signal
      const target = await reach(BOARD, { progress: () => undefined, signal })
      const connection = await connect(target, { ask: () => Promise.resolve(null) })
      const daemon = await deploy(connection, { trace, buffersKib: 64 })
      const desktop = new Miser(daemon)
      try {
        desktop.send({ credit: { bytes: 256 << 10 } })
        desktop.send({ start: { snapshotPeriodMs: 0 } })
        await until('the first snapshot has come', () => desktop.snapshots > 0)
        desktop.send({
          run: { runId: 1, scenario: 'vm-bind-churn', seed: 3, parameters: [{ name: 'ops', value: 1e7 }] }
        })

        // The desktop takes no more: what the daemon has queued must give way.
        await until('the queue has dropped', () => num(desktop.heartbeat?.droppedQueue) > 0)

        // The daemon does not run: nobody empties the kernel's buffer. How long that takes to fill depends on the machine.
        for (let seconds = 1; num(desktop.heartbeat?.droppedKernel) === 0; seconds *= 2) {
          const before = desktop.heartbeat
          await onBoard(`pid=$(${DAEMON}) && kill -STOP $pid && sleep ${seconds}; kill -CONT $pid`)
          await until('it speaks again', () => desktop.heartbeat !== before)
          expect(seconds).toBeLessThan(100)
        }

        desktop.send({ credit: { bytes: 1 << 30 } })
        desktop.send({ stop: {} })
        await until('it said goodbye', () => desktop.goodbye !== null)
      } finally {
        await daemon.dispose()
        connection.dispose()
      }

      const totals = desktop.goodbye!.totals!
      const [kernel, queue] = [num(totals.droppedKernel), num(totals.droppedQueue)]
      expect(kernel).toBeGreaterThan(0)
      expect(queue).toBeGreaterThan(0)
      expect(num(totals.delivered)).toBe(desktop.events)
      expect(num(totals.produced)).toBe(desktop.events + kernel + queue)

      // Each loss was told, by kind, and those of the kernel by CPU.
      const kinds = desktop.losses.flatMap((loss) => loss.kinds)
      expect(sum(kinds.map((k) => num(k.kernel)))).toBe(kernel)
      expect(sum(kinds.map((k) => num(k.queue)))).toBe(queue)
      const cpus = sum(desktop.losses.flatMap((loss) => loss.cpus).map((c) => num(c.kernel)))
      expect(cpus).toBeGreaterThan(0)
      expect(cpus).toBeLessThanOrEqual(kernel) // a program that was running on that CPU already is not counted by CPU
      expect(desktop.losses.every((loss) => num(loss.lastNs) >= num(loss.firstNs) && num(loss.batchSeq) > 0)).toBe(true)

      // Batches are numbered: in order, and a hole for each that was dropped.
      const { seqs } = desktop
      expect(seqs.every((seq, i) => i === 0 || seq > seqs[i - 1]!)).toBe(true)
      expect(seqs.at(-1)!).toBeGreaterThan(seqs.length)
    }
  )
})
