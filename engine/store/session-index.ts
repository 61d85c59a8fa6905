import type { NameFields, TaskFields } from '../wire/announce'
import type { FrameFacts } from '../wire/describe'
import {
  ChunkSummary,
  num,
  SessionIndex,
  type IndexedChunkFields,
  type IndexedKeyframeFields,
  type IndexedOverviewFields,
  type SessionIndexFields
} from '../wire/messages'
import { ChunkType } from './format'

/** A frames chunk as the index knows it. Times are nanoseconds of the board's CLOCK_MONOTONIC. */
export interface IndexEntry {
  /** Of the chunk's magic, bytes from the start of the file. */
  offset: number
  /** Payload bytes. */
  length: number
  firstNs: number
  lastNs: number
  events: number
  /** Events that came before it. */
  before: number
  firstSeq: number
  lastSeq: number
  /** Events by kind; null in an index of 1.0. */
  counts: ReadonlyMap<number, number> | null
}

/** Where a keyframe stands. */
export interface KeyframeEntry {
  /** Of the chunk's magic, bytes from the start of the file. */
  offset: number
  /** The newest time in it. */
  timeNs: number
  /** Events that came before it. */
  events: number
  /** Offset of the newest frames chunk in it. */
  after: number
}

/** Where an overview stands. */
export interface OverviewEntry {
  /** Of the chunk's magic, bytes from the start of the file. */
  offset: number
  /** The stretch that it is of, up to but without `toNs`. */
  fromNs: number
  toNs: number
  /** About as many happened in it. */
  events: number
}

/** What is known of the events of a session without reading its frames. */
export interface Index {
  /** In the order of the file, also of chunks that are damaged. */
  chunks: IndexEntry[]
  /** All events that are known of, whether or not they can be read. */
  events: number
  /** Events that came and that the disk did not take. */
  unwritten: number
  /** A Goodbye was seen. */
  complete: boolean
  /** The file has lost its end: more may have come than is known of. */
  openEnd: boolean
  endNs: number
  /** All that batches announced, by id. */
  tasks: Map<number, TaskFields>
  names: Map<number, NameFields>
  /** In the order of the file. */
  keyframes: KeyframeEntry[]
  /** In the order of their times. */
  overviews: OverviewEntry[]
}

/** About the size of one part of an index; far below the limit of a chunk. */
const PART_BYTES = 2 << 20

export function newIndex(): Index {
  return {
    chunks: [],
    events: 0,
    unwritten: 0,
    complete: false,
    openEnd: false,
    endNs: 0,
    tasks: new Map(),
    names: new Map(),
    keyframes: [],
    overviews: []
  }
}

/** The entry of a chunk from what its frames told. */
export function entryOf(facts: FrameFacts, offset: number, length: number, before: number): IndexEntry {
  const { events, firstSeq, lastSeq, lastNs, counts } = facts
  return { offset, length, firstNs: events > 0 ? facts.firstNs : 0, lastNs, events, before, firstSeq, lastSeq, counts }
}

/** Adds announcements. */
export function announce(index: Index, tasks: Iterable<TaskFields>, names: Iterable<NameFields>): void {
  for (const task of tasks) index.tasks.set(task.id, task)
  for (const name of names) index.names.set(name.id, name)
}

/** The payload of the summary behind a frames chunk. `index` is as it was before that chunk was added to it. */
export function encodeSummary(entry: IndexEntry, facts: FrameFacts, index: Index): Uint8Array {
  return ChunkSummary.encode({
    chunk: entryFields(entry),
    tasks: facts.tasks,
    names: facts.names,
    endNs: Math.max(index.endNs, facts.endNs),
    complete: index.complete || facts.goodbye,
    chunkType: ChunkType.Summary
  }).finish()
}

/** Takes a summary into an index, and answers the entry of its chunk, which is not added. Throws where the payload is none. */
export function decodeSummary(payload: Uint8Array, index: Index): IndexEntry | null {
  const summary = ChunkSummary.decode(payload)
  announce(index, summary.tasks.map(taskOf), summary.names.map(nameOf))
  index.endNs = Math.max(index.endNs, num(summary.endNs))
  if (summary.complete) index.complete = true
  return summary.chunk ? entryFrom(summary.chunk) : null
}

