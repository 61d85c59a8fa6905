import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { EXIT, systemReason, VascopeError } from '../problem'
import { CHUNK_HEAD_BYTES, CHUNK_LIMIT, CHUNK_MAGIC, crc32, HEAD_BYTES, sealOf } from './format'

/** A part of a session file that could not be read. */
export interface Damage {
  /** Bytes from the start of the file. */
  offset: number
  bytes: number
  text: string
}

/** A chunk whose CRC holds. */
export interface Chunk {
  type: number
  /** Of its magic. */
  offset: number
  /** Behind it. */
  end: number
  /** Holds until the next read from the same file. */
  payload: Buffer
}

/** A file as chunks; knows nothing of what they mean. */
export class ChunkFile {
  readonly bytes: number
  private readonly fd: number
  private buffer = Buffer.alloc(1 << 20)
  /** Payloads end with their type: not so in files of 1.0. */
  sealed = true

  /** Throws VascopeError with exit code 2 where there is no such file. */
  constructor(readonly file: string) {
    try {
      this.fd = openSync(file, 'r')
      const stat = fstatSync(this.fd)
      if (!stat.isFile()) throw new Error('it is no file')
      this.bytes = stat.size
    } catch (error) {
      throw new VascopeError(
        'file-missing',
        `${file} cannot be opened: ${systemReason(error)}.`,
        'Check the path.',
        EXIT.usage
      )
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  /** Chunks with a valid CRC between two offsets, in order; what is damaged is told and stepped over to the next chunk that holds. */
  *walk(onDamage: (damage: Damage) => void, from = HEAD_BYTES, to = this.bytes): Generator<Chunk> {
    for (let at = from; at < to;) {
      const chunk = this.chunkAt(at)
      if (chunk) {
        yield chunk
        at = chunk.end
        continue
      }
      const next = this.findChunk(at + 1, to)
      const text = next === this.bytes ? 'the file ends within a chunk' : 'a damaged chunk'
      onDamage({ offset: at, bytes: next - at, text })
      at = next
    }
  }

  /** The chunk at an offset, or null where none is sound. A type that was damaged is mended from the payload's own. */
  chunkAt(offset: number): Chunk | null {
    const head = this.read(offset, CHUNK_HEAD_BYTES)
    if (head.length < CHUNK_HEAD_BYTES || head.readUInt32LE(0) !== CHUNK_MAGIC) return null
    const [type, length, crc] = [head.readUInt32LE(4), head.readUInt32LE(8), head.readUInt32LE(12)]
    const end = offset + CHUNK_HEAD_BYTES + length
    if (length > CHUNK_LIMIT || end > this.bytes) return null
    const payload = this.read(offset + CHUNK_HEAD_BYTES, length)
    if (payload.length < length || crc32(payload) !== crc) return null
    return { type: (this.sealed && sealOf(payload)) || type, offset, end, payload }
  }

  /** Offset of the next sound chunk, or `to`. */
  findChunk(from: number, to = this.bytes): number {
    const mark = Buffer.from('VCHK', 'latin1')
    const step = 1 << 18
    for (let at = from; at < to; at += step) {
      const window = Buffer.from(this.read(at, Math.min(step, to - at) + 3))
      for (let i = window.indexOf(mark); i >= 0; i = window.indexOf(mark, i + 1))
        if (this.chunkAt(at + i)) return at + i
    }
    return to
  }

  /** Bytes at an offset, fewer at the end of the file; they hold until the next read. */
  read(at: number, length: number): Buffer {
    const want = at < 0 ? 0 : Math.max(0, Math.min(length, this.bytes - at))
    if (want > this.buffer.length) this.buffer = Buffer.alloc(want * 2)
    let done = 0
    while (done < want) {
      const n = this.readSome(done, want - done, at + done)
      if (n === 0) break
      done += n
    }
    return this.buffer.subarray(0, done)
  }

  /** 0 where the file became shorter meanwhile, and where the disk cannot read: that is damage like any other. */
  private readSome(into: number, length: number, at: number): number {
    try {
      return readSync(this.fd, this.buffer, into, length, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EIO') return 0
      throw error
    }
  }
}
