import { Bytes, encodeTable, type TableSpec } from '../wire/table'
import type { Column } from './columns'
import type { Marker, Spans } from './entities'
import { Grouping } from './overview-groups'
import * as t from './overview-tables'
import { BIN } from './rates'
import type { SessionModel } from './session'

/** Events of a stretch, at least, but for the last. */
const STRETCH_EVENTS = 1 << 16
/** Events of a row of the charts and of a cell, at least, so that an overview stays about a hundredth of its events' size. */
const CHART_EVENTS = 512
const CELL_EVENTS = 8192
/** Evictions of one stretch that have a mark of their own. */
const EVICTIONS = 64
/** Until so long after, events of a time may still come, seconds. */
const LAG = 0.2

/** Makes the overviews of a session while a model takes its frames in. They follow each other without holes. */
export class Overviews {
  /** Where the next begins, in bins of the rates. */
  private begin: number
  private events: number
  private readonly told = new WeakSet<Marker>()

  /** `from`: where the first begins, seconds; a model that an image was put into knows nothing of what was before. `to`: where the last ends. */
  constructor(
    private readonly model: SessionModel,
    from = 0,
    private readonly to = Infinity
  ) {
    this.begin = Math.round(from / BIN)
    this.events = model.events
  }

  /** Where the next begins, seconds: what ended before it is in none that comes. */
  get reached(): number {
    return this.begin * BIN
  }

  /**
   * The overview of what was since the last, without the newest moment, of which more may come; with it where the session has ended
   * (`last`). null where nothing is to be told yet.
   */
  next(last = false): { from: number; to: number; events: number; coarse: Uint8Array; fine: Uint8Array } | null {
    const { model, begin } = this
    const reached = last ? Math.floor(model.end / BIN) + 1 : Math.floor((model.end - LAG) / BIN)
    const end = Math.min(reached, Math.round(this.to / BIN))
    const since = Math.max(0, model.events - this.events)
    if (end <= begin || (!last && since < STRETCH_EVENTS)) return null
    // those of the newest moment are left for the next
    const share = Math.min(1, ((end - begin) * BIN) / Math.max(BIN, model.end - begin * BIN))
    const events = Math.round(since * share)
    const parts = encode(model, begin, end, events, (marker) => this.tells(marker, end * BIN))
    this.begin = end
    this.events += events
    return { from: begin * BIN, to: end * BIN, events, ...parts }
  }

  /** The newest marker is of the model in memory and not of the session. */
  leaveOut(): void {
    const marker = this.model.state.markers.at(-1)
    if (marker) this.told.add(marker)
  }

  /** A loss is told of later than it happened, so that what was told counts and not its time. */
  private tells(marker: Marker, to: number): boolean {
    if (marker.time >= to || marker.kind === 'scenario' || this.told.has(marker)) return false
    this.told.add(marker)
    return true
  }
}

function encode(
  model: SessionModel,
  begin: number,
  end: number,
  events: number,
  tells: (marker: Marker) => boolean
): { coarse: Uint8Array; fine: Uint8Array } {
  const [from, to] = [begin * BIN, end * BIN]
  const per = binsFor(CHART_EVENTS, end - begin, events)
  const perCell = Math.max(per, binsFor(CELL_EVENTS, end - begin, events))
  const cells = Math.ceil((end - begin) / perCell)
  const grouping = new Grouping(model.state, { from, to, cell: perCell * BIN, cells })
  const coarse = new Bytes()
  const number = (field: number, value: number): void => {
    coarse.varint(field * 8)
    coarse.varint(value)
  }
  const table = (field: number, spec: TableSpec, rows: Rows): void =>
    coarse.field(field, encodeTable(spec, rows.count, rows.columns))
  number(t.OVERVIEW.step, Math.round(per * BIN * 1e9))
  number(t.OVERVIEW.cell, Math.round(perCell * BIN * 1e9))
  table(t.OVERVIEW.charts, t.CHART, charts(model, begin, end, per, grouping.pages))
  table(t.OVERVIEW.vms, t.OVERVIEW_VM, grouping.vmRows())
  table(t.OVERVIEW.groups, t.GROUP, grouping.groupRows())
  const { rows, texts } = marks(model, from, to, tells)
  table(t.OVERVIEW.marks, t.MARK, rows)
  for (const text of texts) coarse.field(t.OVERVIEW.text, utf8.encode(text))
  return { coarse: coarse.taken(), fine: grouping.fine() }
}

const utf8 = new TextEncoder()

