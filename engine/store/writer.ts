import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { EXIT, VascopeError } from '../problem'
import type { NameFields, TaskFields } from '../wire/announce'
import { FrameFacts, FrameTag } from '../wire/describe'
import { delimit } from '../wire/frames'
import { SessionContext, SessionHead, SessionNote, SessionTail, type SessionHeadFields } from '../wire/messages'
import { encodeKeyframe } from './keyframes'
import { encodeOverview, type OverviewParts } from './overviews'
import {
  CHUNK_LIMIT,
  CHUNK_TARGET,
  chunkBytes,
  ChunkType,
  CONTEXT_EVERY,
  fileHead,
  FRAMES_SEAL,
  MAJOR,
  MINOR
} from './format'
import {
  announce,
  encodeIndex,
  encodeSummary,
  entryOf,
  newIndex,
  type Index,
  type OverviewEntry
} from './session-index'

/**
 * Writes a session file as its frames arrive. Frames are collected into chunks; a chunk is written whole, with its summary behind it, so
 * that the file is readable up to its last chunk at any moment. Writes are synchronous: they go to the page cache, and an error belongs
 * to the frame that met it.
 */
export class SessionWriter {
  private readonly fd: number
  private offset = 0
  private parts: Uint8Array[] = []
  private size = 0
  private facts = new FrameFacts()
  private readonly index = newIndex()
  private readonly context: { head: SessionHeadFields; hello?: Uint8Array; capabilities?: Uint8Array }
  private nextContext = CONTEXT_EVERY
  private broken: VascopeError | null = null

  constructor(
    readonly file: string,
    head: SessionHeadFields
  ) {
    try {
      mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
      this.fd = openSync(file, 'wx', 0o644)
    } catch (error) {
      throw cannotWrite(file, error)
    }
    this.context = { head: { ...head, formatMajor: MAJOR, formatMinor: MINOR, chunkType: ChunkType.Head } }
    this.raw(fileHead())
    this.raw(chunkBytes(ChunkType.Head, SessionHead.encode(this.context.head).finish()))
  }

  get bytes(): number {
    return this.offset + this.size
  }

  /** Set once the file could not take more; what was written before stays readable. */
  get problem(): VascopeError | null {
    return this.broken
  }

  /** `message` is one Frame as it came, without its length. */
  frame(message: Uint8Array): void {
    this.facts.add(message)
    if (this.broken) return
    const bytes = delimit(message)
    this.parts.push(bytes)
    this.size += bytes.length
    if (message[0] === FrameTag.hello) this.context.hello = Uint8Array.from(message)
    else if (message[0] === FrameTag.capabilities) {
      this.context.capabilities = Uint8Array.from(message)
      this.flush()
      this.raw(this.contextChunk())
    }
    if (this.size >= CHUNK_TARGET) this.flush()
  }

  /** Writes what is collected; called by time as well, so that a crash costs at most that time. */
  flush(): void {
    if (this.size === 0 || this.broken) return
    const { facts, index } = this
    const payload = Buffer.concat([...this.parts, FRAMES_SEAL], this.size + FRAMES_SEAL.length)
    const entry = entryOf(facts, this.offset, payload.length, index.events)
    const summary = chunkBytes(ChunkType.Summary, encodeSummary(entry, facts, index))
    this.parts = []
    this.size = 0
    if (!this.raw(Buffer.concat([chunkBytes(ChunkType.Frames, payload), summary]))) return
    index.chunks.push(entry)
    this.account()
    if (this.offset < this.nextContext) return
    this.nextContext = this.offset + CONTEXT_EVERY
    this.raw(this.contextChunk())
  }

  /**
   * Writes a keyframe of all frames until now: `image` as encodeImage makes it, `timeNs` the newest time in it. One that no chunk can hold
   * is left out: it can be made again.
   */
  keyframe(image: Uint8Array, timeNs: number): void {
    this.flush()
    const { index, offset } = this
    const entry = { offset, timeNs, events: index.events, after: index.chunks.at(-1)?.offset ?? 0 }
    const payload = encodeKeyframe(entry, image)
    if (payload.length > CHUNK_LIMIT || !this.raw(chunkBytes(ChunkType.Keyframe, payload))) return
    index.keyframes.push(entry)
  }

