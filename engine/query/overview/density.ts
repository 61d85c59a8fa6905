import type { Density, ViewRequest } from '../../api'
import type { Overview, OverviewCells } from '../../model/overview-read'
import { Axis, BUCKET_KEYS } from '../../model/overview-tables'
import { ADDRESS_ROWS, layoutSpace, placeOf, type Extent } from '../../space'
import type { Layout } from '../view'

/** Rows of a density, as many as an overview has groups, and pixels of one of its columns. */
const ROWS = 64
const COLUMN = 2
const COLUMNS = 1024

/** An overview in a window, with its cells where the window is to have them. */
export interface Stretch {
  overview: Overview
  cells: OverviewCells | null
}

/** Where the groups of an overview lie, by axis: it stays for as long as the layouts of a session do. */
export type Places = [WeakMap<Overview, Place[]>, WeakMap<Overview, Place[]>]

interface Place {
  group: number
  vm: number
  top: number
  foot: number
}

/** A VM in a window. */
export interface VmSpace {
  vm: number
  layout: Layout
  extents: readonly Extent[]
}

/** Where a group of mappings lies in a density: a range of its rows. */
type PlaceOf = (key: number, shift: number) => { top: number; foot: number }

/**
 * Mappings per cell of time and row, for each of the VMs. A column counts what lived at its beginning and what began in it; where it is
 * finer than the overviews, its cell's.
 */
export function overviewDensity(
  stretches: readonly Stretch[],
  vms: readonly VmSpace[],
  request: ViewRequest,
  { pageSize, places, all }: { pageSize: number; places: Places; all: () => VmSpace[] }
): Density[] {
  const columns = Math.max(1, Math.min(COLUMNS, Math.floor(request.width / COLUMN)))
  const axis = request.axis === 'address' ? Axis.addresses : Axis.rows
  const lie = (vm: VmSpace): ReturnType<typeof rowsOf> =>
    axis === Axis.rows ? rowsOf(vm.layout) : addressesOf(vm.extents, pageSize)
  const pictures = vms.map((vm, group) => {
    const { rows, per } = lie(vm)
    const density: Density = { group, columns, rows, counts: new Uint16Array(columns * rows), per }
    return { density, sums: new Float32Array(columns * rows) }
  })
  let layouts: Map<number, PlaceOf> | null = null
  const placesOf = (overview: Overview): Place[] => {
    let known = places[axis - 1]!.get(overview)
    if (!known) {
      layouts ??= new Map(all().map((vm) => [vm.vm, lie(vm).place]))
      places[axis - 1]!.set(overview, (known = placed(overview, axis, layouts)))
    }
    return known
  }
  const byVm = new Map(vms.map(({ vm }, i) => [vm, pictures[i]!]))
  const scale = columns / (request.to - request.from)
  let filled = 0
  for (const stretch of stretches) {
    const spans = columnsOf(stretch, request.from, scale, columns, filled)
    if (spans.count === 0) continue
    const { live, starts } = stretch.overview.groups
    let [of, sums]: [number, Float32Array | undefined] = [-1, undefined]
    for (const { group, vm, top, foot } of placesOf(stretch.overview)) {
      // most groups follow others of their VM
      if (vm !== of) sums = byVm.get((of = vm))?.sums
      if (!sums) continue
      if (stretch.cells) fill(sums, columns, top, foot, stretch.overview, stretch.cells, group, spans)
      else fillWhole(sums, columns, top, foot, live[group]!, starts[group]!, spans)
    }
    filled = spans.filled
  }
  for (const { density, sums } of pictures)
    for (let i = 0; i < sums.length; i++) density.counts[i] = Math.min(0xffff, Math.ceil(sums[i]! - 1e-3))
  return pictures.map(({ density }) => density)
}

function placed({ groups }: Overview, axis: number, layouts: ReadonlyMap<number, PlaceOf>): Place[] {
  const { vm, axis: axes, shift, key, count } = groups
  const found: Place[] = []
  for (let group = 0; group < count; group++) {
    const place = axes[group] === axis ? layouts.get(vm[group]!) : undefined
    if (place) found.push({ group, vm: vm[group]!, ...place(key[group]!, shift[group]!) })
  }
  return found
}

/** Cells of an overview that are in a window, one after another. */
interface ColumnSpans {
  count: number
  /** The first of the cells. */
  cell: number
  /** Their first and last column, and the first that has nothing yet of what lived at its beginning. */
  first: Int32Array
  last: Int32Array
  fresh: Int32Array
  /** Columns that have it behind them. */
  filled: number
}

