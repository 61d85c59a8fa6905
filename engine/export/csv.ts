import type { Output } from './output'
import type { Cell, ColumnType, Rows, TableInfo } from './tables'

const utf8 = new TextEncoder()

/** One table as CSV (RFC 4180) in UTF-8: a row of names, then the rows; an empty field is null. */
export class CsvTable {
  constructor(
    private readonly info: TableInfo,
    readonly output: Output
  ) {
    output.write(utf8.encode(`${info.columns.map(({ name }) => name).join(',')}\r\n`))
  }

  write({ columns, count }: Rows): void {
    let text = ''
    for (let row = 0; row < count; row++) {
      for (let c = 0; c < columns.length; c++)
        text += (c > 0 ? ',' : '') + csvCell(columns[c]![row]!, this.info.columns[c]!.type)
      text += '\r\n'
    }
    this.output.write(utf8.encode(text))
  }

  finish(): void {}
}

/** A value as one field. Text that a spreadsheet would take for a formula has an apostrophe before it. */
export function csvCell(value: Cell, type: ColumnType): string {
  if (value === null) return ''
  if (type === 'address') return `0x${BigInt(value).toString(16)}`
  if (typeof value === 'number') return type === 'seconds' ? decimal(value) : String(value)
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Seconds down to the nanosecond, never with an exponent. */
export function decimal(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, '')
}
