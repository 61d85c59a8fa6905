import type { Density, Rects, Spans as SpanArrays, VmGroup } from '../api'
import { lowerBound } from '../model/columns'
import { Jobs, type Mappings, type Spans, type Vm } from '../model/entities'
import type { SessionModel } from '../model/session'

/** Spans beyond this many per lane would only overpaint each other. */
const SPAN_LIMIT = 8000
/** Rows of a density: about as many as a VA map has pixels. */
const DENSITY_ROWS = 192
const DENSITY_COLUMNS = 2048

/** Where the rows of a VM are. */
export interface Rows {
  segments: VmGroup['segments']
  /** Bucket of the VA space to its first row. */
  base: Map<number, number>
  rows: number
}

/** Indices of the mappings that touch a window, for each of the VMs; in the order of their indices. */
export function visibleByVm(
  { state: { mappings: m } }: SessionModel,
  vms: readonly Vm[],
  from: number,
  to: number
): Int32Array[] {
  const slotOf = slots(vms)
  // starts ascend but for the reorder window of the stream, which a view does not resolve
  const stop = m.ordered ? lowerBound(m.start, to) : m.length
  const [start, end, vm] = [m.start.data, m.end.data, m.vm.data]
  // Counted first, so that millions need no lists that grow.
  const counts = new Int32Array(vms.length)
  const touches = (i: number): number => (end[i]! < from || start[i]! > to ? -1 : slotOf(vm[i]!))
  for (let i = 0; i < stop; i++) {
    const slot = touches(i)
    if (slot >= 0) counts[slot]!++
  }
  const lists = Array.from(counts, (count) => new Int32Array(count))
  counts.fill(0)
  for (let i = 0; i < stop; i++) {
    const slot = touches(i)
    if (slot >= 0) lists[slot]![counts[slot]!++] = i
  }
  return lists
}

/** The place of each VM in the list, by its id; -1 for others. Ids are dense, so that a table does. */
function slots(vms: readonly Vm[]): (vm: number) => number {
  const most = vms.reduce((max, { id }) => Math.max(max, id), 0)
  if (most > 1 << 20) {
    const map = new Map(vms.map(({ id }, i) => [id, i]))
    return (vm) => map.get(vm) ?? -1
  }
  const table = new Int32Array(most + 1).fill(-1)
  vms.forEach(({ id }, i) => (table[id] = i))
  return (vm) => table[vm] ?? -1
}

/** The mappings that are drawn one by one. */
export function rectsOf({ state, end }: SessionModel, layouts: Rows[], visible: Int32Array[], cut: boolean[]): Rects {
  const { mappings: m } = state
  const total = visible.reduce((n, list, g) => n + (cut[g] ? 0 : list.length), 0)
  const rects: Rects = {
    group: new Uint16Array(total),
    row: new Uint16Array(total),
    va: new Float64Array(total),
    bo: new Float64Array(total),
    iova: new Float64Array(total),
    bytes: new Float64Array(total),
    offset: new Float64Array(total),
    start: new Float64Array(total),
    end: new Float64Array(total),
    state: new Uint8Array(total),
    written: new Float64Array(total)
  }
  let n = 0
  visible.forEach((list, group) => {
    if (cut[group]) return
    const { base } = layouts[group]!
    for (const i of list) {
      rects.group[n] = group
      rects.row[n] = base.get(m.bucket.at(i))! + m.row.at(i)
      rects.va[n] = m.va.at(i)
      rects.bo[n] = m.bo.at(i)
      rects.iova[n] = m.iova.at(i)
      rects.bytes[n] = m.bytes.at(i)
      rects.offset[n] = m.offset.at(i)
      rects.start[n] = m.start.at(i)
      rects.end[n] = m.end.at(i)
      rects.state[n] = m.end.at(i) === Infinity ? state.mappingState(i, end) : 0
      rects.written![n] = m.written.at(i)
      n++
    }
  })
  return rects
}

