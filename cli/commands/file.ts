import { Command } from 'commander'
import { EXIT } from '../../engine/problem'
import { writeReport } from '../../engine/report/write'
import { damageText, openRecording, type Recording } from '../../engine/session/recording'
import { printInfo } from '../info'
import { json, result, say } from '../output'
import { jsonOption } from '../options'

/** `vascope info`: the figures of a session file. */
export function infoCommand(): Command {
  return new Command('info')
    .description('figures of a session file: events by kind, VMs and their policy, lifetimes, rates, losses')
    .argument('<file>')
    .addOption(jsonOption())
    .action((file: string, options: { json?: boolean }) => {
      const recording = openRecording(file)
      printInfo(recording, options.json ?? false)
      finish(recording)
    })
}

/** `vascope report`: one self-contained HTML file. */
export function reportCommand(): Command {
  return new Command('report')
    .description('write the HTML report of a session file')
    .argument('<file>')
    .option('-o, --out <file>', 'without it the session file’s name with .html')
    .addOption(jsonOption())
    .action((file: string, options: { out?: string; json?: boolean }) => {
      const recording = openRecording(file)
      const out = options.out ?? file.replace(/(\.vascope)?$/, '.html')
      const bytes = writeReport(recording, out)
      if (options.json) json({ session: file, report: out, bytes })
      else result(out)
      finish(recording)
    })
}

/** A damaged file is read as far as it goes, and said to be damaged. */
export function finish(recording: Recording): void {
  const damage = damageText(recording)
  if (!damage) return
  say(`vascope: ${recording.file} is damaged or was cut off: ${damage}`)
  process.exitCode = EXIT.file
}
