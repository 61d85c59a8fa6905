import { statSync } from 'node:fs'
import path from 'node:path'
import { EXIT, VascopeError } from '../problem'
import { openRecording } from '../session/recording'
import { CsvTable } from './csv'
import { Fill } from './fill'
import { JsonDocument } from './json'
import { FileOutput, StreamOutput, type Output, type Sink } from './output'
import { ParquetTable } from './parquet'
import { writePerfetto } from './perfetto/write'
import { Replay } from './replay'
import { Source } from './source'
import { TABLE_NAMES, TABLES, type Rows, type TableName } from './tables'

export const FORMATS = ['perfetto', 'parquet', 'csv', 'json'] as const
export type Format = (typeof FORMATS)[number]

export interface ExportOptions {
  format: Format
  /** A file where one is written, a folder where several are, "-" for `stdout`. */
  out: string
  /** Empty: all. A Perfetto trace has none. */
  tables: readonly TableName[]
  /** Parquet and CSV: into TABLE/board=…/kernel=…/date=…/SESSION below `out`. */
  partition: boolean
  /** Replace files that are there. */
  force: boolean
  stdout: Sink
}

export interface Exported {
  /** Rows of each table. */
  rows: Record<string, number>
  files: string[]
  /** Events that the file has lost: the export is of the rest. */
  unreadable: number
}

/** Rows that wait are written from here on: a row group of Parquet, which is read as a whole. */
const ROWS = 100_000

/** What turns rows into bytes. */
interface Writer {
  write(name: TableName, rows: Rows): void
  finish(): Promise<void> | void
  outputs: Output[]
  files: string[]
  close?(): void
}

/**
 * Reads a session file once and writes what is in it. Memory grows with what lives at once in the session, not with its length; only the
 * findings need the whole model. Throws VascopeError; then nothing is left behind.
 */
export async function exportSession(file: string, options: ExportOptions): Promise<Exported> {
  return options.format === 'perfetto' ? exportTrace(file, options) : exportTables(file, options)
}

async function exportTrace(file: string, { out, force, stdout }: ExportOptions): Promise<Exported> {
  const source = new Source(file)
  let output: Output | null = null
  try {
    output = open(out, force, stdout)
    const { events, unreadable } = await writePerfetto(source, output)
    output.commit()
    return { rows: { events }, files: [out], unreadable }
  } catch (error) {
    output?.discard()
    throw error
  } finally {
    source.close()
  }
}

function open(file: string, force: boolean, stdout: Sink): Output {
  return file === '-' ? new StreamOutput(stdout) : new FileOutput(file, force)
}

async function exportTables(file: string, options: ExportOptions): Promise<Exported> {
  const wanted = options.tables.length > 0 ? options.tables : TABLE_NAMES
  const source = new Source(file)
  let writer: Writer | null = null
  try {
    const fill = new Fill(wanted, source.id)
    const replay = (fill.replay = new Replay(source, fill))
    writer = writerOf(source, wanted, options)
    const rows: Record<string, number> = {}
    const pass = async (least: number): Promise<void> => {
      for (const [name, waiting] of fill.tables) {
        if (waiting.count < least) continue
        rows[name] = (rows[name] ?? 0) + waiting.count
        writer!.write(name, waiting)
        waiting.clear()
      }
      for (const output of writer!.outputs) await output.drained()
    }
    for (const _ of replay.run()) await pass(ROWS)
    fill.finish()
    if (fill.tables.has('findings')) addFindings(fill, file)
    await pass(0)
    await writer.finish()
    for (const output of writer.outputs) output.commit()
    return { rows, files: writer.files, unreadable: replay.unreadable }
  } catch (error) {
    for (const output of writer?.outputs ?? []) output.discard()
    throw error
  } finally {
    writer?.close?.()
    source.close()
  }
}

function addFindings(fill: Fill, file: string): void {
  for (const { rule, severity, time, what, objects, key } of openRecording(file).checker.page().findings)
    fill.add('findings', () => [
      ...[rule, severity, Number.isFinite(time) ? time : null, what],
      ...[objects.map(({ kind, id }) => `${kind} ${id}`).join(', '), key]
    ])
}

function writerOf(source: Source, wanted: readonly TableName[], options: ExportOptions): Writer {
  const { format, out, partition, force, stdout } = options
  if (format === 'json') {
    const output = open(out, force, stdout)
    // beside the file that it becomes, where there is room for it; not beside a pipe or a device
    const near = out !== '-' && (statSync(out, { throwIfNoEntry: false })?.isFile() ?? true) ? out : null
    const document = new JsonDocument(source.id, wanted, output, near)
    return {
      write: (name, rows) => document.write(name, rows),
      finish: () => document.finish(),
      outputs: [output],
      files: [out],
      close: () => document.close()
    }
  }
  const single = wanted.length === 1 && !partition
  if (!single && out === '-')
    throw new VascopeError(
      'export-tables',
      `${format} is one file for each table, and standard output takes one.`,
      'Choose one with --table, or give a folder with --out.',
      EXIT.usage
    )
  const left = new Set(partition ? Object.keys(partitionOf(source)) : [])
  const tables = new Map<TableName, CsvTable | ParquetTable>()
  const outputs: Output[] = []
  const files: string[] = []
  try {
    for (const name of wanted) {
      const file = single ? out : path.join(out, placeOf(name, source, options))
      const output = open(file, force, stdout)
      outputs.push(output)
      files.push(file)
      tables.set(
        name,
        format === 'csv' ? new CsvTable(TABLES[name], output) : new ParquetTable(TABLES[name], output, left)
      )
    }
  } catch (error) {
    for (const output of outputs) output.discard()
    throw error
  }
  return {
    write: (name, rows) => tables.get(name)!.write(rows),
    finish: () => tables.forEach((table) => table.finish()),
    outputs,
    files
  }
}

/** The folders that a farm's sessions are sorted into, as engines that read Parquet understand them. */
function partitionOf(source: Source): Record<string, string> {
  const { head, capabilities, date } = source
  return { board: head.board || 'unknown', kernel: capabilities.kernelRelease || 'unknown', date }
}

function placeOf(name: TableName, source: Source, { format, partition }: ExportOptions): string {
  if (!partition) return `${name}.${format}`
  const folders = Object.entries(partitionOf(source)).map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
  return path.join(name, ...folders, `${source.id}.${format}`)
}
