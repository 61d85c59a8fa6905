import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { EXIT, VascopeError } from '../problem'
import { FrameReader } from '../wire/frames'
import { SessionHead, SessionIndex, SessionNote } from '../wire/messages'
import { CHUNK_HEAD_BYTES, CHUNK_LIMIT, CHUNK_MAGIC, ChunkType, crc32, HEAD_BYTES, MAGIC, MAJOR } from './format'

/** A part of a session file that could not be read. */
export interface Damage {
  /** Bytes from the start of the file. */
  offset: number
  bytes: number
  text: string
}

interface Chunk {
  type: number
  /** Of its payload. */
  offset: number
  length: number
  crc: number
}

/**
 * Reads a session file. A file that was cut off, or has damaged chunks, is read around them: `damage` says where, and is complete
 * only after `frames()` has run to its end.
 */
export class SessionReader {
  readonly head: InstanceType<typeof SessionHead>
  readonly notes: InstanceType<typeof SessionNote>[] = []
  readonly damage: Damage[] = []
  /** False where the recording was cut off: no index at the end, or no goodbye. */
  complete = false
  readonly bytes: number
  private readonly fd: number

  /** Throws VascopeError with exit code 4 where there is nothing to read, and 2 where there is no such file. */
  constructor(readonly file: string) {
    try {
      this.fd = openSync(file, 'r')
    } catch (error) {
      throw new VascopeError(
        'file-missing',
        `${file} cannot be opened: ${(error as Error).message}.`,
        'Check the path.',
        EXIT.usage
      )
    }
    this.bytes = fstatSync(this.fd).size
    try {
      this.head = this.readHead()
    } catch (error) {
      closeSync(this.fd)
      throw error
    }
  }

  /** Calls back with every Frame message in the file's order; the view holds during the call only. */
  frames(onFrame: (message: Uint8Array) => void): void {
    for (const chunk of this.chunks()) {
      if (chunk.type !== ChunkType.Frames && chunk.type !== ChunkType.Note && chunk.type !== ChunkType.Index) continue
      const payload = this.read(chunk.offset, chunk.length)
      if (chunk.type === ChunkType.Index) this.complete = SessionIndex.decode(payload).complete ?? false
      else if (chunk.type === ChunkType.Note) this.notes.push(SessionNote.decode(payload))
      else {
        const reader = new FrameReader(onFrame)
        reader.push(payload)
        if (reader.pending > 0) this.damaged(chunk.offset, chunk.length, 'a chunk ends within a frame')
      }
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  private readHead(): InstanceType<typeof SessionHead> {
    const refuse = (code: string, text: string, remedy: string): never => {
      throw new VascopeError(code, `${this.file} ${text}`, remedy, EXIT.file)
    }
    const head = this.read(0, HEAD_BYTES)
    if (head.length < HEAD_BYTES || head.toString('latin1', 0, 8) !== MAGIC)
      refuse(
        'file-not-a-session',
        'is not a Vascope session.',
        'Session files end in .vascope and begin with "VASCOPE".'
      )
    const major = head.readUInt32LE(8)
    if (major > MAJOR)
      refuse('file-too-new', `has format ${major}, this Vascope reads up to ${MAJOR}.`, 'Open it with a newer Vascope.')
    for (const chunk of this.chunks()) {
      if (chunk.type !== ChunkType.Head) break
      return SessionHead.decode(this.read(chunk.offset, chunk.length))
    }
    return refuse(
      'file-damaged',
      'has lost its head: nothing in it can be placed.',
      'Restore it from a copy, or record again.'
    )
  }

  /** Chunks with a valid CRC, in order; steps over what is damaged to the next chunk that holds. */
  private *chunks(): Generator<Chunk> {
    let at = HEAD_BYTES
    while (at < this.bytes) {
      const chunk = this.chunkAt(at)
      if (chunk) {
        yield chunk
        at = chunk.offset + chunk.length
        continue
      }
      const next = this.findChunk(at + 1)
      this.damaged(at, next - at, next === this.bytes ? 'the file ends within a chunk' : 'a damaged chunk')
      at = next
    }
  }

  private chunkAt(at: number): Chunk | null {
    const head = this.read(at, CHUNK_HEAD_BYTES)
    if (head.length < CHUNK_HEAD_BYTES || head.readUInt32LE(0) !== CHUNK_MAGIC) return null
    const length = head.readUInt32LE(8)
    if (length > CHUNK_LIMIT || at + CHUNK_HEAD_BYTES + length > this.bytes) return null
    const chunk = { type: head.readUInt32LE(4), offset: at + CHUNK_HEAD_BYTES, length, crc: head.readUInt32LE(12) }
    return crc32(this.read(chunk.offset, length)) === chunk.crc ? chunk : null
  }

  private findChunk(from: number): number {
    const mark = Buffer.from('VCHK', 'latin1')
    const step = 1 << 20
    for (let at = from; at < this.bytes; at += step) {
      const window = this.read(at, step + 3)
      for (let i = window.indexOf(mark); i >= 0; i = window.indexOf(mark, i + 1))
        if (this.chunkAt(at + i)) return at + i
    }
    return this.bytes
  }

  private damaged(offset: number, bytes: number, text: string): void {
    if (!this.damage.some((d) => d.offset === offset)) this.damage.push({ offset, bytes, text })
  }

  private read(at: number, length: number): Buffer {
    const want = Math.max(0, Math.min(length, this.bytes - at))
    const buffer = Buffer.alloc(want)
    let done = 0
    while (done < want) {
      const n = readSync(this.fd, buffer, done, want - done, at + done)
      if (n === 0) break
      done += n
    }
    return buffer.subarray(0, done)
  }
}
