import type { AddressQuery, AddressRange, AddressSpace } from '../api'
import type { SessionModel } from '../model/session'
import { liveAt } from './live'
import { add } from './space'

const STATES = { 1: 'live', 2: 'pending', 3: 'evicted' } as const
/** More ranges than this in one window are counted, not listed. */
const LIMIT = 2000

/** One VM's address space at a time: what is mapped in a window of addresses, and what lies between. null: no such VM then. */
export function addressSpace(model: SessionModel, query: AddressQuery): AddressSpace | null {
  const { state } = model
  const vm = state.vms.get(query.vm)
  if (!vm) return null
  const time = query.at ?? model.end
  const { mappings: m } = state
  const indices = liveAt(model, time).indices.filter((i) => m.vm.at(i) === query.vm)
  indices.sort((a, b) => m.iova.at(a) - m.iova.at(b))
  const aliased = aliasesOf(model, indices)
  const used = { bytes: 0, sparse: 0, aliased: 0 }
  const holes = { count: 0, bytes: 0, largest: { iova: 0, bytes: 0 } }
  let reach = NaN
  for (const i of indices) {
    const [iova, bytes] = [m.iova.at(i), m.bytes.at(i)]
    if (m.bo.at(i) === 0) used.sparse += bytes
    else used.bytes += bytes
    if (aliased.has(i)) used.aliased += bytes
    if (iova > reach) {
      holes.count++
      holes.bytes += iova - reach
      if (iova - reach > holes.largest.bytes) holes.largest = { iova: reach, bytes: iova - reach }
    }
    reach = Number.isNaN(reach) ? iova + bytes : Math.max(reach, iova + bytes)
  }
  const first = indices[0]
  const inWindow = indices.filter((i) => m.iova.at(i) < query.to && m.iova.at(i) + m.bytes.at(i) > query.from)
  const listed = inWindow.length > LIMIT ? [] : inWindow
  return {
    vm: vm.id,
    name: vm.name,
    time,
    base: vm.base,
    size: vm.size,
    policy: vm.verdict.policy,
    begin: first === undefined ? vm.base : m.iova.at(first),
    end: Number.isNaN(reach) ? vm.base : reach,
    mappings: indices.length,
    used,
    holes,
    total: inWindow.length,
    ranges: listed.map((i): AddressRange => {
      const bo = m.bo.at(i)
      return {
        va: m.va.at(i),
        bo,
        boName: bo === 0 ? '' : (state.bos.get(bo)?.name ?? ''),
        iova: m.iova.at(i),
        bytes: m.bytes.at(i),
        offset: m.offset.at(i),
        start: m.start.at(i),
        state: STATES[state.mappingState(i, time)],
        alias: aliased.has(i)
      }
    }),
    coverage: listed.length < inWindow.length ? coverageOf(model, inWindow, query) : null,
    extents: extentsAt(model, indices)
  }
}

/** Mappings that show bytes of a BO which another mapping of the same VM shows too. */
function aliasesOf({ state: { mappings: m } }: SessionModel, indices: readonly number[]): Set<number> {
  const byBo = new Map<number, number[]>()
  for (const i of indices) {
    const bo = m.bo.at(i)
    if (bo === 0) continue
    const list = byBo.get(bo)
    if (list) list.push(i)
    else byBo.set(bo, [i])
  }
  const aliased = new Set<number>()
  for (const list of byBo.values()) {
    list.sort((a, b) => m.offset.at(a) - m.offset.at(b))
    let widest = list[0]!
    for (const i of list.slice(1)) {
      const reach = m.offset.at(widest) + m.bytes.at(widest)
      if (m.offset.at(i) < reach) aliased.add(widest).add(i)
      if (m.offset.at(i) + m.bytes.at(i) > reach) widest = i
    }
  }
  return aliased
}

/** Share of each pixel's addresses that is mapped. */
function coverageOf(
  { state: { mappings: m } }: SessionModel,
  indices: readonly number[],
  { from, to, width }: AddressQuery
): Float32Array {
  const cells = new Float32Array(Math.max(1, Math.min(4096, Math.floor(width))))
  const step = (to - from) / cells.length
  for (const i of indices) {
    const [begin, end] = [Math.max(from, m.iova.at(i)), Math.min(to, m.iova.at(i) + m.bytes.at(i))]
    const last = Math.min(cells.length - 1, Math.floor((end - from) / step))
    for (let cell = Math.floor((begin - from) / step); cell <= last; cell++) {
      const part = Math.min(end, from + (cell + 1) * step) - Math.max(begin, from + cell * step)
      cells[cell] = Math.min(1, cells[cell]! + Math.max(0, part) / step)
    }
  }
  return cells
}

/** The used addresses at this time, for the overview: what lies close together is one. */
function extentsAt({ state: { mappings: m } }: SessionModel, indices: readonly number[]): AddressSpace['extents'] {
  const list: AddressSpace['extents'] = []
  for (const i of indices) add(list, m.iova.at(i), m.bytes.at(i))
  return list
}
