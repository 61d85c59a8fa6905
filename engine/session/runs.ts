import type { RunStatus, ScenarioRun } from '../api'
import type { ScenarioRecord } from '../model/entities'
import { scenarioStateName } from '../model/session'

interface Planned {
  run: number
  scenario: ScenarioRun
  abort: AbortController
}

/** The runs that were asked for in one live session, one after another. */
export class RunQueue {
  private readonly planned: Planned[] = []
  private tail: Promise<void> = Promise.resolve()
  private said = ''

  /** `send` runs one to its end; it rejects where the stream ends before that, which its session tells. */
  constructor(private readonly send: (run: ScenarioRun, signal: AbortSignal, number: number) => Promise<unknown>) {}

  add(scenario: ScenarioRun): void {
    const one: Planned = { run: this.planned.length + 1, scenario, abort: new AbortController() }
    this.planned.push(one)
    this.tail = this.tail.then(async () => {
      if (one.abort.signal.aborted) return
      await this.send(scenario, one.abort.signal, one.run).catch(() => undefined)
    })
  }

  /** Cancels the one that runs, or takes one out that waits. False where there is no such run. */
  cancel(run: number): boolean {
    const one = this.planned[run - 1]
    one?.abort.abort()
    return one !== undefined
  }

  /** Nothing that waits is begun any more. */
  clear(): void {
    for (const { abort } of this.planned) abort.abort()
  }

  /** When nothing waits and nothing runs. */
  settled(): Promise<void> {
    return this.tail
  }

  /** All runs with what is known of each; null where nothing has changed since the last call. */
  changes(records: readonly ScenarioRecord[]): RunStatus[] | null {
    const runs = this.status(records)
    const text = JSON.stringify(runs)
    if (text === this.said) return null
    this.said = text
    return runs
  }

  private status(records: readonly ScenarioRecord[]): RunStatus[] {
    return this.planned.map(({ run, scenario, abort }) => {
      const record = records.find(({ runId }) => runId === run)
      if (record) return { ...statusOf(record), ...scenario }
      const state = abort.signal.aborted ? 'cancelled' : 'queued'
      return { ...scenario, run, state, done: 0, total: 0, text: '', started: null, ended: null }
    })
  }
}

/** A run as its session's file tells it; its parameters are in the command of the session only. */
export function statusOf(record: ScenarioRecord): RunStatus {
  const { runId, id, seed, state, done, total, text, started, ended } = record
  return { run: runId, id, seed, parameters: {}, state: scenarioStateName(state), done, total, text, started, ended }
}