/** An index as the payloads of its chunks, each of a bounded size. */
export function encodeIndex(index: Index): Uint8Array[] {
  const parts: Uint8Array[] = []
  const none = (): {
    chunks: IndexedChunkFields[]
    tasks: TaskFields[]
    names: NameFields[]
    keyframes: IndexedKeyframeFields[]
    overviews: IndexedOverviewFields[]
  } => ({ chunks: [], tasks: [], names: [], keyframes: [], overviews: [] })
  let lists = none()
  let bytes = 0
  const finish = (): void => {
    const { events, unwritten, complete, openEnd, endNs } = index
    const chunkType = ChunkType.Index
    parts.push(SessionIndex.encode({ ...lists, events, unwritten, complete, openEnd, endNs, chunkType }).finish())
    lists = none()
    bytes = 0
  }
  const room = (size: number): void => {
    if (bytes > 0 && bytes + size > PART_BYTES) finish()
    bytes += size
  }
  for (const entry of index.chunks) {
    room(60 + 10 * (entry.counts?.size ?? 0))
    lists.chunks.push(entryFields(entry))
  }
  for (const task of index.tasks.values()) {
    room(30 + 3 * task.comm.length)
    lists.tasks.push(task)
  }
  for (const name of index.names.values()) {
    room(15 + 3 * name.text.length)
    lists.names.push(name)
  }
  for (const keyframe of index.keyframes) {
    room(30)
    lists.keyframes.push(keyframe)
  }
  for (const overview of index.overviews) {
    room(35)
    lists.overviews.push(overview)
  }
  finish()
  return parts
}

/** Takes one part of an index in. Throws where the payload is none. */
export function decodeIndexPart(payload: Uint8Array, index: Index): void {
  const part = SessionIndex.decode(payload)
  let before = index.chunks.reduce((n, { events }) => n + events, 0)
  for (const fields of part.chunks) {
    const entry = entryFrom(fields)
    if (!entry.counts) entry.before = before // 1.0 does not say
    before += entry.events
    index.chunks.push(entry)
  }
  announce(index, part.tasks.map(taskOf), part.names.map(nameOf))
  for (const { offset, timeNs, events, after } of part.keyframes)
    index.keyframes.push({ offset: num(offset), timeNs: num(timeNs), events: num(events), after: num(after) })
  for (const { offset, fromNs, toNs, events } of part.overviews)
    index.overviews.push({ offset: num(offset), fromNs: num(fromNs), toNs: num(toNs), events: num(events) })
  index.events = num(part.events)
  index.unwritten = num(part.unwritten)
  index.complete = part.complete ?? false
  index.openEnd = part.openEnd ?? false
  index.endNs = num(part.endNs) || index.chunks.reduce((ns, { lastNs }) => Math.max(ns, lastNs), 0)
}

function entryFields(entry: IndexEntry): IndexedChunkFields {
  const { counts, ...fields } = entry
  return { ...fields, kinds: [...(counts?.keys() ?? [])], counts: [...(counts?.values() ?? [])] }
}

function entryFrom(fields: IndexedChunkFields): IndexEntry {
  const events = num(fields.events)
  const kinds = fields.kinds ?? []
  const counts = new Map(kinds.map((kind, i) => [kind, num(fields.counts?.[i])]))
  return {
    offset: num(fields.offset),
    length: fields.length ?? 0,
    firstNs: num(fields.firstNs),
    lastNs: num(fields.lastNs),
    events,
    before: num(fields.before),
    firstSeq: num(fields.firstSeq),
    lastSeq: num(fields.lastSeq),
    counts: events > 0 && kinds.length === 0 ? null : counts
  }
}

function taskOf({ id, pid, tid, comm }: NonNullable<SessionIndexFields['tasks']>[number]): TaskFields {
  return { id: num(id), pid: pid ?? 0, tid: tid ?? 0, comm: comm ?? '' }
}

function nameOf({ id, text }: NonNullable<SessionIndexFields['names']>[number]): NameFields {
  return { id: num(id), text: text ?? '' }
}
