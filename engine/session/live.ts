import type { ScenarioRun } from '../api'
import { Checker } from '../check/checker'
import type { Ask, Connection, Progress, Target } from '../connect/connection'
import { bootId, open, reach } from '../connect/reach'
import { deploy, type RunningDaemon, type TraceLevel } from '../deploy/deploy'
import type { ScenarioRecord } from '../model/entities'
import { SessionModel } from '../model/session'
import { cancelled, VascopeError } from '../problem'
import { SessionWriter } from '../store/writer'
import { big, decodeFrame, eventsOf, GoodbyeReason, num, ScenarioState } from '../wire/messages'
import { Latency } from './clock'
import { DaemonLink } from './link'
import { Recorder } from './recorder'

export const PROGRAM = 'vascope 0.1.0'
/** A crash of the desktop costs at most this much of a recording. */
const FLUSH_MS = 1000
/** How long the daemon may take to attach its probes (seconds on an emulated board), to send a snapshot, and to say goodbye. */
const ANSWER_MS = 120_000
/** How long a board is given to come to rest after its scenarios, and how much of its time that takes. */
const SETTLE_MS = 30_000
const REST_SECONDS = 2.5

export interface LiveOptions {
  /** "virtual", "virtual:NAME", or an SSH target. */
  board: string
  /** How to see the kernel; the best that the board has when left out. */
  trace?: TraceLevel
  /** Session file, or null to record nothing. */
  file: string | null
  title: string
  /** The command line that reproduces the run, for the file's head. */
  command: string
  ask: Ask
  progress: (
    phase: 'starting-board' | 'connecting' | 'deploying' | 'attaching',
    activity: string,
    fraction: number | null
  ) => void
  signal: AbortSignal
  /**
   * Asked when the daemon is gone in the middle, before the file is closed: what befell the board (a reboot), for the file's record, or
   * null. `boot` names the start of the kernel that was traced.
   */
  lost?: (error: VascopeError, boot: string | null) => Promise<string | null>
}

/**
 * A session with a board while it lasts: reaches the board, starts the daemon, records what it sends and builds the model from it.
 * `ended` settles once, when the stream is over: null for an orderly end. Everything recorded until then is in the file.
 */
export class LiveSession {
  readonly model = new SessionModel()
  readonly checker = new Checker(this.model)
  readonly latency = new Latency()
  readonly ended: Promise<VascopeError | null>
  private settleEnd!: (error: VascopeError | null) => void
  private over = false
  /** Before tracing began there is nothing worth a file. */
  private tracing = false
  private readonly link: DaemonLink
  private readonly recorder: Recorder | null
  private readonly flushing: NodeJS.Timeout
  private readonly waiting = new Set<() => void>()
  private nextRun = 1

  private constructor(
    readonly target: Target,
    readonly writer: SessionWriter | null,
    private readonly connection: Connection,
    private readonly daemon: RunningDaemon,
    private readonly boot: string | null,
    private readonly lost: LiveOptions['lost']
  ) {
    this.ended = new Promise((resolve) => (this.settleEnd = resolve))
    this.recorder = writer && new Recorder(writer, this.model)
    this.flushing = setInterval(() => this.writer?.flush(), FLUSH_MS)
    this.link = new DaemonLink(daemon.stdio, daemon.build, PROGRAM, {
      frame: (message) => this.frame(message),
      ended: (error) => void this.end(error)
    })
  }

  /** Throws VascopeError when the board cannot be reached, refuses, or has nothing to trace with; nothing is left behind then. */
  static async start(options: LiveOptions): Promise<LiveSession> {
    const { signal, ask } = options
    const step =
      (phase: Parameters<LiveOptions['progress']>[0]): Progress =>
      (activity, fraction) =>
        options.progress(phase, activity, fraction)
    let connection: Connection | null = null
    let session: LiveSession | null = null
    try {
      const target = await reach(options.board, { progress: step('starting-board'), signal })
      connection = await open(target, { ask, progress: step('connecting'), signal })
      const boot = options.lost ? await bootId(connection) : null
      const daemon = await deploy(connection, { trace: options.trace, progress: step('deploying'), signal })
      options.progress('attaching', 'Reading the board’s kernel and attaching probes', null)
      const writer = options.file === null ? null : new SessionWriter(options.file, headOf(options, target))
      session = new LiveSession(target, writer, connection, daemon, boot, options.lost)
      const started = session
      await started.until(() => started.model.capabilities !== null, ANSWER_MS, signal, 'describe the board')
      return started
    } catch (error) {
      if (session) await session.end(error instanceof VascopeError ? error : null)
      else connection?.dispose()
      throw signal.aborted ? cancelled() : error
    }
  }

