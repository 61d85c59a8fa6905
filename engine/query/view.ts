import type { Spans, View, ViewRequest, VmGroup } from '../api'
import type { Vm } from '../model/entities'
import { BUCKET_BYTES } from '../model/rows'
import type { SessionModel } from '../model/session'
import { chartsOf, cursorValues } from './charts'
import { liveAt, type LiveAt } from './live'
import { marksOf } from './marks'
import { addressDensity, extentsOf } from './space'
import { densityOf, rectsOf, type Rows, spansOf, visibleByVm } from './visible'

/** More mappings of one VM in one view than this are drawn as density: nobody can tell them apart. */
const RECT_LIMIT = 6000

/** What a window shows of a session, at its resolution. The arrays are fresh and may be transferred. */
export function view(model: SessionModel, request: ViewRequest): View {
  const { state } = model
  const { from, to } = request
  if (request.only === 'charts') return chartsAlone(model, request)
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

const NO_SPANS: Spans = {
  queued: new Float64Array(),
  start: new Float64Array(),
  end: new Float64Array(),
  id: new Float64Array()
}

/** For the strip of the whole session, which shows no more. */
function chartsAlone(model: SessionModel, request: ViewRequest): View {
  const charts = chartsOf(model, request)
  const live: LiveAt = { indices: [], bytes: model.state.liveBytes, byVm: new Map() }
  return {
    request,
    begin: 0,
    end: model.end,
    vms: [],
    rects: rectsOf(model, [], [], []),
    rectsCut: [],
    density: [],
    charts,
    marks: marksOf(model, request.from, request.to),
    jobs: NO_SPANS,
    submits: NO_SPANS,
    commits: NO_SPANS,
    cursor: cursorValues(charts, model.end, live)
  }
}

/** VM_BIND VMs first, then the display's, then the rest; newest last within each. */
export function byInterest(a: Vm, b: Vm): number {
  const rank = (vm: Vm): number => (vm.mode === 'vm-bind' ? 0 : vm.name === 'mdp_kms' ? 1 : 2)
  return rank(a) - rank(b) || a.id - b.id
}

/** How the rows of a VM lie over each other. */
export interface Layout extends Rows {
  hiddenBytes: number
}

/** Used buckets of the VA space in ascending order; those that touch are one segment, what lies between is hidden. */
export function layoutOf(vm: Vm): Layout {
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

/** A VM as a window heads its lanes. */
export function groupOf(
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