interface Rows {
  count: number
  columns: Record<string, ArrayLike<number>>
}

/** Bins of a row or cell that has so many events on average: a power of two. */
function binsFor(wanted: number, bins: number, events: number): number {
  let per = 1
  while (per < bins && (events * per) / bins < wanted) per *= 2
  return per
}

function charts({ state }: SessionModel, begin: number, end: number, per: number, livePages: number): Rows {
  const count = Math.ceil((end - begin) / per)
  const make = (): Float64Array => new Float64Array(count)
  const [maps, unmaps, mapped, live, flips, interval] = [make(), make(), make(), make(), make(), make()]
  const { rates, pageSize } = state
  const rowOf = (time: number): number => Math.max(0, Math.floor((time / BIN - begin) / per))
  let pages = livePages
  for (let i = 0; i < count; i++) {
    const [first, stop] = [begin + i * per, Math.min(begin + (i + 1) * per, end)]
    maps[i] = rates.sum('maps', first, stop)
    unmaps[i] = rates.sum('unmaps', first, stop)
    mapped[i] = Math.round(rates.sum('mapped', first, stop) / pageSize)
    flips[i] = rates.sum('flips', first, stop)
    pages += rates.sum('delta', first, stop) / pageSize
    live[i] = Math.max(0, Math.round(pages))
  }
  const { time, interval: between } = state.flips
  for (let i = 0; i < time.length; i++) {
    const row = rowOf(time.at(i))
    if (time.at(i) < begin * BIN || row >= count || Number.isNaN(between.at(i))) continue
    interval[row] = Math.max(interval[row]!, Math.round(between.at(i) * 1e6))
  }
  const [jobs, submits, commits] = [state.jobs, state.submits, state.commits].map((spans) =>
    underWay(spans, begin * BIN, end * BIN, count, rowOf)
  )
  const columns = { maps, unmaps, mapped, live, flips, interval, jobs: jobs!, submits: submits!, commits: commits! }
  return { count, columns }
}

/** How many spans are queued or last in each row. */
function underWay(
  { queued, end }: Spans,
  from: number,
  to: number,
  count: number,
  rowOf: (time: number) => number
): Float64Array {
  const rows = new Float64Array(count + 1)
  const [q, e] = [queued.data, end.data]
  for (let i = 0; i < queued.length; i++) {
    if (e[i]! < from || !(q[i]! < to)) continue
    rows[rowOf(q[i]!)]!++
    // NaN: it lasts
    if (e[i]! < to) rows[Math.min(count, rowOf(e[i]!) + 1)]!--
  }
  for (let i = 1; i < count; i++) rows[i]! += rows[i - 1]!
  return rows.subarray(0, count)
}

function marks(
  { state }: SessionModel,
  from: number,
  to: number,
  tells: (marker: Marker) => boolean
): { rows: Rows; texts: string[] } {
  const columns = { kind: [], time: [], until: [], iova: [], stands: [] } as Record<keyof typeof t.MARK, number[]>
  const texts: string[] = []
  const add = (kind: (typeof t.MARKS)[number], time: number, until: number, text: string, iova = 0, n = 0): void => {
    columns.kind.push(t.MARKS.indexOf(kind))
    columns.time.push(time)
    columns.until.push(until)
    columns.iova.push(iova)
    columns.stands.push(n)
    texts.push(text)
  }
  for (const marker of state.markers)
    if (marker.kind !== 'scenario' && tells(marker)) add(marker.kind, marker.time, marker.until, marker.text)
  for (const { time, iova } of state.gpuFaults) if (time >= from && time < to) add('fault', time, time, '', iova)
  const evictions: { time: number; until: number; index: number }[] = []
  for (const [index, times] of state.vmBos.evictions)
    for (let n = 0; n < times.length; n += 2)
      if (times[n]! >= from && times[n]! < to) evictions.push({ time: times[n]!, until: times[n + 1] ?? NaN, index })
  evictions.sort((a, b) => a.time - b.time)
  const name = (index: number): string => `BO ${at(state.vmBos.bo, index)} evicted from VM ${at(state.vmBos.vm, index)}`
  for (const { time, until, index } of evictions.slice(0, EVICTIONS)) add('eviction', time, until, name(index), 0, 1)
  const more = evictions.slice(EVICTIONS)
  if (more.length > 0)
    add('eviction', more[0]!.time, more.at(-1)!.time, `${more.length} more BOs evicted`, 0, more.length)
  return { rows: { count: texts.length, columns }, texts }
}

function at(column: Column, index: number): number {
  return column.at(index)
}
