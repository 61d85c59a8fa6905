import { Frame } from '../engine/wire/messages'
import { delimit } from '../engine/wire/frames'
import { Workload, originNs } from './generate'

/** A daemon looks for events this often (daemon/src/daemon.c). */
const LOOK_NS = 20e6

/** What a daemon says of a seeded workload, as bytes for the wire, and when it says it. */
export interface LiveFrames {
  /** Hello and Capabilities, said at once. */
  greeting: Uint8Array[]
  /** The first snapshot and all that follows, but for the goodbye. */
  stream: Uint8Array[]
  /** When each of `stream` is sent, ms after tracing began. */
  at: Float64Array
  goodbye: Uint8Array
  events: number
  /** Lifetimes that begin in it. */
  lifetimes: number
}

/** `rate` is events/s; `build` is what the daemon's Hello must say. */
export function liveFrames(options: { events: number; rate: number; build: string; seed?: number }): LiveFrames {
  const frames: Uint8Array[] = []
  const times: number[] = []
  const { vms, events } = new Workload(
    (frame, ns) => {
      frames.push(delimit(frame))
      times.push((ns - originNs) / 1e6)
    },
    { ...options, batchNs: LOOK_NS }
  ).run()
  const hello = Frame.encode({
    hello: { magic: 0x50435356, major: 1, pageSize: 4096, program: 'synthetic', build: options.build }
  }).finish()
  return {
    greeting: [delimit(hello), frames[1]!],
    stream: frames.slice(2, -1),
    at: Float64Array.from(times.slice(2, -1)),
    goodbye: frames.at(-1)!,
    events,
    lifetimes: vms.reduce((sum, { inserts }) => sum + inserts, 0)
  }
}
