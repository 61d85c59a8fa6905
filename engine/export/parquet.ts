import { ByteWriter, ParquetWriter, type ColumnSource } from 'hyparquet-writer'
import type { Output } from './output'
import type { Cell, Column, Rows, TableInfo } from './tables'

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

/** One table as a Parquet file: row groups as they come, Snappy, all columns may be null but `session`. */
export class ParquetTable {
  private readonly bytes = new ByteWriter()
  private readonly writer: ParquetWriter
  private written = 0

  /** `left`: columns that are not written, since the name of the file's folder says them. */
  constructor(
    private readonly info: TableInfo,
    readonly output: Output,
    private readonly left: ReadonlySet<string>
  ) {
    const columns = info.columns.filter(({ name }) => !left.has(name))
    this.writer = new ParquetWriter({
      writer: this.bytes,
      schema: [{ name: 'root', num_children: columns.length }, ...columns.map(elementOf)],
      createdBy: 'vascope',
      kvMetadata: columns.filter(({ text }) => text).map(({ name, text }) => ({ key: `column.${name}`, value: text }))
    })
  }

  /** One row group. */
  write({ columns, count }: Rows): void {
    if (count === 0) return
    const columnData = this.info.columns.flatMap((column, i): ColumnSource[] =>
      this.left.has(column.name) ? [] : [{ name: column.name, data: valuesOf(column, columns[i]!) }]
    )
    void this.writer.write({ columnData, rowGroupSize: count })
    this.pass()
  }

  finish(): void {
    void this.writer.finish()
    this.pass()
  }

  /** Hands on what the writer has made; its own buffer begins anew. */
  private pass(): void {
    const { bytes } = this
    this.output.write(new Uint8Array(bytes.buffer, 0, bytes.index))
    this.written += bytes.index
    bytes.index = 0
  }
}

function elementOf({ name, type }: Column): SchemaElement {
  const repetition_type = name === 'session' ? 'REQUIRED' : 'OPTIONAL'
  if (type === 'text') return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }
  if (type === 'int') return { name, type: 'INT64', repetition_type }
  if (type === 'address') return { name, type: 'INT64', converted_type: 'UINT_64', repetition_type }
  if (type === 'date-time') return { name, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type }
  return { name, type: type === 'bool' ? 'BOOLEAN' : 'DOUBLE', repetition_type }
}

function valuesOf({ type }: Column, cells: readonly Cell[]): ColumnSource['data'] {
  if (type === 'int' || type === 'address')
    return cells.map((cell) => (typeof cell === 'number' ? BigInt(cell) : cell)) as bigint[]
  if (type === 'date-time') return cells.map((cell) => (cell === null ? null : new Date(cell as string)))
  return cells as unknown[]
}
