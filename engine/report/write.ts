import { writeFileSync } from 'node:fs'
import { EXIT, VascopeError } from '../problem'
import type { Recording } from '../session/recording'
import { report } from './report'

/** Writes the report of a recording; answers its bytes. */
export function writeReport(recording: Recording, file: string): number {
  const text = report(recording)
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new VascopeError(
      'report-write',
      `The report ${file} cannot be written: ${(error as Error).message}.`,
      `Choose another file. The session itself is in ${recording.file}.`,
      EXIT.usage
    )
  }
  return Buffer.byteLength(text)
}
