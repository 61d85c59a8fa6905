import { writeFileSync } from 'node:fs'
import { EXIT, systemReason, VascopeError } from '../problem'
import type { Recording } from '../session/recording'
import { gather } from './gather'
import { markdown } from './markdown'
import type { Report } from './model'
import { pdf } from './pdf'
import { page } from './report'

export const REPORT_FORMATS = ['html', 'pdf', 'md', 'json'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** The format that a file name says; HTML where it says none. */
export function formatOf(file: string): ReportFormat {
  const end = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase()
  return REPORT_FORMATS.find((format) => format === end) ?? 'html'
}

/** Writes the report of a recording as HTML; answers its bytes. */
export function writeReport(recording: Recording, file: string): number {
  return write(recording, file, page(gather(recording)))
}

/** The report with some of its sections only, by their ids. */
export function withSections(report: Report, ids?: readonly string[]): Report {
  return ids ? { ...report, sections: report.sections.filter(({ id }) => ids.includes(id)) } : report
}

/** Writes the report of a recording in any format; answers its bytes. */
export async function writeReportAs(
  recording: Recording,
  file: string,
  format: ReportFormat,
  sections?: readonly string[]
): Promise<number> {
  const report = withSections(gather(recording), sections)
  switch (format) {
    case 'html':
      return write(recording, file, page(report))
    case 'pdf':
      return write(recording, file, await pdf(page(report), new Date(report.started)))
    case 'md':
      return write(recording, file, markdown(report))
    case 'json':
      return write(recording, file, `${JSON.stringify(report, null, 1)}\n`)
  }
}

function write(recording: Recording, file: string, content: string | Buffer): number {
  try {
    writeFileSync(file, content)
  } catch (error) {
    throw new VascopeError(
      'report-write',
      `The report ${file} cannot be written: ${systemReason(error)}.`,
      `Choose another file. The session itself is in ${recording.file}.`,
      EXIT.usage
    )
  }
  return Buffer.byteLength(content)
}
