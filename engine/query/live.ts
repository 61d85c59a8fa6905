import { lowerBound } from '../model/columns'
import type { SessionModel } from '../model/session'

export interface LiveAt {
  /** Indices into the mappings. */
  indices: number[]
  bytes: number
  byVm: Map<number, { mappings: number; bytes: number; vmBos: number }>
}

/** The mappings that lived at a time, and their sums. MAP_NULL ranges count as mappings and not as bytes. */
export function liveAt({ state, end }: SessionModel, time: number): LiveAt {
  const { mappings: m } = state
  const indices: number[] = []
  const byVm: LiveAt['byVm'] = new Map()
  const vmBos = new Map<number, Set<number>>()
  let bytes = 0
  const count = (i: number): void => {
    indices.push(i)
    const vm = m.vm.data[i]!
    let sum = byVm.get(vm)
    if (!sum) {
      byVm.set(vm, (sum = { mappings: 0, bytes: 0, vmBos: 0 }))
      vmBos.set(vm, new Set())
    }
    sum.mappings++
    if (m.bo.data[i] !== 0) {
      sum.bytes += m.bytes.data[i]!
      bytes += m.bytes.data[i]!
      vmBos.get(vm)!.add(m.bo.data[i]!)
    }
  }
  if (time >= end) m.live.forEach(count)
  else {
    const stop = m.ordered ? lowerBound(m.start, time + 1e-12) : m.length
    for (let i = 0; i < stop; i++) if (m.start.data[i]! <= time + 1e-12 && m.end.data[i]! > time) count(i)
  }
  for (const [vm, set] of vmBos) byVm.get(vm)!.vmBos = set.size
  return { indices, bytes, byVm }
}
