import type { Charts, CursorValues, Density, Rects, Spans as SpanArrays, View, ViewRequest, VmGroup } from '../api'
import { lowerBound } from '../model/columns'
import type { Spans, Vm } from '../model/entities'
import { BIN } from '../model/rates'
import { BUCKET_BYTES } from '../model/rows'
import type { SessionModel } from '../model/session'
import { liveAt } from './live'
import { marksOf } from './marks'
import { addressDensity, extentsOf } from './space'

/** More mappings of one VM in one view than this are drawn as density: nobody can tell them apart. */
const RECT_LIMIT = 6000
/** Spans beyond this many per lane would only overpaint each other. */
const SPAN_LIMIT = 8000

/** What a window shows of a session, at its resolution. The arrays are fresh and may be transferred. */
export function view(model: SessionModel, request: ViewRequest): View {
  const { state } = model
  const { from, to } = request
  const cursorTime = request.cursor ?? model.end
  const vms = [...state.vms.values()]
    .filter((vm) => vm.created <= to && (vm.destroyed ?? Infinity) >= from)
    .sort(byInterest)
  const live = liveAt(model, cursorTime)
  const layouts = vms.map(layoutOf)
  const visible = visibleByVm(model, vms, from, to)
  const cut = visible.map((list) => list.length > RECT_LIMIT)
  const charts = chartsOf(model, request)
  return {
    request,
    begin: 0,
    end: model.end,
    vms: vms.map((vm, i) => groupOf(model, vm, layouts[i]!, live.byVm.get(vm.id))),
    rects: rectsOf(model, layouts, visible, cut),
    rectsCut: cut,
    density: visible.flatMap((list, i) => {
      if (!cut[i]) return []
      if (request.axis === 'address') return [addressDensity(model, i, list, extentsOf(model, vms[i]!.id), request)]
      return [densityOf(model, i, list, layouts[i]!, request)]
    }),
    charts,
    marks: marksOf(model, from, to),
    jobs: spansOf(state.jobs, from, to),
    submits: spansOf(state.submits, from, to),
    commits: spansOf(state.commits, from, to),
    cursor: cursorValues(charts, cursorTime, live)
  }
}

/** VM_BIND VMs first, then the display's, then the rest; newest last within each. */
function byInterest(a: Vm, b: Vm): number {
  const rank = (vm: Vm): number => (vm.mode === 'vm-bind' ? 0 : vm.name === 'mdp_kms' ? 1 : 2)
  return rank(a) - rank(b) || a.id - b.id
}

interface Layout {
  segments: VmGroup['segments']
  /** Bucket of the VA space to its first row. */
  base: Map<number, number>
  rows: number
  hiddenBytes: number
}

/** Used buckets of the VA space in ascending order; those that touch are one segment, what lies between is hidden. */
function layoutOf(vm: Vm): Layout {
  const segments: VmGroup['segments'] = []
  const base = new Map<number, number>()
  let rows = 0
  let next = -1
  for (const { bucket, rows: count } of vm.rows.layout()) {
    base.set(bucket, rows)
    const last = segments.at(-1)
    if (last && bucket === next) {
      last.bytes += BUCKET_BYTES
      last.rows += count
    } else segments.push({ iova: bucket * BUCKET_BYTES, bytes: BUCKET_BYTES, row: rows, rows: count })
    rows += count
    next = bucket + 1
  }
  const used = segments.reduce((n, s) => n + s.bytes, 0)
  return { segments, base, rows, hiddenBytes: Math.max(0, vm.size - used) }
}

function groupOf(
  model: SessionModel,
  vm: Vm,
  layout: Layout,
  live: { mappings: number; bytes: number; vmBos: number } | undefined
): VmGroup {
  const task = model.state.tasks.get(vm.task)
  return {
    vm: vm.id,
    name: vm.name,
    policy: vm.verdict.policy,
    policySource: vm.verdict.source,
    mode: vm.mode,
    pid: task?.pid ?? 0,
    comm: task?.comm ?? '',
    created: vm.created,
    destroyed: vm.destroyed,
    mappings: live?.mappings ?? 0,
    bytes: live?.bytes ?? 0,
    vmBos: live?.vmBos ?? 0,
    rows: layout.rows,
    segments: layout.segments,
    hiddenBytes: layout.hiddenBytes,
    extents: extentsOf(model, vm.id)
  }
}

/** Indices of the mappings that touch the window, for each of the VMs. */
function visibleByVm(
  { state: { mappings: m } }: SessionModel,
  vms: readonly Vm[],
  from: number,
  to: number
): number[][] {
  const slot = new Map(vms.map((vm, i) => [vm.id, i]))
  const lists: number[][] = vms.map(() => [])
  // starts ascend but for the reorder window of the stream, which a view does not resolve
  const stop = m.ordered ? lowerBound(m.start, to) : m.length
  for (let i = 0; i < stop; i++) {
    if (m.end.data[i]! < from || m.start.data[i]! > to) continue
    const s = slot.get(m.vm.data[i]!)
    if (s !== undefined) lists[s]!.push(i)
  }
  return lists
}

function rectsOf({ state, end }: SessionModel, layouts: Layout[], visible: number[][], cut: boolean[]): Rects {
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
    state: new Uint8Array(total)
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
      n++
    }
  })
  return rects
}

