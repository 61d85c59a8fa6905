import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { EXIT, VascopeError } from '../problem'
import { importDevcoredump, isDevcoredump } from './devcoredump'

export interface Imported {
  session: string
  format: 'devcoredump'
  events: number
  /** What the session does not have, and why. */
  notes: string[]
}

/** Makes a session file of what something else recorded; the format is seen from the input. Throws VascopeError where it is none. */
export function importSession(input: string, file: string): Imported {
  const text = read(input).toString('utf8')
  if (isDevcoredump(text)) return { session: file, format: 'devcoredump', ...importDevcoredump(text, input, file) }
  throw new VascopeError(
    'import-format',
    `${input} is nothing that can be imported.`,
    'It takes a devcoredump of msm (/sys/class/devcoredump/devcd*/data), also with gzip.',
    EXIT.usage
  )
}

function read(input: string): Buffer {
  try {
    const bytes = readFileSync(input)
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
  } catch (error) {
    throw new VascopeError(
      'import-read',
      `${input} cannot be read: ${(error as Error).message}.`,
      'Check the path.',
      EXIT.usage
    )
  }
}
