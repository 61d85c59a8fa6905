import type { Mark, View, ViewRequest } from '../../api'
import type { Overview } from '../../model/overview-read'
import type { Vm } from '../../model/entities'
import type { SessionModel } from '../../model/session'
import { cursorValues } from '../charts'
import { liveAt, type LiveAt } from '../live'
import { extentsOf } from '../space'
import { byInterest, groupOf, layoutOf } from '../view'
import { overviewCharts } from './charts'
import { overviewDensity, type Places, type Stretch, type VmSpace } from './density'

/** A session by its overviews. */
export interface Overviewed {
  /** The state at its end, which knows all VMs and what rows and addresses they need in all of it. */
  ending: SessionModel
  /** Those that touch a window, in the order of time. */
  overviews(from: number, to: number): Overview[]
  /** null where they are not to be had. */
  cells(overview: Overview): Stretch['cells']
  /** Of all of the session. */
  marks: readonly Mark[]
  readonly places: Places
  /** The state at the cursor, where it is there already. */
  cursor: SessionModel | null
}

/** So many overviews in a window are narrow enough without their cells. */
const CELLS_UNTIL = 192

/**
 * What a window shows of a session without its events: charts, densities of all VMs, and marks. No mapping is told apart; at the cursor it
 * tells the nearest cell's figures where the state is not there.
 */
export function overviewView(session: Overviewed, request: ViewRequest): View {
  const { ending } = session
  const { state, end } = ending
  const { from, to } = request
  const { pageSize } = state
  const time = Math.min(end, request.cursor ?? end)
  const overviews = session.overviews(from, to)
  const marks = session.marks.filter((mark) => mark.until >= from && mark.time <= to)
  const { charts, jobs, submits, commits } = overviewCharts(overviews, request, { end, pageSize, marks })
  const none = new Float64Array(0)
  const rects: View['rects'] = {
    ...{ group: new Uint16Array(0), row: new Uint16Array(0), state: new Uint8Array(0) },
    ...{ va: none, bo: none, iova: none, bytes: none, offset: none, start: none, end: none }
  }
  const live = session.cursor ? liveAt(session.cursor, time) : countsAt(session, time)
  const answer = { request, begin: 0, end, charts, marks, rects }
  if (request.only === 'charts') {
    const spans = { queued: none, start: none, end: none, id: none }
    const work = { jobs: spans, submits: spans, commits: spans }
    return { ...answer, ...work, vms: [], rectsCut: [], density: [], cursor: cursorValues(charts, time, live) }
  }
  const vms = [...state.vms.values()]
    .filter((vm) => vm.created <= to && (vm.destroyed ?? Infinity) >= from)
    .sort(byInterest)
  const layouts = vms.map(layoutOf)
  const spaceOf = (vm: Vm): VmSpace => ({ vm: vm.id, layout: layoutOf(vm), extents: extentsOf(ending, vm.id) })
  const close = overviews.length <= CELLS_UNTIL
  const stretches = overviews.map((overview) => ({ overview, cells: close ? session.cells(overview) : null }))
  return {
    ...answer,
    vms: vms.map((vm, i) => groupOf(ending, vm, layouts[i]!, live.byVm.get(vm.id))),
    rectsCut: vms.map(() => true),
    density: overviewDensity(stretches, vms.map(spaceOf), request, {
      pageSize,
      places: session.places,
      all: () => [...state.vms.values()].map(spaceOf)
    }),
    ...{ jobs, submits, commits },
    cursor: cursorValues(charts, time, live)
  }
}

/** The mappings at the beginning of the cell that a time is in, by VM. Who they are is not known, and vm_bos neither. */
export function countsAt(session: Overviewed, time: number): LiveAt {
  const { pageSize } = session.ending.state
  const byVm: LiveAt['byVm'] = new Map()
  const overview = session.overviews(time, time).at(-1)
  if (!overview) return { indices: [], bytes: 0, byVm }
  const { vms, cells: count, cell, from } = overview
  const cells = session.cells(overview)
  const until = cells ? Math.min(count, Math.floor((time - from) / cell)) : 0
  let [bytes, mappings] = [0, 0]
  for (let v = 0; v < vms.count; v++) {
    let live = vms.live[v]!
    for (let c = 0; c < until; c++) live += cells!.vmStarts[v * count + c]! - cells!.vmEnds[v * count + c]!
    const own = (until > 0 ? cells!.vmPages[v * count + until - 1]! : vms.pages[v]!) * pageSize
    byVm.set(vms.vm[v]!, { mappings: live, bytes: own, vmBos: 0 })
    bytes += own
    mappings += live
  }
  return { indices: new Array<number>(mappings), bytes, byVm }
}
