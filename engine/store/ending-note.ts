import { SessionNote } from '../wire/messages'
import { appendEnding, endingOffset } from './append'
import { ChunkFile, type Chunk } from './chunks'
import { CHUNK_HEAD_BYTES, CHUNK_MAGIC, ChunkType, HEAD_BYTES } from './format'
import { SessionReader } from './reader'

/** The kind of the note that holds what people wrote to a session. It is no mark on the timeline. */
export const ANNOTATIONS = 'annotations'

/** Larger chunks are passed over by their heads in the search for a note. */
const READ_WHOLE = 1 << 16

/**
 * The newest note of a kind that was appended to a file: by the tail and without reading frames where the file ends with a sound ending,
 * which has it or there is none; else by a search of the whole file. null where there is none.
 */
export function endingNote(file: string, kind: string): string | null {
  const chunks = new ChunkFile(file)
  try {
    return newest(ending(chunks) ?? everywhere(chunks), kind)
  } finally {
    chunks.close()
  }
}

/**
 * Appends a note to the ending of a session that is not being recorded, in which `endingNote` finds it; an ending that was lost comes
 * back that way. What is recorded is not touched, and an append that fails is taken back. Throws VascopeError.
 */
export function appendEndingNote(file: string, kind: string, text: string): void {
  const reader = new SessionReader(file)
  try {
    appendEnding(reader, { kind, text })
  } finally {
    reader.close()
  }
}

function newest(notes: Iterable<Uint8Array>, kind: string): string | null {
  let text: string | null = null
  for (const payload of notes) {
    try {
      const note = SessionNote.decode(payload)
      if (note.kind === kind) text = note.text ?? ''
    } catch {
      continue // opening the file says what is wrong
    }
  }
  return text
}

/** The notes in the file's ending; null where it is damaged or lost. */
function ending(chunks: ChunkFile): Uint8Array[] | null {
  const from = endingOffset(chunks)
  if (from === null) return null
  const notes: Uint8Array[] = []
  let [holes, parts] = [0, 0]
  for (const { type, payload } of chunks.walk(() => holes++, from)) {
    if (type === ChunkType.Note) notes.push(Uint8Array.from(payload))
    else if (type === ChunkType.Index) parts++
  }
  return holes === 0 && parts > 0 ? notes : null
}

/** All notes of the file. */
function* everywhere(chunks: ChunkFile): Generator<Uint8Array> {
  for (let at = HEAD_BYTES; at < chunks.bytes;) {
    const next = behindLarge(chunks, at)
    if (next !== null) {
      at = next
      continue
    }
    const chunk: Chunk | null = chunks.chunkAt(at)
    if (chunk?.type === ChunkType.Note) yield chunk.payload
    at = chunk ? chunk.end : chunks.findChunk(at + 1)
  }
}

/** Where a large chunk that is no note ends, if another begins there; its payload is not read. */
function behindLarge(chunks: ChunkFile, at: number): number | null {
  const head = chunks.read(at, CHUNK_HEAD_BYTES)
  if (head.length < CHUNK_HEAD_BYTES || head.readUInt32LE(0) !== CHUNK_MAGIC) return null
  const [type, length] = [head.readUInt32LE(4), head.readUInt32LE(8)]
  if (type === ChunkType.Note || length < READ_WHOLE) return null
  const next = at + CHUNK_HEAD_BYTES + length
  const mark = chunks.read(next, 4)
  return mark.length === 4 && mark.readUInt32LE(0) === CHUNK_MAGIC ? next : null
}
