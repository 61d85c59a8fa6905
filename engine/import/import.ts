import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { EXIT, VascopeError } from '../problem'
import { importDevcoredump, isDevcoredump } from './devcoredump'
import { importTraceReport, isTraceReport } from './tracecmd'

/** How a trace.dat begins (trace-cmd.dat.v6(5), v7(5)). */
const TRACE_DAT = Buffer.from('\x17\x08\x44tracing', 'latin1')

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
  if (bytes.subarray(0, TRACE_DAT.length).equals(TRACE_DAT))
    throw new VascopeError(
      'import-binary',
      `${input} is the binary file of trace-cmd.`,
      'Import its text: trace-cmd report -i trace.dat > trace.txt',
      EXIT.usage
    )
  const text = bytes.toString('utf8')
  if (isDevcoredump(text)) return { session: file, format: 'devcoredump', ...importDevcoredump(text, input, file) }
  if (isTraceReport(text)) return { session: file, format: 'trace-cmd', ...importTraceReport(text, input, file) }
  throw new VascopeError(
    'import-format',
    `${input} is nothing that can be imported.`,
    'It takes a devcoredump of msm (/sys/class/devcoredump/devcd*/data) and what trace-cmd report prints, also with gzip.',
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
