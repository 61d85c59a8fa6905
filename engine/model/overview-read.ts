import { decodeTable, type Columns } from '../wire/table'
import { skip, varint, WireError, type Cursor } from '../wire/varint'
import * as t from './overview-tables'

/** What every window needs of a stretch of a session. Times are seconds, `live` and `pages` are those at its beginning. */
export interface Overview {
  from: number
  to: number
  /** Seconds of a row of `charts`, of a cell of OverviewCells; the last of each may be shorter. */
  step: number
  cell: number
  cells: number
  rows: number
  charts: Columns<typeof t.CHART>
  vms: { count: number } & Columns<typeof t.OVERVIEW_VM>
  groups: { count: number } & Columns<typeof t.GROUP>
  marks: { count: number; text: string[] } & Columns<typeof t.MARK>
}

/** Cell after cell of each group and each VM of an Overview; `vmPages` at the end of a cell. */
export interface OverviewCells {
  starts: Float64Array
  ends: Float64Array
  vmStarts: Float64Array
  vmEnds: Float64Array
  vmPages: Float64Array
}

/** Reads an OverviewImage of the stretch from `from` to `to`. Throws WireError where the bytes are none. */
export function readOverview(bytes: Uint8Array, from: number, to: number): Overview {
  const { numbers, tables, text } = partsOf(bytes)
  const table = (field: number): Uint8Array => tables.get(field) ?? new Uint8Array(0)
  const charts = decodeTable(t.CHART, table(t.OVERVIEW.charts))
  const vms = decodeTable(t.OVERVIEW_VM, table(t.OVERVIEW.vms))
  const groups = decodeTable(t.GROUP, table(t.OVERVIEW.groups))
  const marks = decodeTable(t.MARK, table(t.OVERVIEW.marks))
  const [step, cell] = [numbers.get(t.OVERVIEW.step) ?? 0, numbers.get(t.OVERVIEW.cell) ?? 0].map((ns) => ns / 1e9)
  if (!step || !cell || !(to > from)) throw new WireError('an overview without cells')
  return {
    from,
    to,
    step,
    cell,
    cells: Math.max(1, Math.ceil((to - from) / cell - 1e-6)),
    rows: charts.count,
    charts: charts.columns,
    vms: { count: vms.count, ...vms.columns },
    groups: { count: groups.count, ...groups.columns },
    marks: { count: marks.count, text, ...marks.columns }
  }
}

/** Reads the OverviewCells of an overview. Throws WireError where they are none, or another's. */
export function readCells(bytes: Uint8Array, { cells, groups, vms }: Overview): OverviewCells {
  const column = (field: number, kind: 'plain' | 'delta', rows: number): Float64Array => {
    const { count, columns } = decodeTable({ values: [field, kind] }, bytes)
    if (count !== rows * cells) throw new WireError(`${count} entries of cells, not ${rows * cells}`)
    return columns.values
  }
  return {
    starts: column(t.CELLS.starts, 'plain', groups.count),
    ends: column(t.CELLS.ends, 'plain', groups.count),
    vmStarts: column(t.CELLS.vmStarts, 'plain', vms.count),
    vmEnds: column(t.CELLS.vmEnds, 'plain', vms.count),
    vmPages: column(t.CELLS.vmPages, 'delta', vms.count)
  }
}

function partsOf(bytes: Uint8Array): {
  numbers: Map<number, number>
  tables: Map<number, Uint8Array>
  text: string[]
} {
  const numbers = new Map<number, number>()
  const tables = new Map<number, Uint8Array>()
  const text: string[] = []
  const utf8 = new TextDecoder()
  const c: Cursor = { data: bytes, at: 0 }
  while (c.at < bytes.length) {
    const tag = varint(c)
    const field = Math.floor(tag / 8)
    if (tag % 8 === 0) numbers.set(field, varint(c))
    else if (tag % 8 === 2) {
      const length = varint(c)
      if (c.at + length > bytes.length) throw new WireError('a table ends behind the overview')
      const part = bytes.subarray(c.at, c.at + length)
      c.at += length
      if (field === t.OVERVIEW.text) text.push(utf8.decode(part))
      else tables.set(field, part)
    } else skip(c, tag)
  }
  return { numbers, tables, text }
}
