import { isNamed } from './bos'
import { Column } from './columns'
import type { State } from './state'

/** What a mapping was asked for by lies so much before its end at most, seconds; older requests explain nothing that is kept. */
const ASKED = 60

/** Losses, notes and snapshots of before that are kept all the same: a report lists them, and charts have holes there. */
const MARKERS = 4096

/**
 * Forgets what ended before a time, so that a recording needs no more memory than what lives, what ended since, and what grows slowly: rates,
 * VMs, tasks and names, GPU faults, and 8 bytes for each BO that a process ever had a handle to. Ids of what is forgotten are as if they had
 * never been seen, and a row of it is found by no time, address, BO or VM until it is another's; sums and rates stay. A mapping that was removed and never unlinked stays as well: somebody is still to say so.
 */
export function forget(state: State, before: number): void {
  forgetMappings(state, before)
  forgetVmBos(state, before)
  forgetRequests(state, before - ASKED)
  for (const spans of [state.jobs, state.submits, state.commits]) spans.forget(before)
  state.flips.forget(before)
  state.fbOps.forget(before)
  for (const bo of state.bos.values())
    if (bo.destroyed !== null && bo.destroyed < before && !isNamed(bo)) state.bos.delete(bo.id)
  const { fbHistory, fbs, markers } = state
  const old = markers.filter(({ until }) => until < before)
  if (old.length > MARKERS) {
    const dropped = new Set(old.slice(0, -MARKERS))
    replace(
      markers,
      markers.filter((marker) => !dropped.has(marker))
    )
  }
  const kept = fbHistory.filter((fb) => fb.destroyed === null || fb.destroyed >= before || fbs.get(fb.id) === fb)
  replace(fbHistory, kept)
}

/** Without spread: there may be more than a call takes arguments. */
function replace<T>(list: T[], kept: readonly T[]): void {
  list.length = 0
  for (const one of kept) list.push(one)
}

function forgetMappings({ mappings: m, vms, split }: State, before: number): void {
  const splits = new Set(split.values())
  for (const vm of vms.values()) {
    const kept = new Column(16)
    for (let n = 0; n < vm.ended.length; n++) {
      const index = vm.ended.at(n)
      if (m.end.at(index) >= before || m.linked.at(index) === 1 || splits.has(index)) {
        kept.push(index)
        continue
      }
      m.byVa.delete(m.va.at(index))
      m.start.data[index] = Infinity
      m.end.data[index] = -Infinity
      m.bytes.data[index] = 0
      for (const column of [m.va, m.vm, m.bo, m.vmBo]) column.data[index] = -1
      m.free.push(index)
      m.ordered = false
    }
    vm.ended = kept
  }
}

function forgetVmBos({ vmBos: all }: State, before: number): void {
  for (let i = 0; i < all.id.length; i++) {
    // what is free is not known by its id any more
    if (all.destroyed.at(i) >= before || all.byId.get(all.id.at(i)) !== i) continue
    all.byId.delete(all.id.at(i))
    all.created.data[i] = Infinity
    all.destroyed.data[i] = -Infinity
    for (const column of [all.id, all.vm, all.bo]) column.data[i] = -1
    all.evictions.delete(i)
    all.free.push(i)
    all.ordered = false
  }
}

function forgetRequests({ requests: r }: State, before: number): void {
  const needed = new Set(r.lastOfVm.values())
  for (let i = 0; i < r.time.length; i++) {
    if (r.time.at(i) >= before || needed.has(i)) continue
    r.time.data[i] = Infinity
    r.free.push(i)
    r.ordered = false
  }
}

/** Rows of what has ended and is not forgotten. */
export function endedRows(state: State): number {
  const { mappings: m, vmBos, requests: r, jobs, submits, commits, flips, fbOps } = state
  return (
    m.length -
    m.free.length -
    m.live.size +
    (vmBos.id.length - vmBos.free.length - vmBos.size) +
    (r.time.length - r.free.length - r.lastOfVm.size) +
    (jobs.ended + submits.ended + commits.ended) +
    (flips.time.length + fbOps.time.length) +
    (state.bos.size - state.aliveBos.size) +
    (state.fbHistory.length - state.fbs.size)
  )
}
