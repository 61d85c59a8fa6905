import { Command, Option } from 'commander'
import { EXIT } from '../../engine/problem'
import { formatOf, REPORT_FORMATS, writeReportAs, type ReportFormat } from '../../engine/report/write'
import { openEnding } from '../../engine/session/ending'
import { isLarge } from '../../engine/session/large'
import { damageText, openRecording, type Recording } from '../../engine/session/recording'
import { printInfo } from '../info'
import { printLargeInfo } from '../large-info'
import { json, result, say } from '../output'
import { jsonOption } from '../options'

/** `vascope info`: the figures of a session file. */
export function infoCommand(): Command {
  return new Command('info')
    .description('figures of a session file: events by kind, VMs and their policy, lifetimes, rates, losses')
    .argument('<file>')
    .addOption(jsonOption())
    .action((file: string, options: { json?: boolean }) => {
      if (isLarge(file)) {
        const ending = openEnding(file)
        printLargeInfo(ending, options.json ?? false)
        return finish(ending)
      }
      const recording = openRecording(file)
      printInfo(recording, options.json ?? false)
      finish(recording)
    })
}

/** `vascope report`: what a session shows, as one file. */
export function reportCommand(): Command {
  return new Command('report')
    .description('write the report of a session file: HTML, PDF, Markdown or JSON, all of the same figures')
    .argument('<file>')
    .addOption(
      new Option('-f, --format <format>', 'without it what the name of --out ends with, else html').choices([
        ...REPORT_FORMATS
      ])
    )
    .option('-o, --out <file>', 'without it the session file’s name with the format’s ending')
    .addOption(jsonOption('print which file was written, as JSON'))
    .addHelpText(
      'after',
      `
html  one self-contained page that opens offline and prints
pdf   the same page, printed by Electron (no display needed)
md    a summary for a merge request or a mail
json  the figures, by docs/schema/report.schema.json

Every figure names the query that yields it. The same session file gives the same bytes.`
    )
    .action(async (file: string, options: { format?: ReportFormat; out?: string; json?: boolean }) => {
      const recording = openRecording(file)
      const format = options.format ?? formatOf(options.out ?? '')
      const out = options.out ?? file.replace(/(\.vascope)?$/, `.${format}`)
      const bytes = await writeReportAs(recording, out, format)
      if (options.json) json({ session: file, report: out, format, bytes })
      else result(out)
      finish(recording)
    })
}

/** A damaged file is read as far as it goes, and said to be damaged. */
export function finish(recording: Pick<Recording, 'file' | 'damage' | 'complete' | 'lost'>): void {
  const damage = damageText(recording)
  if (!damage) return
  say(`vascope: ${recording.file} is damaged or was cut off: ${damage}`)
  process.exitCode = EXIT.file
}
