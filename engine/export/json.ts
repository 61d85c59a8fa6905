import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { cannotExport, type Output } from './output'
import { TABLES, type Cell, type ColumnType, type Rows, type TableInfo, type TableName } from './tables'

/** Changes with the meaning of what is written; tables and columns may be added within one. */
export const JSON_VERSION = 1

const utf8 = new TextEncoder()

/**
 * All tables as one JSON document (docs/schema/export.schema.json). Its tables follow each other and are filled at once, so that they
 * wait in files without a name.
 */
export class JsonDocument {
  private readonly parts = new Map<TableName, { fd: number; rows: number }>()

  constructor(
    private readonly session: string,
    tables: Iterable<TableName>,
    readonly output: Output,
    near: string | null
  ) {
    let dir = ''
    try {
      if (near) mkdirSync(path.dirname(path.resolve(near)), { recursive: true })
      dir = mkdtempSync(path.join(near ? path.dirname(path.resolve(near)) : tmpdir(), '.vascope-export-'))
      for (const name of tables) this.parts.set(name, { fd: openSync(path.join(dir, name), 'w+'), rows: 0 })
    } catch (error) {
      throw cannotExport(near ?? tmpdir(), error)
    } finally {
      if (dir) rmSync(dir, { recursive: true, force: true }) // open files stay readable, and are gone whatever happens
    }
  }

  write(name: TableName, rows: Rows): void {
    const part = this.parts.get(name)!
    let text = ''
    for (let row = 0; row < rows.count; row++) text += `${part.rows++ > 0 ? ',' : ''}\n      ${jsonRow(rows, row)}`
    const bytes = utf8.encode(text)
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(part.fd, bytes, done)
    } catch (error) {
      throw cannotExport('the folder of the export', error)
    }
  }

  async finish(): Promise<void> {
    const { output } = this
    const say = (text: string): void => output.write(utf8.encode(text))
    say(
      `{\n  "format": "vascope-export",\n  "version": ${JSON_VERSION},\n  "session": "${this.session}",\n  "tables": {`
    )
    const buffer = new Uint8Array(1 << 20)
    let first = true
    for (const [name, { fd, rows }] of this.parts) {
      say(`${first ? '' : ','}\n    "${name}": [`)
      first = false
      for (let at = 0, n; (n = readSync(fd, buffer, 0, buffer.length, at)) > 0; at += n) {
        output.write(buffer.subarray(0, n))
        await output.drained()
      }
      say(rows > 0 ? '\n    ]' : ']')
    }
    say('\n  }\n}\n')
    await output.drained()
  }

  close(): void {
    for (const { fd } of this.parts.values()) closeSync(fd)
    this.parts.clear()
  }
}

/** A row as an object without its session; what is null is left out. */
function jsonRow({ info, columns }: Rows, row: number): string {
  const fields: string[] = []
  for (let c = 1; c < columns.length; c++) {
    const value = columns[c]![row]!
    if (value !== null) fields.push(`"${info.columns[c]!.name}":${jsonCell(value, info.columns[c]!.type)}`)
  }
  return `{${fields.join(',')}}`
}

function jsonCell(value: Exclude<Cell, null>, type: ColumnType): string {
  if (type === 'address') return `"0x${BigInt(value as number).toString(16)}"`
  if (type === 'seconds') return String(Number((value as number).toFixed(9)))
  return JSON.stringify(value)
}

/** The schema of the document, as docs/schema/export.schema.json has it. */
export function jsonSchema(): Record<string, unknown> {
  const types: Record<ColumnType, object> = {
    text: { type: 'string' },
    int: { type: 'integer' },
    address: { type: 'string', pattern: '^0x[0-9a-f]+$' },
    seconds: { type: 'number' },
    bool: { type: 'boolean' },
    'date-time': { type: 'string', format: 'date-time' }
  }
  const rows = ({ text, columns }: TableInfo): object => ({
    description: text,
    type: 'array',
    items: {
      type: 'object',
      properties: Object.fromEntries(
        columns.slice(1).map((c) => [c.name, { ...types[c.type], ...(c.text && { description: c.text }) }])
      ),
      additionalProperties: false
    }
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A session exported by vascope export --format json',
    description: 'Times are seconds of the session, sizes bytes. What is null or was not seen is left out.',
    type: 'object',
    required: ['format', 'version', 'session', 'tables'],
    properties: {
      format: { const: 'vascope-export' },
      version: { const: JSON_VERSION },
      session: { type: 'string', pattern: '^[0-9a-f]{16}$' },
      tables: {
        type: 'object',
        properties: Object.fromEntries(Object.values(TABLES).map((info) => [info.name, rows(info)])),
        additionalProperties: false
      }
    },
    additionalProperties: false
  }
}