function densityOf(
  { state: { mappings: m } }: SessionModel,
  group: number,
  list: number[],
  layout: Layout,
  { from, to, width }: ViewRequest
): Density {
  const columns = Math.max(1, Math.min(2048, Math.floor(width)))
  const rows = Math.max(1, layout.rows)
  const counts = new Uint16Array(columns * rows)
  const scale = columns / (to - from)
  for (const i of list) {
    const row = layout.base.get(m.bucket.at(i))! + m.row.at(i)
    const a = Math.max(0, Math.floor((m.start.at(i) - from) * scale))
    const b = Math.min(columns - 1, Math.floor((m.end.at(i) - from) * scale))
    for (let c = a; c <= b; c++) counts[row * columns + c]!++
  }
  return { group, columns, rows, counts }
}

function chartsOf({ state, end }: SessionModel, { from, to, width }: ViewRequest): Charts {
  const { rates, flips } = state
  // time that passed without an event was seen: heartbeats carry it
  const seen = Math.max(rates.length, Math.ceil(end / BIN))
  // two pixels a bin at least, on the grid of the counters, so that a bin does not change its value while panning
  const step = Math.max(1, Math.ceil((2 * (to - from)) / Math.max(1, width) / BIN)) * BIN
  const firstBin = Math.floor(from / step)
  const bins = Math.max(1, Math.ceil(to / step) - firstBin)
  const per = Math.round(step / BIN)
  const charts: Charts = {
    step,
    from: firstBin * step,
    maps: new Float32Array(bins).fill(NaN),
    unmaps: new Float32Array(bins).fill(NaN),
    mappedBytesPerSecond: new Float32Array(bins).fill(NaN),
    liveBytes: new Float32Array(bins).fill(NaN),
    flips: new Float32Array(bins).fill(NaN),
    flipTimes: new Float64Array(0),
    flipIntervals: new Float32Array(0)
  }
  let live = 0
  const begin = firstBin * per
  for (let i = 0; i < Math.min(begin, rates.length); i++) live += rates.delta[i]!
  for (let b = 0; b < bins; b++) {
    const at = begin + b * per
    if (at < 0 || at >= seen) continue
    const sums = { maps: 0, unmaps: 0, mapped: 0, flips: 0 }
    for (let i = at; i < Math.min(at + per, rates.length); i++) {
      sums.maps += rates.maps[i]!
      sums.unmaps += rates.unmaps[i]!
      sums.mapped += rates.mapped[i]!
      sums.flips += rates.flips[i]!
      live += rates.delta[i]!
    }
    const t = charts.from + b * step
    if (state.markers.some((m) => m.kind === 'loss' && m.time < t + step && m.until > t)) continue
    // the newest bin has not passed yet; of a long one what has passed is divided by, but no less than a second
    const passed = Math.max(Math.min(step, 1), Math.min(step, end - t))
    charts.maps[b] = sums.maps / passed
    charts.unmaps[b] = sums.unmaps / passed
    charts.mappedBytesPerSecond[b] = sums.mapped / passed
    charts.flips[b] = sums.flips / passed
    charts.liveBytes[b] = live
  }
  const first = lowerBound(flips.time, from)
  const last = lowerBound(flips.time, to)
  const stride = Math.max(1, Math.ceil((last - first) / SPAN_LIMIT))
  const shown: number[] = []
  for (let i = first; i < last; i += stride) if (!Number.isNaN(flips.interval.at(i))) shown.push(i)
  charts.flipTimes = Float64Array.from(shown, (i) => flips.time.at(i))
  charts.flipIntervals = Float32Array.from(shown, (i) => flips.interval.at(i))
  return charts
}

function spansOf(spans: Spans, from: number, to: number): SpanArrays {
  const stop = spans.ordered ? lowerBound(spans.queued, to) : spans.length
  const shown: number[] = []
  for (let i = 0; i < stop; i++) if (!(spans.end.data[i]! < from) && spans.queued.data[i]! <= to) shown.push(i)
  const stride = Math.max(1, Math.ceil(shown.length / SPAN_LIMIT))
  const kept = stride === 1 ? shown : shown.filter((_, i) => i % stride === 0)
  return {
    queued: Float64Array.from(kept, (i) => spans.queued.at(i)),
    start: Float64Array.from(kept, (i) => spans.start.at(i)),
    end: Float64Array.from(kept, (i) => spans.end.at(i)),
    id: Float64Array.from(kept, (i) => spans.id.at(i))
  }
}

function cursorValues(charts: Charts, time: number, live: ReturnType<typeof liveAt>): CursorValues {
  const bin = Math.floor((time - charts.from) / charts.step)
  const at = (series: Float32Array): number | null => {
    const value = series[Math.min(bin, series.length - 1)]
    return value === undefined || Number.isNaN(value) ? null : value
  }
  let flipInterval: number | null = null
  for (let i = 0; i < charts.flipTimes.length && charts.flipTimes[i]! <= time; i++)
    flipInterval = charts.flipIntervals[i]!
  return {
    time,
    maps: at(charts.maps),
    unmaps: at(charts.unmaps),
    liveBytes: live.bytes,
    flipInterval,
    liveMappings: live.indices.length
  }
}