/** Mappings per cell of time and row, for a VM that has too many of them. */
export function densityOf(
  { state: { mappings: m } }: SessionModel,
  group: number,
  list: Int32Array,
  layout: Rows,
  window: { from: number; to: number; width: number }
): Density {
  const per = Math.max(1, Math.ceil(layout.rows / DENSITY_ROWS))
  const cellOf = new Map<number, { first: number; cell: number }>()
  let rows = 0
  for (const { row, rows: count } of layout.segments) {
    for (const [bucket, first] of layout.base)
      if (first >= row && first < row + count) cellOf.set(bucket, { first: first - row, cell: rows })
    rows += Math.ceil(count / per)
  }
  const cells = new Cells(Math.max(1, rows), window, m)
  for (const i of list) {
    const { first, cell } = cellOf.get(m.bucket.data[i]!)!
    const row = cell + Math.floor((first + m.row.data[i]!) / per)
    cells.add(i, row, row)
  }
  return { group, per, ...cells.finish() }
}

/** Counts of mappings over columns of time and rows of anything. What begins and ends is noted, and summed up once at the end. */
export class Cells {
  private readonly columns: number
  private readonly edges: Int32Array
  private readonly scale: number

  constructor(
    private readonly rows: number,
    private readonly window: { from: number; to: number; width: number },
    private readonly mappings: Mappings
  ) {
    this.columns = Math.max(1, Math.min(DENSITY_COLUMNS, Math.floor(window.width)))
    this.edges = new Int32Array((this.columns + 1) * rows)
    this.scale = this.columns / (window.to - window.from)
  }

  /** The mapping `i` covers rows `top` to `foot`. */
  add(i: number, top: number, foot: number): void {
    const { mappings: m, columns, scale, edges } = this
    const { from } = this.window
    const first = Math.max(0, Math.floor((m.start.data[i]! - from) * scale))
    const last = Math.min(columns - 1, Math.floor((m.end.data[i]! - from) * scale))
    if (last < first) return
    for (let row = top; row <= foot; row++) {
      edges[row * (columns + 1) + first]!++
      edges[row * (columns + 1) + last + 1]!--
    }
  }

  finish(): Pick<Density, 'columns' | 'rows' | 'counts'> {
    const { columns, rows, edges } = this
    const counts = new Uint16Array(columns * rows)
    for (let row = 0; row < rows; row++) {
      let sum = 0
      for (let c = 0; c < columns; c++) {
        sum += edges[row * (columns + 1) + c]!
        counts[row * columns + c] = Math.min(sum, 0xffff)
      }
    }
    return { columns, rows, counts }
  }
}

/** The spans that touch a window; every n-th of them where they are too many. */
export function spansOf(spans: Spans, from: number, to: number): SpanArrays {
  const [queued, end] = [spans.queued.data, spans.end.data]
  const stop = spans.ordered ? lowerBound(spans.queued, to) : spans.length
  const shown = (i: number): boolean => !(end[i]! < from) && queued[i]! <= to
  let total = 0
  for (let i = 0; i < stop; i++) if (shown(i)) total++
  const stride = Math.max(1, Math.ceil(total / SPAN_LIMIT))
  const kept = new Int32Array(Math.ceil(total / stride))
  for (let i = 0, n = 0; i < stop; i++) if (shown(i) && n++ % stride === 0) kept[Math.floor((n - 1) / stride)] = i
  return {
    queued: Float64Array.from(kept, (i) => spans.queued.at(i)),
    start: Float64Array.from(kept, (i) => spans.start.at(i)),
    end: Float64Array.from(kept, (i) => spans.end.at(i)),
    id: Float64Array.from(kept, (i) => spans.id.at(i)),
    ...(spans instanceof Jobs && { vm: Float64Array.from(kept, (i) => spans.vmAt(i)) })
  }
}
