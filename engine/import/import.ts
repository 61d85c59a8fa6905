import { readFileSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { EXIT, systemReason, VascopeError } from '../problem'
import { importDevcoredump, isDevcoredump } from './devcoredump'
import { importTraced, isTraceReport, readTraceReport } from './tracecmd'
import { TraceDatError } from './cursor'
import { isTraceDat, readTraceDat } from './tracedat'

/** What is read at once, unpacked; also how long a text can be. */
const MOST_BYTES = 500_000_000

export interface Imported {
  session: string
  format: 'devcoredump' | 'trace-cmd'
  events: number
  /** What the session does not have, and why. */
  notes: string[]
}

/**
 * Makes a session file of what something else recorded; the format is seen from the input. Throws VascopeError where it is none, or where
 * it comes to more than `mostBytes`.
 */
export function importSession(input: string, file: string, mostBytes = MOST_BYTES): Imported {
  const bytes = read(input, mostBytes)
  if (isTraceDat(bytes))
    return {
      session: file,
      format: 'trace-cmd',
      ...importTraced(traceDat(bytes, input, mostBytes), 'nanoseconds', input, file)
    }
  const text = bytes.toString('utf8')
  if (isDevcoredump(text)) return { session: file, format: 'devcoredump', ...importDevcoredump(text, input, file) }
  if (isTraceReport(text)) {
    const made = importTraced(readTraceReport(text), 'whole microseconds', input, file)
    return { session: file, format: 'trace-cmd', ...made }
  }
  throw new VascopeError(
    'import-format',
    `${input} is nothing that can be imported.`,
    'It takes a devcoredump of msm (/sys/class/devcoredump/devcd*/data) and what trace-cmd recorded or its report prints, also with gzip.',
    EXIT.usage
  )
}

function traceDat(bytes: Buffer, input: string, mostBytes: number): ReturnType<typeof readTraceDat> {
  try {
    return readTraceDat(bytes, mostBytes)
  } catch (error) {
    if (!(error instanceof TraceDatError)) throw error
    throw new VascopeError(
      'import-trace-dat',
      `${input} ${error.message}.`,
      'Import what trace-cmd report -i FILE prints instead.',
      EXIT.usage
    )
  }
}

function read(input: string, mostBytes: number): Buffer {
  try {
    if (statSync(input).size > mostBytes) throw tooMuch(input, mostBytes)
    const bytes = readFileSync(input)
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: mostBytes }) : bytes
  } catch (error) {
    if (error instanceof VascopeError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooMuch(input, mostBytes)
    throw new VascopeError(
      'import-read',
      `${input} cannot be read: ${systemReason(error)}.`,
      'Check the path.',
      EXIT.usage
    )
  }
}

function tooMuch(input: string, mostBytes: number): VascopeError {
  return new VascopeError(
    'import-size',
    `${input} has more than ${mostBytes / 1e6} MB, unpacked, which is too much to import at once.`,
    'Record for a shorter time, or only the events of vascoped: trace-cmd record -e vascope_PID.',
    EXIT.usage
  )
}
