import type { BoardRun, ScenarioRun } from '../api'
import type { Ask } from '../connect/connection'
import { boardKey } from '../connect/reach'
import { scenarioStateName, type SessionModel } from '../model/session'
import { asProblem, EXIT, VascopeError } from '../problem'
import { newSessionFile } from '../session/library'
import type { LiveSession } from '../session/live'
import { checkAll } from '../session/scenario'
import { runJob, type BoardOutcome, type Watcher } from './board-run'

/** How often it is told how the boards fare, in ms. */
const TOLD_MS = 250

/**
 * Runs the same scenarios on several boards at the same time, each recorded into a file of its own in the sessions folder. `told` hears how
 * they fare. A board that fails does not end the others. Throws only for what cannot be run at all.
 */
export async function runSideBySide(
  boards: readonly string[],
  runs: readonly ScenarioRun[],
  { ask, signal, told }: { ask: Ask; signal: AbortSignal; told: (boards: BoardRun[]) => void }
): Promise<BoardRun[]> {
  checkAll([...runs])
  if (runs.length === 0)
    throw new VascopeError('no-scenario', 'There is nothing to run.', 'Choose a scenario.', EXIT.usage)
  if (new Set(boards.map(boardKey)).size < boards.length)
    throw new VascopeError('board-twice', 'A board is named twice.', 'Choose two different boards.', EXIT.usage)
  const title = runs.map(({ id }) => id).join(' + ')
  const lines = boards.map((board) => new Line(board, runs))
  const tell = (): BoardRun[] => {
    const all = lines.map((line) => line.now())
    told(all)
    return all
  }
  const timer = setInterval(tell, TOLD_MS)
  try {
    await Promise.all(
      lines.map(async (line) => {
        const file = newSessionFile(title, line.board)
        const job = { name: title, board: line.board, runs, file, yes: true }
        try {
          line.ended(await runJob(job, line.watcher(ask), signal))
        } catch (error) {
          line.failed(error)
        }
      })
    )
  } finally {
    clearInterval(timer)
  }
  return tell()
}

/** One board while it is at it. */
class Line {
  private readonly state: BoardRun
  private session: LiveSession | null = null
  /** Runs that an earlier session of the board had: after a reboot the rest goes into another. */
  private before = 0

  constructor(
    readonly board: string,
    wanted: readonly ScenarioRun[]
  ) {
    const runs = wanted.map(({ id }) => ({ id, state: 'queued' as const, done: 0, total: 0, text: '' }))
    this.state = {
      board,
      activity: '',
      progress: null,
      over: false,
      runs,
      figures: null,
      file: '',
      problem: null,
      told: []
    }
  }

  watcher(ask: Ask): Watcher {
    const { state } = this
    return {
      ask,
      progress: (activity, fraction) => Object.assign(state, { activity, progress: fraction }),
      live: (session) => {
        this.session = session
        this.before = state.runs.filter((one) => one.state !== 'queued').length
        Object.assign(state, { activity: '', progress: null })
      },
      idle: () => {
        if (this.session) this.look(this.session.model)
        this.session = null
      },
      say: (text) => void state.told.push(text),
      confirm: () => Promise.resolve(true)
    }
  }

  /** As it is now; a copy. */
  now(): BoardRun {
    if (this.session) this.look(this.session.model)
    return structuredClone(this.state)
  }

  ended({ files, runs, failure }: BoardOutcome): void {
    Object.assign(this.state, { over: true, activity: '', progress: null, file: files[0] ?? '' })
    this.state.problem = failure && asProblem(failure)
    runs.forEach(({ state, text }, i) => Object.assign(this.state.runs[i] ?? {}, { state, text }))
  }

  failed(error: unknown): void {
    Object.assign(this.state, { over: true, activity: '', progress: null, problem: asProblem(error) })
  }

  private look(model: SessionModel): void {
    const { state } = this
    const { mappings } = model.state
    state.figures = {
      seconds: model.end,
      events: model.events,
      liveMappings: mappings.live.size,
      liveBytes: model.state.liveBytes
    }
    model.state.scenarios.forEach((record, i) => {
      const { done, total, text } = record
      Object.assign(state.runs[this.before + i] ?? {}, { state: scenarioStateName(record.state), done, total, text })
    })
  }
}