function columnsOf(
  { overview: { from, to, cell, cells: all }, cells }: Stretch,
  origin: number,
  scale: number,
  columns: number,
  filled: number
): ColumnSpans {
  const n = cells ? all : 1
  const spans: ColumnSpans = {
    count: 0,
    cell: 0,
    first: new Int32Array(n),
    last: new Int32Array(n),
    fresh: new Int32Array(n),
    filled
  }
  for (let c = 0; c < n; c++) {
    const begin = from + c * cell
    const end = cells ? Math.min(to, begin + cell) : to
    const [a, b] = [(begin - origin) * scale, (end - origin) * scale]
    if (b <= 0 || a >= columns) continue
    const first = Math.max(0, Math.floor(a))
    const last = Math.min(columns - 1, Math.max(first, Math.ceil(b - 1e-9) - 1))
    if (spans.count === 0) spans.cell = c
    spans.first[spans.count] = first
    spans.last[spans.count] = last
    spans.fresh[spans.count++] = Math.max(first, spans.filled)
    spans.filled = last + 1
  }
  return spans
}

/** Adds what a group has to the rows from `top` to `foot`, in equal shares. */
function fill(
  sums: Float32Array,
  columns: number,
  top: number,
  foot: number,
  overview: Overview,
  cells: OverviewCells,
  group: number,
  { count, cell: begin, first, last, fresh }: ColumnSpans
): void {
  const share = 1 / (foot - top + 1)
  const base = group * overview.cells
  let live = overview.groups.live[group]!
  for (let at = 0; at < begin; at++) live += cells.starts[base + at]! - cells.ends[base + at]!
  for (let i = 0; i < count; i++) {
    const began = cells.starts[base + begin + i]!
    if (live + began > 0)
      for (let row = top; row <= foot; row++) {
        const line = row * columns
        for (let c = first[i]!; c <= last[i]!; c++) sums[line + c]! += (c >= fresh[i]! ? live + began : began) * share
      }
    live += began - cells.ends[base + begin + i]!
  }
}

/** The same for an overview as one cell. */
function fillWhole(
  sums: Float32Array,
  columns: number,
  top: number,
  foot: number,
  live: number,
  began: number,
  { first, last, fresh }: ColumnSpans
): void {
  const share = 1 / (foot - top + 1)
  const [from, to, since] = [first[0]!, last[0]!, fresh[0]!]
  for (let row = top; row <= foot; row++)
    for (let c = from; c <= to; c++) sums[row * columns + c]! += (c >= since ? live + began : began) * share
}

/** Rows of a VM put together until there are few enough; each segment begins with a row of its own. */
function rowsOf({ segments, base, rows: all }: Layout): { rows: number; per: number; place: PlaceOf } {
  const per = Math.max(1, Math.ceil(all / ROWS))
  const begin = new Map<number, { first: number; cell: number; last: number }>()
  let rows = 0
  for (const { row, rows: count } of segments) {
    const last = rows + Math.ceil(count / per) - 1
    for (const [bucket, first] of base)
      if (first >= row && first < row + count) begin.set(bucket, { first: first - row, cell: rows, last })
    rows = last + 1
  }
  const place: PlaceOf = (key, shift) => {
    const at = begin.get(Math.floor(key / BUCKET_KEYS))
    if (!at) return { top: 0, foot: 0 }
    const row = at.first + (key % BUCKET_KEYS)
    const top = Math.min(at.last, at.cell + Math.floor(row / per))
    return { top, foot: Math.max(top, Math.min(at.last, at.cell + Math.floor((row + 2 ** shift - 1) / per))) }
  }
  return { rows: Math.max(1, rows), per, place }
}

function addressesOf(extents: readonly Extent[], pageSize: number): { rows: number; per: number; place: PlaceOf } {
  const layout = layoutSpace(extents)
  const rowAt = (iova: number): number => placeOf(extents, layout, iova) * ADDRESS_ROWS
  const place: PlaceOf = (key, shift) => {
    const top = Math.min(ADDRESS_ROWS - 1, Math.floor(rowAt(key * pageSize)))
    const foot = Math.ceil(rowAt((key + 2 ** shift) * pageSize)) - 1
    return { top, foot: Math.min(ADDRESS_ROWS - 1, Math.max(top, foot)) }
  }
  return { rows: ADDRESS_ROWS, per: 1, place }
}
