import { FrameTag } from '../wire/describe'
import { num } from '../wire/messages'
import { appendEnding } from './append'
import { ANNOTATIONS, appendEndingNote, endingNote } from './ending-note'
import type { Lost } from './loss'
import { SessionReader, type Damage } from './reader'
import { SessionWriter } from './writer'

/** What was found in a file, and what was done about it. */
export interface Repair {
  /** The file that has a sound index now. */
  file: string
  /** "nothing": it had one. "index": one was appended. "copy": what can be read was written to another file. */
  done: 'nothing' | 'index' | 'copy'
  events: number
  lost: Lost
  damage: Damage[]
}

/**
 * Gives a session file an index again. What is recorded is not touched: the index is appended, and an append that fails is taken back.
 * With `out`, what can be read is copied into a new file in the present format instead. What people wrote to it comes along. Throws
 * VascopeError.
 */
export function repair(file: string, out?: string): Repair {
  const reader = new SessionReader(file)
  try {
    const { indexed } = reader
    reader.scan()
    const lost = reader.lost()
    const events = reader.index().events + reader.index().unwritten - lost.events
    const result = { file: out ?? file, events, lost, damage: reader.damage }
    if (out !== undefined) {
      copy(reader, out)
      const text = endingNote(file, ANNOTATIONS)
      if (text !== null) appendEndingNote(out, ANNOTATIONS, text)
      return { ...result, done: 'copy' }
    }
    if (indexed) return { ...result, done: 'nothing' }
    const text = endingNote(file, ANNOTATIONS)
    appendEnding(reader, text === null ? null : { kind: ANNOTATIONS, text })
    return { ...result, done: 'index' }
  } finally {
    reader.close()
  }
}

function copy(reader: SessionReader, out: string): void {
  const { chunks, tasks, names, events, unwritten, complete, openEnd, endNs } = reader.index()
  const writer = new SessionWriter(out, reader.head)
  let expected = 0
  writer.announce(tasks.values(), names.values())
  let described = false
  for (const entry of chunks) {
    let first = true
    reader.framesOf(entry, (message) => {
      if (!described && message[0] !== FrameTag.hello) describe(reader, writer)
      described = true
      if (first && entry.before > expected) writer.skip(entry.before - expected)
      if (first) expected = Math.max(expected, entry.before) + entry.events
      first = false
      writer.frame(message)
    })
  }
  reader.frames(() => undefined)
  for (const { kind, text, timeNs } of reader.notes)
    if (kind !== ANNOTATIONS) writer.note(kind ?? '', text ?? '', num(timeNs))
  writer.close(complete, { events, unwritten, openEnd, endNs })
  if (writer.problem) throw writer.problem
}

/** Where the frames that describe all others are lost from their place. */
function describe(reader: SessionReader, writer: SessionWriter): void {
  const description = reader.description()
  if (description?.hello) writer.frame(description.hello)
  if (description?.capabilities) writer.frame(description.capabilities)
}
