import type { ScenarioRecord } from '../model/entities'
import { scenarioStateName, type SessionModel } from '../model/session'
import { Kind } from '../wire/schema'

/** What a scenario expected the kernel to do, against what was traced. */
export interface Balance {
  scenario: string
  seed: number
  insertsExpected: number
  insertsSeen: number
  removesExpected: number
  removesSeen: number
  /** null where events were lost, inserts are not traced, or the scenario did not end: then nothing can be said. */
  holds: boolean | null
}

/**
 * Compares each finished scenario with the trace. Counted are the VMs that the scenario's own process made while it ran, so that other
 * clients of the board do not count; after a loss nothing is accused.
 */
export function balances(model: SessionModel): Balance[] {
  return model.state.scenarios.filter((s) => 'expect-va-insert' in s.issued).map((s) => balanceOf(model, s))
}

function balanceOf(model: SessionModel, scenario: ScenarioRecord): Balance {
  const { vms, tasks } = model.state
  let insertsSeen = 0
  let removesSeen = 0
  for (const vm of vms.values())
    if (
      tasks.get(vm.task)?.pid === scenario.pid &&
      vm.created >= scenario.started &&
      vm.created <= (scenario.ended ?? Infinity)
    ) {
      insertsSeen += vm.inserted
      removesSeen += vm.inserted - vm.live
    }
  const insertsExpected = scenario.issued['expect-va-insert'] ?? 0
  const removesExpected = scenario.issued['expect-va-remove'] ?? 0
  const lossy = model.lost.size > 0 || model.gaps > 0 || model.faults.length > 0
  const traced = model.kinds.has(Kind.VaInsert) && model.kinds.has(Kind.VaRemove)
  const silent = lossy || !traced || scenarioStateName(scenario.state) !== 'done'
  return {
    scenario: scenario.id,
    seed: scenario.seed,
    insertsExpected,
    insertsSeen,
    removesExpected,
    removesSeen,
    holds: silent ? null : insertsSeen === insertsExpected && removesSeen === removesExpected
  }
}
