import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { EXIT, VascopeError } from '../problem'
import { delimit } from '../wire/frames'
import { SessionHead, SessionIndex, SessionNote, type SessionHeadFields } from '../wire/messages'
import { chunkHead, ChunkType, CHUNK_TARGET, crc32, fileHead } from './format'

/** What an index entry needs to know of a frame; times in nanoseconds of the board's clock. */
export interface FrameFacts {
  events: number
  firstNs: number
  lastNs: number
}

/**
 * Writes a session file as its frames arrive. Frames are collected into chunks; a chunk is written whole, so that the file is
 * readable up to its last chunk at any moment. Writes are synchronous: they go to the page cache, and an error belongs to the frame
 * that met it.
 */
export class SessionWriter {
  private readonly fd: number
  private offset = 0
  private parts: Uint8Array[] = []
  private size = 0
  private facts: FrameFacts = { events: 0, firstNs: Infinity, lastNs: 0 }
  private readonly index: { offset: number; length: number; firstNs: number; lastNs: number; events: number }[] = []
  private events = 0
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
    this.raw(fileHead())
    this.chunk(ChunkType.Head, SessionHead.encode(head).finish())
  }

  get bytes(): number {
    return this.offset + this.size
  }

  /** Set once the file could not take more; what was written before stays readable. */
  get problem(): VascopeError | null {
    return this.broken
  }

  /** `message` is one Frame as it came, without its length. */
  frame(message: Uint8Array, facts?: FrameFacts): void {
    if (this.broken) return
    const bytes = delimit(message)
    this.parts.push(bytes)
    this.size += bytes.length
    if (facts) {
      this.facts.events += facts.events
      this.facts.firstNs = Math.min(this.facts.firstNs, facts.firstNs)
      this.facts.lastNs = Math.max(this.facts.lastNs, facts.lastNs)
    }
    if (this.size >= CHUNK_TARGET) this.flush()
  }

  /** Writes what is collected; called by time as well, so that a crash costs at most that time. */
  flush(): void {
    if (this.size === 0 || this.broken) return
    const { events, firstNs, lastNs } = this.facts
    const payload = Buffer.concat(this.parts, this.size)
    this.parts = []
    this.size = 0
    this.facts = { events: 0, firstNs: Infinity, lastNs: 0 }
    const offset = this.offset
    if (!this.chunk(ChunkType.Frames, payload)) return
    this.events += events
    this.index.push({ offset, length: payload.length, firstNs: Number.isFinite(firstNs) ? firstNs : 0, lastNs, events })
  }

  note(kind: string, text: string, timeNs: number): void {
    this.flush()
    this.chunk(ChunkType.Note, SessionNote.encode({ kind, text, timeNs }).finish())
  }

  /** Ends the file. `complete`: the daemon said goodbye. Throws where the disk refused what was recorded. */
  close(complete: boolean): void {
    this.flush()
    if (!this.broken) {
      const index = SessionIndex.encode({ chunks: this.index, events: this.events, complete }).finish()
      this.chunk(ChunkType.Index, index)
    }
    closeSync(this.fd)
  }

  /** For a recording that never began: leaves no file behind. */
  discard(): void {
    closeSync(this.fd)
    rmSync(this.file, { force: true })
  }

  private chunk(type: number, payload: Uint8Array): boolean {
    return this.raw(Buffer.concat([chunkHead(type, payload.length, crc32(payload)), payload]))
  }

  private raw(bytes: Buffer): boolean {
    if (this.broken) return false
    const begin = this.offset
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.fd, bytes, done, bytes.length - done)
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

function cannotWrite(file: string, error: unknown): VascopeError {
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
