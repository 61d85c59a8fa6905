import { isNamed } from './bos'
import { Column } from './columns'
import type { State } from './state'

/** What a mapping was asked for by lies so much before its end at most, seconds; older requests explain nothing that is kept. */
const ASKED = 60

/**
 * Forgets what ended before a time, so that a recording of any length needs no more memory than what lives and what ended since. Ids of
 * what is forgotten are as if they had never been seen; sums and rates stay. A mapping that was removed and never unlinked stays as well:
 * somebody is still to say so.
 */
export function forget(state: State, before: number): void {
  forgetMappings(state, before)
  forgetVmBos(state, before)
  forgetRequests(state, before - ASKED)
  for (const spans of [state.jobs, state.submits, state.commits]) spans.forget(before)
  for (const bo of state.bos.values())
    if (bo.destroyed !== null && bo.destroyed < before && !isNamed(bo)) state.bos.delete(bo.id)
  const { fbHistory, fbs } = state
  const kept = fbHistory.filter((fb) => fb.destroyed === null || fb.destroyed >= before || fbs.get(fb.id) === fb)
  fbHistory.splice(0, fbHistory.length, ...kept)
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
    all.evictions.delete(i)
    all.free.push(i)
    all.ordered = false
  }
}

function forgetRequests({ requests: r }: State, before: number): void {
  const needed = new Set([...r.lastOfVm.values(), ...r.free])
  for (let i = 0; i < r.time.length; i++) {
    if (r.time.at(i) >= before || needed.has(i)) continue
    r.free.push(i)
    r.ordered = false
  }
}
