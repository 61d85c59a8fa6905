import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { FrameTag } from '../wire/describe'
import { num } from '../wire/messages'
import type { Lost } from './loss'
import { SessionReader, type Damage } from './reader'
import { cannotWrite, encodeContext, encodeEnding, SessionWriter } from './writer'

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
 * With `out`, what can be read is copied into a new file in the present format instead. Throws VascopeError.
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
      return { ...result, done: 'copy' }
    }
    if (indexed) return { ...result, done: 'nothing' }
    append(file, reader)
    return { ...result, done: 'index' }
  } finally {
    reader.close()
  }
}

function append(file: string, reader: SessionReader): void {
  const description = reader.description()
  const context = encodeContext(reader.head, description?.hello ?? undefined, description?.capabilities ?? undefined)
  const ending = encodeEnding(reader.bytes, reader.index(), context)
  let fd: number
  try {
    fd = openSync(file, 'r+')
  } catch (error) {
    throw cannotWrite(file, error)
  }
  try {
    for (let done = 0; done < ending.length;)
      done += writeSync(fd, ending, done, ending.length - done, reader.bytes + done)
  } catch (error) {
    ftruncateSync(fd, reader.bytes)
    throw cannotWrite(file, error)
  } finally {
    closeSync(fd)
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
  for (const { kind, text, timeNs } of reader.notes) writer.note(kind ?? '', text ?? '', num(timeNs))
  writer.close(complete, { events, unwritten, openEnd, endNs })
  if (writer.problem) throw writer.problem
}

/** Where the frames that describe all others are lost from their place. */
function describe(reader: SessionReader, writer: SessionWriter): void {
  const description = reader.description()
  if (description?.hello) writer.frame(description.hello)
  if (description?.capabilities) writer.frame(description.capabilities)
}
