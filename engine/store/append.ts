import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { EXIT, VascopeError } from '../problem'
import { num, SessionNote, SessionTail } from '../wire/messages'
import { ChunkFile } from './chunks'
import { CHUNK_HEAD_BYTES, chunkBytes, ChunkType, TAIL_BYTES } from './format'
import type { SessionReader } from './reader'
import { cannotWrite, encodeContext, encodeEnding, encodeTail } from './writer'

/** A recorder writes every second: a file without an ending that was written to since may have one at work. */
const QUIET_MS = 5000

/** Where a file's ending begins, as its tail says; null where it has none. */
export function endingOffset(chunks: ChunkFile): number | null {
  const tail = chunks.chunkAt(chunks.bytes - CHUNK_HEAD_BYTES - TAIL_BYTES)
  if (tail?.type !== ChunkType.Tail) return null
  try {
    return num(SessionTail.decode(tail.payload).endingOffset)
  } catch {
    return null // a scan says what is wrong
  }
}

/**
 * Appends an ending to the file that `reader` has open, with a note in it if there is one; to a sound ending only the note is added, and
 * another tail. What is recorded is not touched, and an append that fails is taken back. Throws VascopeError, also where the file is being
 * written to by someone else.
 */
export function appendEnding(reader: SessionReader, note: { kind: string; text: string } | null): void {
  const { name, bytes: begin } = reader
  const noted = note ? chunkBytes(ChunkType.Note, noteOf(note, reader.index().endNs)) : Buffer.alloc(0)
  const sound = reader.indexed ? endingOf(name) : null
  const ending = sound === null ? wholeEnding(reader, noted) : Buffer.concat([noted, encodeTail(sound)])
  let fd: number
  try {
    fd = openSync(name, 'r+')
  } catch (error) {
    throw cannotWrite(name, error)
  }
  let done = 0
  try {
    refuseWhileRecorded(fd, reader)
    while (done < ending.length) done += writeSync(fd, ending, done, ending.length - done, begin + done)
  } catch (error) {
    if (error instanceof VascopeError) throw error
    // what stands behind the half ending is someone else's
    if (fstatSync(fd).size <= begin + done) ftruncateSync(fd, begin)
    throw cannotWrite(name, error)
  } finally {
    closeSync(fd)
  }
}

function endingOf(file: string): number | null {
  const chunks = new ChunkFile(file)
  try {
    return endingOffset(chunks)
  } finally {
    chunks.close()
  }
}

function wholeEnding(reader: SessionReader, noted: Buffer): Buffer {
  const description = reader.description()
  const context = encodeContext(reader.head, description?.hello ?? undefined, description?.capabilities ?? undefined)
  return encodeEnding(reader.bytes, reader.index(), Buffer.concat([noted, context]))
}

function noteOf({ kind, text }: { kind: string; text: string }, timeNs: number): Uint8Array {
  return SessionNote.encode({ kind, text, timeNs, chunkType: ChunkType.Note }).finish()
}

/** Making the index may have taken long, so this is asked right before writing. */
function refuseWhileRecorded(fd: number, { name, bytes, indexed }: SessionReader): void {
  const { size, mtimeMs } = fstatSync(fd)
  if (size === bytes && (indexed || Math.abs(Date.now() - mtimeMs) > QUIET_MS)) return
  throw new VascopeError(
    'file-recorded',
    `${name} is being recorded, or was written to just now: it is left as it is.`,
    `Try again when the recording has ended, or after ${QUIET_MS / 1000} seconds.`,
    EXIT.usage
  )
}
