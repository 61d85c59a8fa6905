import path from 'node:path'
import type { ScenarioRun } from '../api'
import type { Ask } from '../connect/connection'
import { awaitBoard, hold } from '../connect/reach'
import { scenarioStateName } from '../model/session'
import { asProblem, EXIT, VascopeError } from '../problem'
import { LiveSession } from '../session/live'
import { scenariosOf } from '../session/preflight'
import { checkAll, checkRun, destructiveOf, expandAll, reproduce } from '../session/scenario'
import type { Job, RunOutcome } from './job'

/** How long a board may take to come back from a reboot. */
export const REBOOT_MS = 300_000
/** How long a scenario may take to end after it was cancelled. */
const CANCEL_MS = 30_000

/** Who hears how a board fares. */
export interface Watcher {
  progress(activity: string, fraction: number | null): void
  /** A session is under way; its figures are of interest until `idle`. */
  live(session: LiveSession): void
  idle(): void
  say(text: string): void
  ask: Ask
  /** Whether to run what may leave the board in need of a reboot. */
  confirm(ids: readonly string[], board: string): Promise<boolean>
}

export interface BoardOutcome {
  /** Session files, in order; more than one where the board rebooted. */
  files: string[]
  runs: RunOutcome[]
  /** What befell the board and did not end the job. */
  events: string[]
  /** What ended it. */
  failure: VascopeError | null
}

/** How a session ended in the middle. */
interface Fall {
  error: VascopeError
  /** The board came back with a new start of its kernel. */
  rebooted: boolean
}

/**
 * Runs a job on its board. A reboot in the middle is an event: the session file until then is closed, and what is left to run goes into
 * another. Whatever happens, what was recorded stays. Throws only what is no VascopeError.
 */
export async function runJob(
  job: Job,
  watcher: Watcher,
  signal: AbortSignal,
  rebootMs = REBOOT_MS
): Promise<BoardOutcome> {
  return new BoardRun(job, watcher, signal, rebootMs).run()
}

/** "s.vascope" for the first part, "s.2.vascope" for the second. */
export function partFile(file: string, part: number): string {
  if (part === 1) return file
  const end = path.extname(file) === '.vascope' ? '.vascope' : ''
  return `${file.slice(0, file.length - end.length)}.${part}${end}`
}

class BoardRun {
  private readonly outcome: BoardOutcome = { files: [], runs: [], events: [], failure: null }
  private pending: ScenarioRun[]
  private current: ScenarioRun | null = null
  private fall: Fall | null = null
  private readonly began = Date.now()

  constructor(
    private readonly job: Job,
    private readonly watcher: Watcher,
    private readonly signal: AbortSignal,
    private readonly rebootMs: number
  ) {
    this.pending = [...job.runs]
  }

  async run(): Promise<BoardOutcome> {
    const { outcome, job } = this
    let release = (): Promise<void> => Promise.resolve()
    try {
      checkAll(job.runs)
      release = await hold(job.board, this.signal)
      do await this.session(outcome.files.length + 1)
      while (this.more())
    } catch (error) {
      if (!(error instanceof VascopeError)) throw error
      outcome.failure = error
    } finally {
      this.watcher.idle()
      await release().catch((error: unknown) => this.watcher.say(asProblem(error).message))
    }
    const why = this.signal.aborted
      ? 'interrupted before'
      : `the board failed before: ${outcome.failure?.message ?? ''}`
    for (const run of this.pending) this.note(run, 'not-run', why)
    return outcome
  }

  /** Whether there is something left to do in another session. */
  private more(): boolean {
    if (this.signal.aborted || this.outcome.failure) return false
    if (this.job.runs.length > 0) return this.pending.length > 0
    return this.fall?.rebooted === true && this.watchLeft() > 0
  }

  private async session(part: number): Promise<void> {
    const { job, watcher, signal } = this
    this.fall = null
    const file = partFile(job.file, part)
    const session = await LiveSession.start({
      board: job.board,
      trace: job.trace,
      file,
      title: job.name,
      command: reproduce(job.board, this.pending, { seconds: job.watch, trace: job.trace }),
      ask: watcher.ask,
      progress: (_phase, activity, fraction) => watcher.progress(activity, fraction),
      signal,
      lost: (error, boot) => this.lost(error, boot, part)
    })
    try {
      if (part === 1) await this.prepare(session)
      await session.trace()
    } catch (error) {
      await session.stop()
      throw error
    }
    this.outcome.files.push(file)
    if (part > 1)
      session.remark(
        'continued',
        `Goes on after a reboot of the board; before it: ${path.basename(partFile(job.file, part - 1))}.`
      )
    watcher.live(session)
    try {
      if (job.runs.length > 0) await this.scenarios(session)
      else await until(session.ended, this.watchLeft() * 1000, signal)
    } finally {
      watcher.idle()
      await session.stop()
    }
    const error = await session.ended
    if (error && !this.fallen()?.rebooted) this.outcome.failure ??= error
  }

