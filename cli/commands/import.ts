import { Command } from 'commander'
import { formatCount } from '../../engine/format'
import { importSession } from '../../engine/import/import'
import { jsonOption } from '../options'
import { json, result, say } from '../output'

/** `vascope import`: a session of what something else recorded. */
export function importCommand(): Command {
  return new Command('import')
    .description('make a (poorer) session of a devcoredump of msm, or of a recording of trace-cmd (docs/import.md)')
    .argument('<file>')
    .option('-o, --out <file>', 'without it the name of the file with .vascope')
    .addOption(jsonOption())
    .action((file: string, options: { out?: string; json?: boolean }) => {
      const imported = importSession(file, options.out ?? `${file}.vascope`)
      if (options.json) return json(imported)
      for (const note of imported.notes) say(note)
      result(`${imported.session}  ${formatCount(imported.events)} events`)
    })
}
