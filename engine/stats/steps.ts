import type { ScenarioRecord } from '../model/entities'
import type { EventCursor } from '../model/observer'
import { scenarioStateName, type ScenarioStateName } from '../model/session'
import type { State } from '../model/state'
import { Kind } from '../wire/schema'

/** One scenario of a session, and what happened on the whole board while it ran. */
export interface StepFigures {
  scenario: string
  seed: number
  state: ScenarioStateName
  startSeconds: number
  /** null where it did not end. */
  seconds: number | null
  inserts: number
  removes: number
  flips: number
  /** Most bytes that only mappings kept alive, and most bytes mapped. */
  retainedPeakBytes: number
  mappedPeakBytes: number
}

class Step {
  inserts = 0
  removes = 0
  flips = 0
  retainedPeakBytes = 0
  mappedPeakBytes = 0
}

/** Figures by scenario, told apart by time: a status comes when its scenario starts, events may come a little later. */
export class Steps {
  private readonly steps = new Map<ScenarioRecord, Step>()

  constructor(private readonly state: State) {}

  /** Before the state takes it in. */
  event(e: EventCursor): void {
    const record = this.at(e.time)
    if (!record) return
    let step = this.steps.get(record)
    if (!step) this.steps.set(record, (step = new Step()))
    if (e.kind === Kind.VaInsert) step.inserts++
    else if (e.kind === Kind.VaRemove) step.removes++
    else if (e.kind === Kind.FlipDone) step.flips++
    step.retainedPeakBytes = Math.max(step.retainedPeakBytes, this.state.retained.bytes)
    step.mappedPeakBytes = Math.max(step.mappedPeakBytes, this.state.liveBytes)
  }

  figures(): StepFigures[] {
    return this.state.scenarios.map((record) => ({
      scenario: record.id,
      seed: record.seed,
      state: scenarioStateName(record.state),
      startSeconds: record.started,
      seconds: record.ended === null ? null : record.ended - record.started,
      ...(this.steps.get(record) ?? new Step())
    }))
  }

  private at(time: number): ScenarioRecord | null {
    const { scenarios } = this.state
    for (let i = scenarios.length - 1; i >= 0; i--) {
      const { started, ended } = scenarios[i]!
      if (started <= time) return ended === null || time <= ended ? scenarios[i]! : null
    }
    return null
  }
}
