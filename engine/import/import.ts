import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { EXIT, VascopeError } from '../problem'
import { importDevcoredump, isDevcoredump } from './devcoredump'
import { importTraced, isTraceReport, readTraceReport } from './tracecmd'
import { isTraceDat, readTraceDat, TraceDatError } from './tracedat'

export interface Imported {
  session: string
  format: 'devcoredump' | 'trace-cmd'
  events: number
  /** What the session does not have, and why. */
  notes: string[]
}

/** Makes a session file of what something else recorded; the format is seen from the input. Throws VascopeError where it is none. */
export function importSession(input: string, file: string): Imported {
  const bytes = read(input)
  if (isTraceDat(bytes))
    return { session: file, format: 'trace-cmd', ...importTraced(traceDat(bytes, input), 'nanoseconds', input, file) }
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

function traceDat(bytes: Buffer, input: string): ReturnType<typeof readTraceDat> {
  try {
    return readTraceDat(bytes)
  } catch (error) {
    if (!(error instanceof TraceDatError)) throw error
    throw new VascopeError(
      'import-trace-dat',
      `${input} ${error.message}.`,
      'Record with trace-cmd record --file-version 6, or import what trace-cmd report -i FILE prints.',
      EXIT.usage
    )
  }
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