  /** Begins tracing. The first snapshot comes right after. Throws where this board cannot be traced. */
  async trace(): Promise<void> {
    const failed = this.model.capabilities!.checks.find((c) => c.state === 3 && TRACING_NEEDS.has(c.id ?? ''))
    if (failed)
      throw new VascopeError(
        failed.id ?? 'tracing',
        `This board cannot be traced: ${failed.title}: ${failed.detail}`,
        failed.remedy || 'See the preflight list.'
      )
    this.tracing = true
    this.link.send({ start: { snapshotPeriodMs: 0 } })
    await this.until(() => this.model.snapshots > 0, ANSWER_MS, null, 'send its first snapshot')
  }

  /**
   * Runs a scenario to its end and answers its record; `signal` cancels it. Throws only when the stream ends before it. A caller that
   * numbers its runs gives the number.
   */
  async run(
    scenario: ScenarioRun,
    signal: AbortSignal | null = null,
    runId: number = this.nextRun++
  ): Promise<ScenarioRecord> {
    const parameters = Object.entries(scenario.parameters).map(([name, value]) => ({ name, value }))
    this.link.send({ run: { runId, scenario: scenario.id, seed: scenario.seed, parameters } })
    const cancel = (): void => this.link.send({ cancel: { runId } })
    signal?.addEventListener('abort', cancel, { once: true })
    const record = (): ScenarioRecord | undefined => this.model.state.scenarios.find((s) => s.runId === runId)
    try {
      await this.until(
        () => (record()?.state ?? 0) >= ScenarioState.SCENARIO_STATE_DONE,
        Infinity,
        null,
        'run the scenario'
      )
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
    return record()!
  }

  /**
   * Lets the board come to rest and looks at it once more: what the kernel puts off is done, and a snapshot shows what is left. A board that
   * does not come to that ends its session without; then the rules that ask what is left are not judged.
   */
  async settle(): Promise<void> {
    const rest = this.model.end + REST_SECONDS
    const { snapshots } = this.model
    try {
      await this.until(() => this.model.end >= rest, SETTLE_MS, null, 'come to rest')
      this.link.send({ snapshot: { id: 2 } })
      await this.until(() => this.model.snapshots > snapshots, SETTLE_MS, null, 'send its last snapshot')
    } catch (error) {
      if (!(error instanceof VascopeError)) throw error
      if (!this.over) this.model.note(error.message, this.model.end)
    }
  }

  /** Settles when there is an event that no view has had yet, at the latest after so many ms, and when the session is over. */
  news(atMost: number): Promise<void> {
    if (this.over || this.latency.waiting) return Promise.resolve()
    return new Promise((resolve) => {
      const finish = (): void => {
        this.waiting.delete(check)
        clearTimeout(timer)
        resolve()
      }
      const check = (): void => {
        if (this.latency.waiting) finish()
      }
      const timer = setTimeout(finish, atMost)
      this.waiting.add(check)
    })
  }

  /** Puts something on the file's record that no frame says. */
  remark(kind: string, text: string): void {
    this.writer?.note(kind, text, this.model.boardNs(this.model.end))
  }

  /** Ends tracing in order: the daemon sends what it has queued, the file gets its index, nothing is left on the board. */
  async stop(): Promise<void> {
    if (!this.over) {
      this.link.send({ stop: {} })
      const timer = setTimeout(
        () =>
          void this.end(
            new VascopeError('daemon-silent', `The daemon did not say goodbye within ${ANSWER_MS / 1000} s.`, KEPT)
          ),
        ANSWER_MS
      )
      await this.ended
      clearTimeout(timer)
    }
    await this.ended
  }

  get bytesReceived(): number {
    return this.link.bytes
  }

  private frame(message: Uint8Array): void {
    const taken = this.model.take(message)
    const { model } = this
    this.recorder?.frame(message)
    if (taken && taken.events > 0) this.latency.event(model.boardNs(taken.first), performance.now())
    else if (!eventsOf(message)) {
      const heartbeat = decodeFrame(message)?.heartbeat
      if (heartbeat) {
        this.latency.heartbeat(Number(big(heartbeat.timeNs)), performance.now())
        this.resync()
      }
    }
    if (this.writer?.problem && !this.over) void this.end(this.writer.problem)
    for (const check of this.waiting) check()
  }

  /** After a loss only a walk of the kernel's own lists tells what is true. Once a heartbeat, that is once a second at most. */
  private resync(): void {
    if (this.tracing && this.model.uncertain && !this.over) this.link.send({ snapshot: { id: 1 } })
  }

  /** Waits for something the stream brings. The stream's end, a time-out and an abort reject. */
  private until(done: () => boolean, timeoutMs: number, signal: AbortSignal | null, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | null = null
      const finish = (error: unknown): void => {
        this.waiting.delete(check)
        if (timer) clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
        if (error === null) resolve()
        else reject(error)
      }
      const check = (): void => {
        if (done()) finish(null)
      }
      const aborted = (): void => finish(cancelled())
      this.waiting.add(check)
      signal?.addEventListener('abort', aborted, { once: true })
      if (Number.isFinite(timeoutMs))
        timer = setTimeout(() => {
          const said = this.daemon.stderr().trim()
          finish(
            new VascopeError(
              'daemon-silent',
              `The daemon did not ${what} within ${timeoutMs / 1000} s.${said ? ` It said: ${said}` : ''}`,
              'Look at the board’s kernel log and its load, then start again.'
            )
          )
        }, timeoutMs)
      void this.ended.then((error) => {
        if (!done())
          finish(
            error ??
              this.goodbyeError() ??
              new VascopeError('ended', `The session ended before the daemon could ${what}.`, KEPT)
          )
      })
      check()
    })
  }

  private goodbyeError(): VascopeError | null {
    const goodbye = this.model.goodbye
    if (!goodbye || goodbye.reason === GoodbyeReason.GOODBYE_REASON_STOPPED) return null
    return new VascopeError('daemon-stopped', `The daemon stopped: ${goodbye.text || 'it did not say why'}`, KEPT)
  }

  private async end(reason: VascopeError | null): Promise<void> {
    if (this.over) return
    this.over = true
    clearInterval(this.flushing)
    let error = reason ?? this.goodbyeError()
    if (error?.code === 'daemon-lost') {
      const said = this.daemon.stderr().trim().split('\n').slice(-3).join(' ')
      if (said) error = new VascopeError(error.code, `${error.message} It said: ${said}`, error.remedy)
    }
    let rebooted = false
    if (error && GONE.has(error.code) && this.tracing && this.lost) {
      this.writer?.flush()
      const befell = await this.lost(error, this.boot)
      if (befell !== null) {
        rebooted = true
        this.model.note(befell, this.model.end)
        this.remark('reboot', befell)
      }
    }
    if (this.writer && !this.tracing) this.writer.discard()
    else if (this.writer) {
      if (error && !this.writer.problem) {
        this.model.note(error.message, this.model.end)
        this.writer.note(error.code, error.message, this.model.boardNs(this.model.end))
      }
      this.recorder?.finish()
      // a reboot ends what there is to record; nothing of it is missing behind the file's end
      this.writer.close(rebooted || this.model.goodbye !== null)
      error ??= this.writer.problem
    }
    this.checker.finish(this.model.goodbye !== null)
    await this.daemon.dispose()
    this.connection.dispose()
    this.settleEnd(error)
  }
}

const KEPT = 'What arrived until then is kept.'

/** How a session ends when its board goes down under it: at once, or in order. */
const GONE = new Set(['daemon-lost', 'daemon-stopped'])

/** Checks of the daemon without which there is nothing to trace. */
const TRACING_NEEDS = new Set(['privilege', 'kernel.btf', 'kernel.probes'])

function headOf(options: LiveOptions, target: Target): ConstructorParameters<typeof SessionWriter>[1] {
  return {
    program: PROGRAM,
    startedRealtimeNs: Date.now() * 1e6,
    board: options.board,
    command: options.command,
    title: options.title,
    pageSize: 4096,
    facts: { ...target.facts, emulated: String(target.emulated), host: `${target.user}@${target.host}:${target.port}` }
  }
}

/** Sum of what was lost so far. */
export function dropped(model: SessionModel): number {
  return num(model.totals?.droppedKernel) + num(model.totals?.droppedQueue)
}
