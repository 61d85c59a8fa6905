import type { ObjectPage, ObjectQuery, ObjectRow } from '../api'
import type { Bo, Vm } from '../model/entities'
import type { SessionModel } from '../model/session'
import { liveAt } from './live'

/** The rows of the newest query of a model, so that scrolling through a hundred thousand of them sorts them once. */
const sorted = new WeakMap<SessionModel, { key: string; rows: ObjectRow[] }>()

/** Objects of one kind as they were at a time, filtered and sorted; one page of them. */
export function objectTable(model: SessionModel, query: ObjectQuery): ObjectPage {
  const at = query.at ?? model.end
  const { kind, ended, search, sort, descending } = query
  const key = JSON.stringify([kind, ended, search, sort, descending, at, model.events])
  let entry = sorted.get(model)
  if (entry?.key !== key) {
    const match = matcher(search)
    const rows = TABLES[kind](model, at).filter(
      (row) => (ended || row.ended === null || row.ended > at) && (row.began ?? 0) <= at && match(row)
    )
    rows.sort(sorter(sort, descending))
    sorted.set(model, (entry = { key, rows }))
  }
  const { rows } = entry
  return { total: rows.length, first: query.first, rows: rows.slice(query.first, query.first + query.count) }
}

const TABLES: Record<ObjectQuery['kind'], (model: SessionModel, at: number) => ObjectRow[]> = { vm, vm_bo, bo, fb }

function row(kind: ObjectRow['kind'], id: number, more: Partial<ObjectRow>): ObjectRow {
  return {
    kind,
    id,
    name: '',
    owner: '',
    bytes: null,
    vm: 0,
    bo: 0,
    policy: 'none',
    mappings: null,
    vmBos: null,
    handles: null,
    began: null,
    ended: null,
    ...more
  }
}

function vm(model: SessionModel, at: number): ObjectRow[] {
  const { byVm } = liveAt(model, at)
  return [...model.state.vms.values()].map((one) => {
    const live = byVm.get(one.id)
    return row('vm', one.id, {
      name: one.name,
      owner: owner(model, one.task),
      bytes: live?.bytes ?? 0,
      vm: one.id,
      policy: one.verdict.policy,
      mappings: live?.mappings ?? 0,
      vmBos: live?.vmBos ?? 0,
      began: one.created,
      ended: one.destroyed
    })
  })
}

function bo(model: SessionModel, at: number): ObjectRow[] {
  const { state } = model
  const mappings = countLive(model, at, state.mappings.bo.data)
  const vmBos = new Map<number, number>()
  const all = state.vmBos
  for (let i = 0; i < all.id.length; i++)
    if (all.created.at(i) <= at && all.destroyed.at(i) > at) add(vmBos, all.bo.at(i))
  return [...state.bos.values()]
    .filter(({ id }) => id !== 0)
    .map((one) =>
      row('bo', one.id, {
        name: one.name,
        owner: owner(model, one.task),
        bytes: one.bytes,
        bo: one.id,
        mappings: mappings.get(one.id) ?? 0,
        vmBos: vmBos.get(one.id) ?? 0,
        handles: openHandles(one, at),
        began: one.created,
        ended: one.destroyed
      })
    )
}

function vm_bo(model: SessionModel, at: number): ObjectRow[] {
  const { vmBos: all, vms, bos, mappings } = model.state
  const linked = countLive(model, at, mappings.vmBo.data)
  const rows: ObjectRow[] = []
  for (let i = 0; i < all.id.length; i++) {
    const of: Vm | undefined = vms.get(all.vm.at(i))
    const to = bos.get(all.bo.at(i))
    const destroyed = all.destroyed.at(i)
    rows.push(
      row('vm_bo', all.id.at(i), {
        name: to?.name ?? '',
        owner: of ? `VM ${of.id} ${of.name}`.trim() : '',
        bytes: to?.bytes ?? null,
        vm: all.vm.at(i),
        bo: all.bo.at(i),
        policy: of?.verdict.policy ?? 'unknown',
        mappings: linked.get(all.id.at(i)) ?? 0,
        began: all.created.at(i),
        ended: destroyed === Infinity ? null : destroyed
      })
    )
  }
  return rows
}

function fb({ state }: SessionModel): ObjectRow[] {
  return state.fbHistory.map((one) => {
    const to = state.bos.get(one.bo)
    const { created: began, destroyed: ended } = one
    return row('fb', one.id, { name: to?.name ?? '', bytes: to?.bytes ?? null, bo: one.bo, began, ended })
  })
}

function owner({ state }: SessionModel, task: number): string {
  const found = state.tasks.get(task)
  return found ? `${found.comm} ${found.pid}` : ''
}

function openHandles({ handles }: Bo, at: number): number {
  return handles.reduce((n, { opened, closed }) => n + (opened <= at && (closed === null || closed > at) ? 1 : 0), 0)
}

/** How many mappings that live at a time have each value of a column. */
function countLive(model: SessionModel, at: number, column: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>()
  for (const i of liveAt(model, at).indices) add(counts, column[i]!)
  return counts
}

function add(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** A number finds an id, its own or that of the VM or BO; other text the name or the owner. */
function matcher(search: string): (row: ObjectRow) => boolean {
  const words = search.trim().toLowerCase()
  if (words === '') return () => true
  const numbered = /^(?:(vm|bo|fb|vm_bo) ?)?(\d+)$/.exec(words)
  if (numbered) {
    const [, what, digits] = numbered
    const id = Number(digits)
    return (one) =>
      what === 'vm' ? one.vm === id : what === 'bo' ? one.bo === id : one.id === id || (!what && one.bo === id)
  }
  return (one) => one.name.toLowerCase().includes(words) || one.owner.toLowerCase().includes(words)
}

function sorter(key: ObjectQuery['sort'], descending: boolean): (a: ObjectRow, b: ObjectRow) => number {
  const sign = descending ? -1 : 1
  return (a, b) => {
    const [x, y] = [a[key], b[key]]
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0) || a.id - b.id // not seen: last
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))
    return sign * order || a.id - b.id
  }
}