  private fallen(): Fall | null {
    return this.fall
  }

  /** What needs the board's catalogue before anything is traced. */
  private async prepare(session: LiveSession): Promise<void> {
    const { job, watcher } = this
    const { kernelRelease } = session.model.capabilities!
    if (job.release !== undefined && !new RegExp(job.release).test(kernelRelease))
      throw new VascopeError(
        'other-kernel',
        `${job.board} runs the kernel ${kernelRelease}, not one that matches ${job.release}.`,
        'Boot it with the kernel that is wanted, or mend the pattern.'
      )
    const catalogue = scenariosOf(session.model.capabilities!)
    const { runs, left } = expandAll(job.runs, catalogue)
    for (const { id, why } of left) watcher.say(`left out ${id}: ${why}`)
    for (const run of runs) checkRun(run, catalogue)
    const destructive = destructiveOf(runs, catalogue)
    if (destructive.length > 0 && !job.yes && !(await watcher.confirm(destructive, job.board)))
      throw new VascopeError(
        'destructive',
        `${destructive.join(', ')} may leave ${job.board} in need of a reboot, and nobody said yes to that.`,
        'Say yes to the question on a terminal, or give --yes.',
        EXIT.usage
      )
    this.pending = runs
  }

  private async scenarios(session: LiveSession): Promise<void> {
    while (this.pending.length > 0 && !this.signal.aborted) {
      this.current = this.pending.shift()!
      try {
        if (!(await this.scenario(session, this.current))) return
      } catch (error) {
        if (!(error instanceof VascopeError)) throw error
        this.note(this.current, this.fall?.rebooted ? 'rebooted' : 'failed', error.message)
        return
      } finally {
        this.current = null
      }
    }
    if (!this.signal.aborted) await session.settle()
  }

  /** Answers false where the scenario held on beyond its limit, and its session had to be ended. */
  private async scenario(session: LiveSession, run: ScenarioRun): Promise<boolean> {
    const { limit } = this.job
    const limits = new AbortController()
    const stop = AbortSignal.any([this.signal, limits.signal])
    let held = false
    let grace: NodeJS.Timeout | undefined
    const timer = limit === undefined ? undefined : setTimeout(() => limits.abort(), limit * 1000)
    const cancelled = (): void => {
      grace = setTimeout(() => {
        held = true
        void session.stop()
      }, CANCEL_MS)
    }
    stop.addEventListener('abort', cancelled, { once: true })
    const late = `not done within ${limit} s`
    try {
      const record = await session.run(run, stop)
      const state = scenarioStateName(record.state)
      const seconds = record.ended === null ? null : record.ended - record.started
      if (state === 'cancelled' && limits.signal.aborted) this.note(run, 'timed-out', late, seconds)
      else this.note(run, state === 'started' || state === 'running' ? 'failed' : state, record.text, seconds)
      return true
    } catch (error) {
      if (!held || this.signal.aborted || !(error instanceof VascopeError)) throw error
      this.note(run, 'timed-out', `${late}, nor did it end when it was cancelled`)
      return false
    } finally {
      stop.removeEventListener('abort', cancelled)
      clearTimeout(timer)
      clearTimeout(grace)
    }
  }

  /** The daemon is gone. A board that comes back with another start of its kernel has rebooted; anything else is a failure. */
  private async lost(error: VascopeError, boot: string | null, part: number): Promise<string | null> {
    this.fall = { error, rebooted: false }
    const { watcher, job, signal } = this
    if (boot === null || signal.aborted) return null
    watcher.idle()
    watcher.progress(`${job.board} was lost; waiting for it to come back`, null)
    const began = Date.now()
    const now = await awaitBoard(job.board, boot, this.rebootMs, signal).catch(() => null)
    if (now === null || now === boot) return null
    this.fall.rebooted = true
    const during = this.current ? ` while ${this.current.id} (seed ${this.current.seed}) ran` : ''
    const next = this.pending.length > 0 || (job.runs.length === 0 && this.watchLeft() > 0)
    const text = `The board rebooted${during}; it was back after ${((Date.now() - began) / 1000).toFixed(0)} s, boot ${now.slice(0, 8)} instead of ${boot.slice(0, 8)}.${next ? ` It goes on in ${path.basename(partFile(job.file, part + 1))}.` : ''}`
    this.outcome.events.push(text)
    watcher.say(text)
    return text
  }

  private watchLeft(): number {
    return this.job.watch === undefined ? Infinity : this.job.watch - (Date.now() - this.began) / 1000
  }

  private note(
    { id, seed }: ScenarioRun,
    state: RunOutcome['state'],
    text: string,
    seconds: number | null = null
  ): void {
    this.outcome.runs.push({ id, seed, state, text, seconds })
  }
}

/** Waits for something, at most so long, and no longer than until `signal` aborts. */
export function until(something: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = Number.isFinite(ms) ? setTimeout(done, ms) : undefined
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
    void something.then(done, done)
  })
}
