import type { Density } from '../api'
import { Column } from '../model/columns'
import type { SessionModel } from '../model/session'
import { ADDRESS_ROWS, type Extent, extentAt, layoutSpace, placeOf } from '../space'
import { Cells } from './visible'

/** Ranges of one VM that are told apart; beyond, the narrowest holes are no longer left out. */
const LIMIT = 40
/** A hole up to this share of what lies around it is no hole worth leaving out. */
const NARROW = 0.25

/** The used addresses of each VM, kept up as a session grows. */
interface Known {
  /** SessionModel.version that it is of. */
  version: number
  /** The VA that was counted in from each row: a row may become another's. */
  counted: Column
  byVm: Map<number, Extent[]>
}

const known = new WeakMap<SessionModel, Known>()

/** The addresses that a VM used until now, ascending, narrow holes filled in. The same list until it changes. */
export function extentsOf(model: SessionModel, vm: number): Extent[] {
  const { mappings: m } = model.state
  let entry = known.get(model)
  if (!entry) known.set(model, (entry = { version: -1, counted: new Column(), byVm: new Map() }))
  const { counted, byVm, version } = entry
  entry.version = model.version
  if (version !== model.version)
    for (let i = m.ordered ? counted.length : 0; i < m.length; i++) {
      const va = m.va.at(i)
      if (i < counted.length && counted.at(i) === va) continue
      counted.set(i, va)
      if (va < 0) continue // it was forgotten
      let list = byVm.get(m.vm.at(i))
      if (!list) byVm.set(m.vm.at(i), (list = []))
      add(list, m.iova.at(i), m.bytes.at(i))
    }
  return byVm.get(vm) ?? []
}

/** For a model that has a part of a session only: the addresses that its VMs use in all of it. */
export function presetExtents(model: SessionModel, byVm: Map<number, Extent[]>): void {
  known.set(model, { version: model.version, counted: new Column(), byVm })
}

/** Takes a range into a list that ascends and does not overlap. */
export function add(list: Extent[], iova: number, bytes: number): void {
  let at = extentAt(list, iova)
  const before = list[at]
  if (before && iova + bytes <= before.iova + before.bytes) return
  if (before && iova <= before.iova + before.bytes) before.bytes = iova + bytes - before.iova
  else list.splice(++at, 0, { iova, bytes })
  // what it reaches over now is part of it
  const own = list[at]!
  while (list[at + 1] && list[at + 1]!.iova <= own.iova + own.bytes) {
    const [next] = list.splice(at + 1, 1)
    own.bytes = Math.max(own.bytes, next!.iova + next!.bytes - own.iova)
  }
  close(list, at)
  close(list, at - 1)
  while (list.length > LIMIT) join(list, narrowest(list))
}

function hole(list: Extent[], at: number): number {
  return list[at + 1]!.iova - list[at]!.iova - list[at]!.bytes
}

/** Fills the hole after a range in, where it is narrow. */
function close(list: Extent[], at: number): void {
  if (at < 0 || !list[at + 1]) return
  if (hole(list, at) <= NARROW * (list[at]!.bytes + list[at + 1]!.bytes)) join(list, at)
}

function join(list: Extent[], at: number): void {
  const [next] = list.splice(at + 1, 1)
  list[at]!.bytes = next!.iova + next!.bytes - list[at]!.iova
}

function narrowest(list: Extent[]): number {
  let best = 0
  for (let at = 1; at < list.length - 1; at++) if (hole(list, at) < hole(list, best)) best = at
  return best
}

/** Mappings per cell of time and address, for a VM that has too many of them to be drawn one by one. */
export function addressDensity(
  model: SessionModel,
  group: number,
  indices: Int32Array,
  extents: readonly Extent[],
  window: { from: number; to: number; width: number }
): Density {
  const { mappings: m } = model.state
  const cells = new Cells(ADDRESS_ROWS, window, m)
  const layout = layoutSpace(extents)
  for (const i of indices) {
    const iova = m.iova.at(i)
    const top = Math.min(ADDRESS_ROWS - 1, Math.floor(placeOf(extents, layout, iova) * ADDRESS_ROWS))
    const foot = Math.max(top, Math.ceil(placeOf(extents, layout, iova + m.bytes.at(i)) * ADDRESS_ROWS) - 1)
    cells.add(i, top, Math.min(foot, ADDRESS_ROWS - 1))
  }
  return { group, ...cells.finish() }
}
