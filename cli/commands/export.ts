import { statSync } from 'node:fs'
import { Command, Option } from 'commander'
import { exportSession, FORMATS, type Exported, type Format } from '../../engine/export/export'
import { TABLE_NAMES, type TableName } from '../../engine/export/tables'
import { formatBytes, formatCount, quantityText } from '../../engine/format'
import { EXIT, VascopeError } from '../../engine/problem'
import { jsonOption } from '../options'
import { json, result, say } from '../output'

interface Options {
  format: Format
  out?: string
  table?: TableName[]
  partition?: boolean
  force?: boolean
  json?: boolean
}

/** `vascope export`: a session file for other tools. */
export function exportCommand(): Command {
  return new Command('export')
    .description(
      'write a session file for other tools: a Perfetto trace, or tables as Parquet, CSV or JSON (docs/export.md)'
    )
    .argument('<file>')
    .addOption(new Option('-f, --format <format>', 'what to write').choices([...FORMATS]).makeOptionMandatory())
    .option('-o, --out <path>', 'a file, a folder where there are several, or - for standard output')
    .option('-t, --table <tables>', 'only these tables, for example mappings,vm_binds', tablesOf)
    .option('--partition', 'Parquet and CSV: sort the files into TABLE/board=…/kernel=…/date=…/')
    .option('--force', 'replace files that are there')
    .addOption(jsonOption('print what was written as JSON'))
    .addHelpText(
      'after',
      `
Tables: ${TABLE_NAMES.join(', ')}.
Exit codes: 0 all was exported, 2 usage, 4 the file is damaged: the rest of it was exported.`
    )
    .action(run)
}

async function run(file: string, options: Options): Promise<void> {
  const { format, table = [], partition = false, force = false } = options
  if (partition && (format === 'json' || format === 'perfetto'))
    throw new VascopeError(
      'export-partition',
      `${format} is one file: --partition is for tables.`,
      'Leave it out.',
      EXIT.usage
    )
  if (table.length > 0 && format === 'perfetto')
    throw new VascopeError(
      'export-table',
      'A Perfetto trace has no tables: --table is for the other formats.',
      'Leave it out.',
      EXIT.usage
    )
  const out = options.out ?? defaultOut(file, format, partition ? [] : table)
  if (out === '-' && options.json)
    throw new VascopeError('export-json', '--json would write among the export.', 'Leave --json out.', EXIT.usage)
  const exported = await exportSession(file, { format, out, tables: table, partition, force, stdout: process.stdout })
  if (options.json) json({ session: file, format, ...exported })
  else if (out !== '-') result(exportText(exported))
  if (exported.unreadable === 0) return
  say(`vascope: ${file} is damaged: ${formatCount(exported.unreadable)} events are lost and not in the export.`)
  process.exitCode = EXIT.file
}

function exportText({ files, rows }: Exported): string {
  const lines = files.map((file) => `${file}  ${quantityText(formatBytes(statSync(file).size))}`)
  const counts = Object.entries(rows).filter(([, n]) => n > 0)
  return [...lines, `rows: ${counts.map(([name, n]) => `${name} ${formatCount(n)}`).join(', ')}`].join('\n')
}

function defaultOut(file: string, format: Format, tables: readonly TableName[]): string {
  const base = file.replace(/\.vascope$/, '')
  if (format === 'json') return `${base}.json`
  if (format === 'perfetto') return `${base}.pftrace`
  return tables.length === 1 ? `${base}-${tables[0]!}.${format}` : `${base}-${format}`
}

function tablesOf(list: string): TableName[] {
  return list.split(',').map((word) => {
    const name = word.trim()
    if (!(TABLE_NAMES as string[]).includes(name))
      throw new VascopeError(
        'export-table',
        `There is no table "${name}".`,
        `The tables are ${TABLE_NAMES.join(', ')}.`,
        EXIT.usage
      )
    return name as TableName
  })
}
