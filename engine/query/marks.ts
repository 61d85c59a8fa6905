import type { Mark } from '../api'
import { formatIova } from '../format'
import { scenarioStateName, type SessionModel } from '../model/session'

/** What happened to all of a board, in a window of time: losses, snapshots, notes, scenarios as spans, GPU faults, evictions. */
export function marksOf({ state, end }: SessionModel, from: number, to: number): Mark[] {
  const marks: Mark[] = state.markers.filter(({ kind }) => kind !== 'scenario').map((marker) => ({ ...marker }))
  for (const { id, state: how, started, ended } of state.scenarios) {
    const name = scenarioStateName(how)
    const wrong = name === 'failed' || name === 'cancelled' ? ` ${name}` : ''
    marks.push({ time: started, until: ended ?? end, kind: 'scenario', text: id + wrong })
  }
  for (const { time, iova } of state.gpuFaults)
    marks.push({ time, until: time, kind: 'fault', text: `GPU fault at ${formatIova(iova)}`, iova })
  for (const [index, times] of state.vmBos.evictions)
    // every other time is its return
    for (let n = 0; n < times.length; n += 2)
      marks.push({
        time: times[n]!,
        until: times[n + 1] ?? end,
        kind: 'eviction',
        text: `BO ${state.vmBos.bo.at(index)} evicted from VM ${state.vmBos.vm.at(index)}`
      })
  return marks.filter((mark) => mark.until >= from && mark.time <= to)
}
