import { ProtoBytes } from './bytes'

/** Field numbers of Perfetto's trace format; proto/perfetto/trace.proto has the same, and the tests decode by that. */
const PACKET = 1
const Packet = {
  clockSnapshot: 6,
  timestamp: 8,
  sequence: 10,
  event: 11,
  interned: 12,
  flags: 13,
  clock: 58,
  track: 60
}
const Event = {
  annotation: 4,
  type: 9,
  track: 11,
  category: 22,
  name: 23,
  counter: 30,
  doubleCounter: 44,
  flow: 47,
  endOfFlow: 48
}
const Track = { uuid: 1, name: 2, process: 3, thread: 4, parent: 5, counter: 8 }
const Annotation = { nameIid: 1, uint: 3, double: 5, string: 6, pointer: 7 }
const ANNOTATION_NAMES = 3
const CLOCK_REALTIME = 1
const CLOCK_MONOTONIC = 3
const INCREMENTAL_STATE_CLEARED = 1
const NEEDS_INCREMENTAL_STATE = 2
/** All packets are of one sequence: this one. */
const SEQUENCE = 1

const Type = { begin: 1, end: 2, instant: 3, counter: 4 }

export const Unit = { count: 2, bytes: 3 } as const

/** What is said of a slice, by name; an address is shown in hexadecimal. null: not, or not seen. */
export type Details = Record<string, number | string | { address: number } | null>

export interface TrackOptions {
  parent?: number
  process?: { pid: number; name: string }
  thread?: { pid: number; tid: number; name: string }
  counter?: number
}

/** Writes TracePackets. Tracks are numbered from 1; times are ns of the board's CLOCK_MONOTONIC. */
export class Packets {
  readonly bytes = new ProtoBytes()
  private tracks = 0
  /** Names of details that were said once: later they are numbers. */
  private readonly names = new Map<string, number>()
  private fresh: string[] = []

  /** The first packet: time is the board's CLOCK_MONOTONIC, and what wall time that was. */
  clocks(monotonicNs: number, realtimeNs: number | null): void {
    const { bytes } = this
    const packet = this.begin(null, INCREMENTAL_STATE_CLEARED)
    const snapshot = bytes.begin(Packet.clockSnapshot)
    const clock = (id: number, ns: number): void => {
      const at = bytes.begin(1)
      bytes.varint(1, id)
      bytes.varint(2, ns)
      bytes.end(at)
    }
    clock(CLOCK_MONOTONIC, monotonicNs)
    if (realtimeNs !== null) clock(CLOCK_REALTIME, realtimeNs)
    bytes.varint(2, CLOCK_MONOTONIC)
    bytes.end(snapshot)
    bytes.end(packet)
  }

  /** A new track. Tracks of one parent with the same name are shown as one, so that slices on them may overlap. */
  track(name: string, { parent, process, thread, counter }: TrackOptions = {}): number {
    const { bytes } = this
    const uuid = ++this.tracks
    const packet = this.begin(null, 0)
    const track = bytes.begin(Packet.track)
    bytes.varint(Track.uuid, uuid)
    bytes.string(Track.name, name)
    if (parent) bytes.varint(Track.parent, parent)
    if (process) {
      const at = bytes.begin(Track.process)
      bytes.varint(1, process.pid)
      bytes.string(6, process.name)
      bytes.end(at)
    }
    if (thread) {
      const at = bytes.begin(Track.thread)
      bytes.varint(1, thread.pid)
      bytes.varint(2, thread.tid)
      bytes.string(5, thread.name)
      bytes.end(at)
    }
    if (counter !== undefined) {
      const at = bytes.begin(Track.counter)
      bytes.varint(3, counter)
      bytes.end(at)
    }
    bytes.end(track)
    bytes.end(packet)
    return uuid
  }

  /** From `begin` to `end`; null: it does not end. Flows go out from its beginning, `from` are those that end there. */
  slice(
    track: number,
    begin: number,
    end: number | null,
    category: string,
    name: string,
    more: { details?: Details; flows?: readonly number[]; from?: readonly number[] } = {}
  ): void {
    this.event(Type.begin, track, begin, category, name, more)
    if (end !== null) this.event(Type.end, track, end)
  }

  instant(
    track: number,
    time: number,
    category: string,
    name: string,
    more: { details?: Details; flows?: readonly number[]; from?: readonly number[] } = {}
  ): void {
    this.event(Type.instant, track, time, category, name, more)
  }

  /** A whole number, or one per second. */
  count(track: number, time: number, value: number): void {
    const { bytes } = this
    const packet = this.begin(time, NEEDS_INCREMENTAL_STATE)
    const event = bytes.begin(Packet.event)
    bytes.varint(Event.type, Type.counter)
    bytes.varint(Event.track, track)
    if (Number.isInteger(value) && value >= 0) bytes.varint(Event.counter, value)
    else bytes.double(Event.doubleCounter, value)
    bytes.end(event)
    bytes.end(packet)
  }

  private event(
    type: number,
    track: number,
    time: number,
    category = '',
    name = '',
    {
      details = {},
      flows = [],
      from = []
    }: { details?: Details; flows?: readonly number[]; from?: readonly number[] } = {}
  ): void {
    const { bytes } = this
    const said = Object.entries(details).filter(([, value]) => value !== null)
    const iids = said.map(([key]) => this.nameOf(key))
    const packet = this.begin(time, NEEDS_INCREMENTAL_STATE)
    const event = bytes.begin(Packet.event)
    bytes.varint(Event.type, type)
    bytes.varint(Event.track, track)
    if (category) bytes.string(Event.category, category)
    if (name) bytes.string(Event.name, name)
    for (const id of flows) bytes.fixed64(Event.flow, id)
    for (const id of from) bytes.fixed64(Event.endOfFlow, id)
    for (const [i, [, value]] of said.entries()) {
      const at = bytes.begin(Event.annotation)
      bytes.varint(Annotation.nameIid, iids[i]!)
      if (typeof value === 'string') bytes.string(Annotation.string, value)
      else if (typeof value === 'object') bytes.varint(Annotation.pointer, value!.address)
      else if (Number.isInteger(value) && value >= 0) bytes.varint(Annotation.uint, value)
      else bytes.double(Annotation.double, value)
      bytes.end(at)
    }
    bytes.end(event)
    bytes.end(packet)
  }

  private nameOf(text: string): number {
    let iid = this.names.get(text)
    if (iid === undefined) {
      this.names.set(text, (iid = this.names.size + 1))
      this.fresh.push(text)
    }
    return iid
  }

  private begin(time: number | null, flags: number): number {
    const { bytes } = this
    const packet = bytes.begin(PACKET)
    if (time !== null) {
      bytes.varint(Packet.timestamp, time)
      bytes.varint(Packet.clock, CLOCK_MONOTONIC)
    }
    bytes.varint(Packet.sequence, SEQUENCE)
    if (flags !== 0) bytes.varint(Packet.flags, flags)
    if (this.fresh.length === 0) return packet
    const interned = bytes.begin(Packet.interned)
    for (const text of this.fresh) {
      const at = bytes.begin(ANNOTATION_NAMES)
      bytes.varint(1, this.names.get(text)!)
      bytes.string(2, text)
      bytes.end(at)
    }
    bytes.end(interned)
    this.fresh = []
    return packet
  }
}
