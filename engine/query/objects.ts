import type { BoDetail, MappingPage, MappingQuery, MappingRow } from '../api'
import type { SessionModel } from '../model/session'
import { liveAt } from './live'

const STATES = { 1: 'live', 2: 'pending', 3: 'evicted' } as const

/** The mappings that live at the cursor, filtered, sorted, one page of them. */
export function mappings(model: SessionModel, query: MappingQuery): MappingPage {
  const { state } = model
  const time = query.cursor ?? model.end
  const match = matcher(query.search)
  const rows: MappingRow[] = []
  for (const i of liveAt(model, time).indices) {
    const m = state.mappings
    const vm = state.vms.get(m.vm.at(i))!
    const bo = m.bo.at(i)
    const row: MappingRow = {
      va: m.va.at(i),
      vm: vm.id,
      vmName: vm.name,
      iova: m.iova.at(i),
      bytes: m.bytes.at(i),
      bo,
      boName: bo === 0 ? 'MAP_NULL' : (state.bos.get(bo)?.name ?? ''),
      offset: m.offset.at(i),
      vmBo: m.vmBo.at(i),
      policy: bo === 0 ? 'none' : vm.verdict.policy,
      age: time - m.start.at(i),
      state: STATES[state.mappingState(i, time)]
    }
    if (query.policies.length > 0 && !(query.policies as string[]).includes(row.policy)) continue
    if (match(row)) rows.push(row)
  }
  rows.sort(sorter(query))
  return { total: rows.length, first: query.first, rows: rows.slice(query.first, query.first + query.count) }
}

/** An address finds the mapping that contains it; other text finds a BO by number or name. */
function matcher(search: string): (row: MappingRow) => boolean {
  const text = search.trim().toLowerCase().replaceAll('_', '')
  if (text === '') return () => true
  if (/^0x[0-9a-f]+$/.test(text)) {
    const iova = Number(text)
    return (row) => iova >= row.iova && iova < row.iova + row.bytes
  }
  const number = /^(?:bo ?)?(\d+)$/.exec(text)?.[1]
  if (number) return (row) => row.bo === Number(number)
  return (row) => row.boName.toLowerCase().replaceAll('_', '').includes(text) || row.vmName.toLowerCase().includes(text)
}

function sorter({ sort, descending }: MappingQuery): (a: MappingRow, b: MappingRow) => number {
  const key = (row: MappingRow): number | string =>
    sort === 'name' ? row.boName : sort === 'state' ? row.state : row[sort]
  const sign = descending ? -1 : 1
  return (a, b) => {
    const [x, y] = [key(a), key(b)]
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))
    return order * sign || a.vm - b.vm || a.iova - b.iova
  }
}

/** All that is known of one BO, or null where it was never seen. */
export function boDetail(model: SessionModel, id: number): BoDetail | null {
  const { state } = model
  const bo = state.bos.get(id)
  if (!bo) return null
  const m = state.mappings
  const task = (t: number): { pid: number; comm: string } => state.tasks.get(t) ?? { pid: 0, comm: '' }
  const detail: BoDetail = {
    bo: id,
    name: bo.name,
    bytes: bo.bytes,
    flags: msmBoFlags(bo.flags),
    created: bo.created,
    createdBy: bo.task === 0 ? '' : `${task(bo.task).comm} ${task(bo.task).pid}`,
    destroyed: bo.destroyed,
    handles: bo.handles.map((h) => ({ handle: h.handle, ...pick(task(h.task)), opened: h.opened, closed: h.closed })),
    refcount: bo.refcount,
    mappings: [],
    framebuffers: [...state.fbs.values()]
      .filter((fb) => fb.bo === id)
      .map((fb) => ({ fb: fb.id, created: fb.created, destroyed: fb.destroyed }))
  }
  for (let i = 0; i < m.length; i++) {
    if (m.bo.data[i] !== id) continue
    const vm = state.vms.get(m.vm.at(i))!
    detail.mappings.push({
      vm: vm.id,
      vmName: vm.name,
      va: m.va.at(i),
      iova: m.iova.at(i),
      bytes: m.bytes.at(i),
      policy: vm.verdict.policy,
      start: m.start.at(i),
      end: m.end.at(i) === Infinity ? null : m.end.at(i)
    })
  }
  detail.mappings.sort((a, b) => a.start - b.start)
  return detail
}

function pick({ pid, comm }: { pid: number; comm: string }): { pid: number; comm: string } {
  return { pid, comm }
}

/** include/uapi/drm/msm_drm.h, MSM_BO_*, 7.3. */
const BO_FLAGS: [number, string][] = [
  [0x1, 'SCANOUT'],
  [0x2, 'GPU_READONLY'],
  [0x8, 'NO_SHARE']
]
const BO_CACHE: [number, string][] = [
  [0x10000, 'CACHED'],
  [0x20000, 'WC'],
  [0x40000, 'UNCACHED'],
  [0x80000, 'CACHED_COHERENT']
]

function msmBoFlags(flags: number): string {
  const names = [...BO_CACHE, ...BO_FLAGS].filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name)
  return names.join(' | ') || `0x${flags.toString(16)}`
}
