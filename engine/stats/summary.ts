import { BIN } from '../model/rates'
import { scenarioStateName, type ScenarioStateName, type SessionModel } from '../model/session'
import { num } from '../wire/messages'
import { Kind } from '../wire/schema'
import { flipCost, type FlipCost } from './flip-cost'
import { lifetimes, type LifetimeStats } from './lifetimes'

export interface VmSummary {
  id: number
  name: string
  mode: 'kernel-managed' | 'vm-bind' | 'unknown'
  policy: string
  policySource: string
  flags: number
  pid: number
  comm: string
  /** null: before tracing. */
  created: number | null
  destroyed: number | null
  inserted: number
  liveMappings: number
  liveBytes: number
  lifetimes: LifetimeStats
}

export interface Summary {
  seconds: number
  events: number
  /** By the name of the kind, every kind that the board can send, also those with 0. */
  counts: Record<string, number>
  vms: VmSummary[]
  lifetimes: LifetimeStats
  /** VA inserts and removes. */
  maps: number
  unmaps: number
  bytesMapped: number
  /** Over the time from the first to the last insert or remove. */
  mapsPerSecond: number | null
  opsPerSecond: number | null
  bytesMappedPerSecond: number | null
  flips: number
  liveMappings: number
  liveBytes: number
  /** Bytes of BOs that only mappings keep alive, which fdinfo does not count: now, at most, and when that was. */
  retained: { bytes: number; peak: number; peakAt: number }
  /** What framebuffers cost as they come and go; null where that was not traced. */
  flipCost: FlipCost | null
  memory: { evictions: number; purges: number; shrinks: number; shrunkBytes: number; throttlePeak: number }
  gpuFaults: number
  drops: {
    produced: number
    delivered: number
    kernel: number
    queue: number
    byKind: Record<string, { kernel: number; queue: number }>
    /** produced = delivered + dropped; null where the stream was cut off and cannot tell. */
    balanced: boolean | null
  }
  scenarios: {
    id: string
    seed: number
    state: ScenarioStateName
    started: number
    seconds: number | null
    done: number
    total: number
    text: string
    issued: Record<string, number>
  }[]
  snapshots: number
  /** What the board said, in seconds and with 1 information, 2 warning, 3 error. */
  logs: { time: number; level: number; text: string }[]
  /** What was sent and could not be taken in. */
  faults: string[]
}

/** The figures of a session, for `vascope info`, the report and the tests. */
export function summarize(model: SessionModel): Summary {
  const { state } = model
  const kindName = (kind: number): string => model.kinds.get(kind)?.name ?? `unknown-${kind}`
  const counts: Record<string, number> = {}
  for (const kind of model.kinds.keys()) counts[kindName(kind)] = 0
  for (const [kind, n] of model.counts) counts[kindName(kind)] = n
  const maps = model.counts.get(Kind.VaInsert) ?? 0
  const unmaps = model.counts.get(Kind.VaRemove) ?? 0
  const active = activity(model)
  const inserted = new Map<number, number>()
  for (let i = 0; i < state.mappings.length; i++) {
    if (state.mappings.traced.at(i) === 0 || state.mappings.va.at(i) < 0) continue
    const vm = state.mappings.vm.at(i)
    inserted.set(vm, (inserted.get(vm) ?? 0) + 1)
  }
  const { totals } = model
  const produced = num(totals?.produced)
  const delivered = num(totals?.delivered)
  const [kernel, queue] = [num(totals?.droppedKernel), num(totals?.droppedQueue)]
  return {
    seconds: model.end,
    events: model.events,
    counts,
    vms: [...state.vms.values()].map((vm) => ({
      id: vm.id,
      name: vm.name,
      mode: vm.mode,
      policy: vm.verdict.policy,
      policySource: vm.verdict.source,
      flags: vm.flags,
      pid: state.tasks.get(vm.task)?.pid ?? 0,
      comm: state.tasks.get(vm.task)?.comm ?? '',
      created: vm.traced ? vm.created : null,
      destroyed: vm.destroyed,
      inserted: inserted.get(vm.id) ?? 0,
      liveMappings: vm.live,
      liveBytes: vm.liveBytes,
      lifetimes: lifetimes(model, vm.id)
    })),
    lifetimes: lifetimes(model),
    maps,
    unmaps,
    bytesMapped: active.bytes,
    mapsPerSecond: active.seconds > 0 ? maps / active.seconds : null,
    opsPerSecond: active.seconds > 0 ? (maps + unmaps) / active.seconds : null,
    bytesMappedPerSecond: active.seconds > 0 ? active.bytes / active.seconds : null,
    flips: state.flips.count,
    liveMappings: state.mappings.live.size,
    liveBytes: state.liveBytes,
    retained: { ...state.retained },
    flipCost: flipCost(model),
    memory: { ...state.memory },
    gpuFaults: state.gpuFaults.length,
    drops: {
      produced,
      delivered,
      kernel,
      queue,
      byKind: Object.fromEntries([...model.lost].map(([kind, n]) => [kindName(kind), n])),
      balanced: model.goodbye ? produced === delivered + kernel + queue : null
    },
    scenarios: state.scenarios.map((s) => ({
      id: s.id,
      seed: s.seed,
      state: scenarioStateName(s.state),
      started: s.started,
      seconds: s.ended === null ? null : s.ended - s.started,
      done: s.done,
      total: s.total,
      text: s.text,
      issued: s.issued
    })),
    snapshots: model.snapshots,
    logs: model.logs,
    faults: model.faults
  }
}

/** The span between the first and the last insert or remove, and what was mapped in it. */
function activity({ state: { rates } }: SessionModel): { seconds: number; bytes: number } {
  let first = -1
  let last = -1
  for (let bin = rates.first; bin < rates.end; bin++) {
    if (rates.sum('maps', bin, bin + 1) + rates.sum('unmaps', bin, bin + 1) === 0) continue
    if (first < 0) first = bin
    last = bin
  }
  const bytes = rates.sum('mapped', rates.first, rates.end)
  return { seconds: first < 0 ? 0 : (last - first + 1) * BIN, bytes }
}