  /** Writes the overview of a stretch of time. One that no chunk can hold is left out: it can be made again. */
  overview(stretch: Omit<OverviewEntry, 'offset'>, parts: OverviewParts): void {
    this.flush()
    const entry = { ...stretch, offset: this.offset }
    const payload = encodeOverview(entry, parts)
    if (payload.length > CHUNK_LIMIT || !this.raw(chunkBytes(ChunkType.Overview, payload))) return
    this.index.overviews.push(entry)
  }

  note(kind: string, text: string, timeNs: number): void {
    this.flush()
    this.raw(chunkBytes(ChunkType.Note, SessionNote.encode({ kind, text, timeNs, chunkType: ChunkType.Note }).finish()))
  }

  /** For a copy of a file that has lost something: so many events came here and are not written. */
  skip(events: number): void {
    this.flush()
    this.index.events += events
  }

  /** For a copy of a file that has lost something: what its lost frames announced. */
  announce(tasks: Iterable<TaskFields>, names: Iterable<NameFields>): void {
    announce(this.index, tasks, names)
  }

  /** Ends the file. `complete`: the daemon said goodbye, or the board rebooted; `more`: what else is to stand in the index. */
  close(complete: boolean, more: Partial<Index> = {}): void {
    this.flush()
    if (this.broken) {
      // What was in memory is lost, and is said to be: there may be room for the index where there was none for a chunk.
      this.index.unwritten += this.facts.events
      this.broken = this.ending(this.broken, complete, more)
    } else this.ending(null, complete, more)
    closeSync(this.fd)
  }

  /** For a recording that never began: leaves no file behind. */
  discard(): void {
    closeSync(this.fd)
    rmSync(this.file, { force: true })
  }

  private ending(problem: VascopeError | null, complete: boolean, more: Partial<Index>): VascopeError | null {
    this.broken = null
    const ending = encodeEnding(this.offset, { ...this.index, ...more, complete }, this.contextChunk())
    this.raw(ending)
    return problem ?? this.broken
  }

  private account(): void {
    const { facts, index } = this
    index.events += facts.events
    index.endNs = Math.max(index.endNs, facts.endNs)
    index.complete ||= facts.goodbye
    announce(index, facts.tasks, facts.names)
    this.facts = new FrameFacts()
  }

  private contextChunk(): Buffer {
    return encodeContext(this.context.head, this.context.hello, this.context.capabilities)
  }

  private raw(bytes: Buffer): boolean {
    if (this.broken) return false
    const begin = this.offset
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.fd, bytes, done, bytes.length - done, begin + done)
      this.offset = begin + bytes.length
      return true
    } catch (error) {
      this.broken = cannotWrite(this.file, error)
      try {
        ftruncateSync(this.fd, begin) // half a chunk helps nobody
      } catch {
        // the reader copes with half a chunk too
      }
      return false
    }
  }
}

/** The chunk that says what all others need: the session's head, and how its events are described. */
export function encodeContext(head: SessionHeadFields, hello?: Uint8Array, capabilities?: Uint8Array): Buffer {
  const chunkType = ChunkType.Context
  return chunkBytes(chunkType, SessionContext.encode({ head, hello, capabilities, chunkType }).finish())
}

/** All that stands behind the last frames of a file: the context once more, the index, the tail. `offset`: where it will stand. */
export function encodeEnding(offset: number, index: Index, context: Buffer): Buffer {
  const parts = encodeIndex(index).map((payload) => chunkBytes(ChunkType.Index, payload))
  return Buffer.concat([context, ...parts, encodeTail(offset)])
}

/** The chunk that says where a file's ending begins; always the last. */
export function encodeTail(endingOffset: number): Buffer {
  return chunkBytes(ChunkType.Tail, SessionTail.encode({ endingOffset, chunkType: ChunkType.Tail }).finish())
}

/** An error of writing as a person can act on it. */
export function cannotWrite(file: string, error: unknown): VascopeError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EEXIST')
    return new VascopeError(
      'file-exists',
      `${file} exists already.`,
      'Choose another name, or remove it first.',
      EXIT.usage
    )
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new VascopeError(
      'disk-full',
      `The disk of ${file} is full. What was recorded until then is kept.`,
      'Make room, or record to another disk with --out.',
      EXIT.board
    )
  return new VascopeError(
    'file-write',
    `${file} cannot be written: ${message}.`,
    'Choose another folder with --out.',
    EXIT.usage
  )
}
