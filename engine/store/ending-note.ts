import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { SessionNote, SessionTail, num } from '../wire/messages'
import { ChunkFile } from './chunks'
import { CHUNK_HEAD_BYTES, chunkBytes, ChunkType, TAIL_BYTES } from './format'
import { SessionReader } from './reader'
import { cannotWrite, encodeContext, encodeEnding } from './writer'

/**
 * The note of a kind that stands in the file's ending, by the tail and without reading frames. null where there is none: it was never
 * appended, or a cut took it.
 */
export function endingNote(file: string, kind: string): string | null {
  const chunks = new ChunkFile(file)
  try {
    const tail = chunks.chunkAt(chunks.bytes - CHUNK_HEAD_BYTES - TAIL_BYTES)
    if (tail?.type !== ChunkType.Tail) return null
    let text: string | null = null
    const from = num(SessionTail.decode(tail.payload).endingOffset)
    for (const { type, payload } of chunks.walk(() => undefined, from)) {
      const note = type === ChunkType.Note ? SessionNote.decode(payload) : null
      if (note?.kind === kind) text = note.text ?? ''
    }
    return text
  } catch {
    return null // a tail or a note that cannot be decoded: opening the file says what is wrong
  } finally {
    chunks.close()
  }
}

/**
 * Appends a note to a session that is not being recorded, and with it a new ending, in which `endingNote` finds it; an ending that was
 * lost comes back that way. What is recorded is not touched, and an append that fails is taken back. Throws VascopeError.
 */
export function appendEndingNote(file: string, kind: string, text: string): void {
  const reader = new SessionReader(file)
  let begin: number
  let ending: Buffer
  try {
    const description = reader.description()
    const { head } = reader
    const context = encodeContext(head, description?.hello ?? undefined, description?.capabilities ?? undefined)
    const index = reader.index()
    const payload = SessionNote.encode({ kind, text, timeNs: index.endNs, chunkType: ChunkType.Note }).finish()
    begin = reader.bytes
    ending = encodeEnding(begin, index, Buffer.concat([chunkBytes(ChunkType.Note, payload), context]))
  } finally {
    reader.close()
  }
  append(file, begin, ending)
}

function append(file: string, begin: number, bytes: Buffer): void {
  let fd: number
  try {
    fd = openSync(file, 'r+')
  } catch (error) {
    throw cannotWrite(file, error)
  }
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, begin + done)
  } catch (error) {
    ftruncateSync(fd, begin)
    throw cannotWrite(file, error)
  } finally {
    closeSync(fd)
  }
}
