import { copyFileSync } from 'node:fs'
import { basename } from 'node:path'
import type {
  AddressQuery,
  Annotations,
  Board,
  BoardRun,
  CompareStretch,
  EngineApi,
  EngineEvents,
  FindingPage,
  MappingPage,
  MappingQuery,
  ObjectPage,
  ObjectQuery,
  OwnBoard,
  Phase,
  Problem,
  Pulse,
  ScenarioRun,
  SessionFacts,
  SessionState,
  StartRequest,
  View,
  ViewRequest
} from './api'
import type { Progress } from './connect/connection'
import { reach } from './connect/reach'
import { Checker } from './check/checker'
import { runSideBySide } from './ci/side-by-side'
import { comparePair } from './compare/compare'
import { objectOf, stretchOf, type Pair } from './compare/pair'
import { down } from './connect/virtual/board'
import { logsOf } from './connect/virtual/logs'
import { scenarioStateName, SessionModel } from './model/session'
import { asProblem, EXIT, VascopeError } from './problem'
import { boGraph } from './query/graph'
import { boDetail, mappings } from './query/objects'
import { addressSpace } from './query/addresses'
import { objectTable } from './query/tables'
import { search } from './query/search'
import { view } from './query/view'
import { whyAlive, whyGone } from './query/why'
import { gather } from './report/gather'
import { page } from './report/report'
import { withSections, writeReportAs } from './report/write'
import { num, type Capabilities } from './wire/messages'
import { readAnnotations, writeAnnotations } from './session/annotations'
import * as boards from './session/boards'
import { deleteSession, findSession, listSessions, newSessionFile } from './session/library'
import { dropped, LiveSession } from './session/live'
import { preflight, scenariosOf } from './session/preflight'
import { Questions } from './session/questions'
import { traceLevel, tracingText } from './session/tracing'
import { isLarge, LARGE_EVENTS, LargeSession, refuseLarge } from './session/large'
import { damageText, openRecording, type Recording } from './session/recording'
import { RunQueue, statusOf } from './session/runs'
import { checkRun, reproduce } from './session/scenario'

const PULSE_MS = 250
/** How long a view that follows waits for an event, in ms: as long as a hand on the pointer does not feel. */
const NEWS_MS = 60
/** A view that follows comes no sooner than this many times as long after the last as that took: events come first. */
const REST = 3

interface Opened {
  /** null for a session that is not read whole. */
  recording: Recording | null
  judge(signal: AbortSignal): Promise<Checker>
  stop: AbortController
}

type Push = <Name extends keyof EngineEvents>(event: Name, data: EngineEvents[Name]) => void

/**
 * The engine as a window uses it: one session at a time, live or opened, and the questions that only a user can answer. Everything it
 * has to say goes through `push`.
 */
export class EngineHost implements EngineApi {
  private state: SessionState = IDLE
  private model: SessionModel | null = null
  private checker: Checker | null = null
  /** The session that is opened: its rules are judged when they are first asked for, in the background. */
  private opened: Opened | null = null
  /** The session that is opened and too large to be read whole. */
  private large: LargeSession | null = null
  /** One that is still being opened, which takes its time; another open, a start and a close end that. */
  private opening: AbortController | null = null
  private live: LiveSession | null = null
  /** What was compared last. */
  private pair: Pair | null = null
  private abort: AbortController | null = null
  private pulseTimer: NodeJS.Timeout | null = null
  private before = { events: 0, bytes: 0 }
  private runs: RunQueue | null = null
  /** Of the live session, until its file can take them. */
  private written: Annotations = NONE_WRITTEN
  private readonly questions: Questions
  /** Before this a view that follows is not answered, on the clock of performance.now(). */
  private nextFollow = 0

  /** `largeEvents`: sessions of more events are not read whole. */
  constructor(
    private readonly push: Push,
    private readonly largeEvents = LARGE_EVENTS
  ) {
    this.questions = new Questions(push, () => this.abort?.signal ?? null)
  }

  async listBoards(): Promise<Board[]> {
    return boards.listBoards()
  }

  async boardBlock(board: OwnBoard, before: string | null): ReturnType<EngineApi['boardBlock']> {
    return boards.boardBlock(board, before)
  }

  async saveBoard(board: OwnBoard, before: string | null): Promise<void> {
    await boards.saveBoard(board, before)
  }

  async removeBoard(name: string): Promise<void> {
    boards.removeBoard(name)
  }

  async listSessions(): ReturnType<EngineApi['listSessions']> {
    return listSessions(this.live ? this.state.file : null)
  }

  async preflight(board: string): ReturnType<EngineApi['preflight']> {
    this.refuseWhileBusy()
    this.refuseWhileOpening()
    const abort = (this.abort = new AbortController())
    const { progress, done } = this.boardWork(board)
    try {
      const { checks, scenarios } = await preflight(
        { board, ask: this.questions.ask, signal: abort.signal, progress },
        (check) => this.push('preflight', { board, check })
      )
      return { checks, scenarios }
    } finally {
      this.abort = null
      this.questions.drop()
      done()
    }
  }

  async start({ board, scenarios, file }: StartRequest): Promise<void> {
    this.refuseWhileBusy()
    const abort = (this.abort = new AbortController())
    const title = scenarios.length > 0 ? scenarios.map((s) => s.id).join(' + ') : 'watch'
    let base: SessionState = { ...IDLE, board, title }
    try {
      const path = file ?? newSessionFile(title, board)
      base = { ...base, file: path }
      this.model = null
      this.leave()
      const session = await LiveSession.start({
        board,
        file: path,
        title,
        command: reproduce(board, scenarios),
        ask: this.questions.ask,
        signal: abort.signal,
        progress: (phase, activity, progress) => this.change({ ...base, phase, activity, progress })
      })
      this.live = session
      this.model = session.model
      this.checker = session.checker
      this.runs = new RunQueue((run, signal, number) => session.run(run, signal, number))
      this.push('runs', [])
      this.written = NONE_WRITTEN
      void session.ended.then((error) => this.ended(session, error))
      const catalogue = scenariosOf(session.model.capabilities!)
      for (const run of scenarios) checkRun(run, catalogue)
      await session.trace()
      this.change({ ...base, phase: 'live', facts: factsOf(session.model.capabilities!, session.target.emulated) })
      this.startPulse()
      for (const run of scenarios) this.runs.add(run)
      this.pushRuns()
    } catch (error) {
      if (this.live) await this.live.stop()
      this.abort = null
      this.questions.drop()
      if (abort.signal.aborted) this.change(IDLE)
      else this.change({ ...base, phase: 'failed', problem: asProblem(error) })
      throw error
    }
  }

  async runOnBoards(boards: string[], scenarios: ScenarioRun[]): ReturnType<EngineApi['runOnBoards']> {
    this.refuseWhileBusy()
    this.refuseWhileOpening()
    const abort = (this.abort = new AbortController())
    this.change({ ...this.state, activity: `Running on ${boards.join(' and ')}`, progress: null })
    try {
      const told = (data: BoardRun[]): void => this.push('boardRuns', data)
      return await runSideBySide(boards, scenarios, { ask: this.questions.ask, signal: abort.signal, told })
    } finally {
      this.abort = null
      this.questions.drop()
      this.change({ ...this.state, activity: '', progress: null })
    }
  }

  async runScenario(run: ScenarioRun): Promise<void> {
    if (!this.live) throw new VascopeError('no-session', 'No session is live.', 'Start one first.', EXIT.usage)
    checkRun(run, scenariosOf(this.live.model.capabilities!))
    this.live.remark('run', reproduce(this.state.board, [run]))
    this.runs?.add(run)
    this.pushRuns()
  }

  async cancelRun(run: number): Promise<void> {
    if (!this.live || !this.runs?.cancel(run))
      throw new VascopeError('no-run', `There is no run ${run} to cancel.`, 'It may be over already.', EXIT.usage)
    this.pushRuns()
  }

  async annotations(file = this.state.file): Promise<Annotations> {
    if (this.live && file === this.state.file) return this.written
    return file ? readAnnotations(file) : NONE_WRITTEN
  }

  async annotate(change: Partial<Annotations>, file = this.state.file): Promise<Annotations> {
    const annotations = { ...(await this.annotations(file)), ...change }
    // The file of a live session has one writer until it has ended.
    if (this.live && file === this.state.file) this.written = annotations
    else if (file) writeAnnotations(file, annotations)
    return annotations
  }

  async deleteSession(file: string): Promise<void> {
    if (this.live && file === this.state.file)
      throw new VascopeError('busy', 'This session is being recorded.', 'Stop it first.', EXIT.usage)
    deleteSession(file)
    if (file === this.state.file) await this.close()
  }

  async stop(): Promise<void> {
    this.abort?.abort()
    this.opening?.abort()
    this.runs?.clear()
    const session = this.live
    if (!session) return
    this.change({ ...this.state, phase: 'stopping', activity: 'Fetching what is queued on the board' })
    await session.stop()
    await this.runs?.settled()
  }

  async open(name: string): Promise<void> {
    this.refuseWhileBusy()
    const file = findSession(name)
    if (isLarge(file, this.largeEvents)) return this.openLarge(file)
    const recording = openRecording(file)
    const { model, head } = recording
    this.model = model
    this.leave()
    this.opened = { recording, judge: (signal) => recording.judge(signal), stop: new AbortController() }
    const damage = damageText(recording)
    const problem = damage
      ? { code: 'file-damaged', message: `${file} is damaged or was cut off.`, remedy: damage }
      : null
    this.showOpened(file, head, model, problem, recording.bytes)
  }

  private async openLarge(file: string): Promise<void> {
    const pulse = (): void => this.push('pulse', this.pulse(this.large?.bytes ?? 0))
    const large = await this.readLarge(file, {
      refined: () => this.large === large && pulse(),
      failed: (error) => this.large === large && this.change({ ...this.state, problem: error.toProblem() })
    })
    if (!large) return
    const stop = new AbortController()
    const { ending: model, head } = large
    this.leave()
    this.large = large
    this.model = model
    this.opened = { recording: null, judge: (signal) => large.judge(signal), stop }
    this.showOpened(file, head, model, large.problem(), large.bytes)
    void large.verify(stop.signal).then(
      () => {
        if (this.large !== large) return
        const damage = damageText(large)
        if (damage) this.change({ ...this.state, problem: large.problem(damage) })
        pulse()
      },
      (error: unknown) => {
        if (this.large === large) this.change({ ...this.state, problem: asProblem(error) })
      }
    )
  }

  /** null where it was given up meanwhile; what is shown stays shown until then. */
  private async readLarge(
    file: string,
    hears: Pick<Parameters<typeof LargeSession.open>[1], 'refined' | 'failed'>
  ): Promise<LargeSession | null> {
    this.opening?.abort()
    const opening = (this.opening = new AbortController())
    const { signal } = opening
    const progress = (share: number | null): void => {
      if (this.opening === opening && !signal.aborted)
        this.change({ ...this.state, activity: `Opening ${basename(file)}`, progress: share })
    }
    try {
      progress(null)
      let told = 0
      const large = await LargeSession.open(file, {
        ...hears,
        signal,
        progress: (share) => {
          if (performance.now() - told < PULSE_MS) return
          told = performance.now()
          progress(share)
        }
      })
      if (!signal.aborted) return large
      large.close()
      return null
    } catch (error) {
      if (signal.aborted) return null
      throw error
    } finally {
      if (this.opening === opening) {
        this.opening = null
        this.change({ ...this.state, activity: '', progress: null })
      }
    }
  }

  private showOpened(
    file: string,
    head: Recording['head'],
    model: SessionModel,
    problem: Problem | null,
    bytes: number
  ): void {
    this.change({
      ...IDLE,
      phase: 'opened',
      board: head.board,
      title: head.title,
      file,
      facts: factsOf(model.capabilities!, head.facts.emulated === 'true'),
      problem
    })
    this.push('pulse', this.pulse(bytes))
    this.runs = null
    this.push('runs', model.state.scenarios.map(statusOf))
  }

  async save(file: string): Promise<void> {
    this.live?.writer?.flush()
    if (!this.state.file)
      throw new VascopeError('no-session', 'There is no session to save.', 'Start or open one first.', EXIT.usage)
    try {
      copyFileSync(this.state.file, file)
    } catch (error) {
      throw new VascopeError(
        'save',
        `${file} cannot be written: ${(error as Error).message}.`,
        `The session is still at ${this.state.file}.`,
        EXIT.usage
      )
    }
  }

  async close(): Promise<void> {
    await this.stop()
    this.model = null
    this.pair = null
    this.leave()
    this.change(IDLE)
  }

  async report(
    file: string,
    format: 'html' | 'md' | 'json' = 'html',
    sections?: string[]
  ): ReturnType<EngineApi['report']> {
    const recording = this.recorded()
    await recording.judge()
    return { file, bytes: await writeReportAs(recording, file, format, sections) }
  }

  async reportPage(ids?: string[]): ReturnType<EngineApi['reportPage']> {
    const recording = this.recorded()
    await recording.judge()
    const report = gather(recording)
    const sections = report.sections.map(({ id, title }) => ({ id, title }))
    return { html: page(withSections(report, ids)), sections, started: new Date(report.started).toISOString() }
  }

  async view(request: ViewRequest): Promise<View> {
    if (this.large) return this.large.view(request)
    if (!request.follow) return view(this.model ?? EMPTY, request)
    // Rather than have the window ask often for nothing: what comes is sent at once.
    await this.live?.news(NEWS_MS)
    const rest = this.nextFollow - performance.now()
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest))
    const began = performance.now()
    const model = this.model ?? EMPTY
    const length = request.to - request.from
    const to = Math.max(model.end, length)
    const answer = view(model, { ...request, from: to - length, to })
    const ended = performance.now()
    this.nextFollow = ended + REST * (ended - began)
    const ageMs = this.live?.latency.seen(ended) ?? null
    return { ...answer, stamp: ageMs === null ? null : { ageMs, sent: Date.now() } }
  }

  async mappings(query: MappingQuery): Promise<MappingPage> {
    return mappings(await this.modelAt(query.cursor), query)
  }

  async bo(id: number): ReturnType<EngineApi['bo']> {
    return this.large ? this.large.bo(id) : boDetail(this.model ?? EMPTY, id)
  }

  async addresses(query: AddressQuery): ReturnType<EngineApi['addresses']> {
    return addressSpace(await this.modelAt(query.at), query)
  }

  async search(text: string, at: number | null): ReturnType<EngineApi['search']> {
    const model = await this.modelAt(at)
    return search(model, (this.checker ?? NOTHING).page().findings, text, at ?? model.end)
  }

  async objects(query: ObjectQuery): Promise<ObjectPage> {
    return objectTable(await this.modelAt(query.at), query)
  }

  async graph(bo: number, at: number): ReturnType<EngineApi['graph']> {
    return boGraph(await this.modelAt(at), bo, at)
  }

  async whyAlive(bo: number, at: number): ReturnType<EngineApi['whyAlive']> {
    return whyAlive(await this.modelAt(at), bo, at)
  }

  async whyGone(va: number): ReturnType<EngineApi['whyGone']> {
    return this.large ? this.large.gone(va) : whyGone(this.model ?? EMPTY, va)
  }

  async findings(): Promise<FindingPage> {
    await this.judge()
    return (this.checker ?? NOTHING).page()
  }

  async compare(a: string[], b: string[]): ReturnType<EngineApi['compare']> {
    if (this.live)
      throw new VascopeError(
        'busy',
        'Nothing is compared while a session is recorded: both sides are read whole, and its events would wait.',
        'Stop the session first, or use `vascope diff`.',
        EXIT.usage
      )
    refuseLarge([...a, ...b], this.largeEvents, 'A comparison', 'vascope diff')
    this.pair = null // the one of before goes first: two of them may not fit into memory
    const { comparison, pair } = comparePair(a, b)
    this.pair = pair
    return comparison
  }

  async compareStretch(stretch: CompareStretch): ReturnType<EngineApi['compareStretch']> {
    return this.pair && stretchOf(this.pair, stretch)
  }

  async compareObject(side: 'a' | 'b', bo: number): ReturnType<EngineApi['compareObject']> {
    return this.pair && objectOf(this.pair, side, bo)
  }

  async answer(id: number, answer: string | null): Promise<void> {
    this.questions.answer(id, answer)
  }

  async startBoard(board: string): Promise<void> {
    this.refuseWhileBusy()
    this.refuseWhileOpening()
    boards.nameOfVirtual(board)
    const abort = (this.abort = new AbortController())
    const work = this.boardWork(board)
    try {
      const progress: Progress = (activity, fraction) => work.progress('starting-board', activity, fraction)
      progress('Starting the board', null)
      await reach(board, { progress, signal: abort.signal })
    } catch (error) {
      if (!abort.signal.aborted) throw error
    } finally {
      this.abort = null
      work.done()
    }
  }

  async boardLog(board: string): ReturnType<EngineApi['boardLog']> {
    return logsOf(boards.nameOfVirtual(board))
  }

  async stopBoard(board: string): Promise<void> {
    await down(boards.nameOfVirtual(board))
  }

  /** The model that answers for a time: of a session that is not read whole the state then. */
  private async modelAt(time: number | null): Promise<SessionModel> {
    const { large } = this
    if (!large) return this.model ?? EMPTY
    try {
      return await large.at(time)
    } catch (error) {
      if (this.large === large) throw error
      return this.modelAt(time) // another session is shown by now
    }
  }

  /** What a new window needs to know. */
  greet(): void {
    this.push('session', this.state)
  }

  /** Waits until the rules of the opened session are judged; the window is served meanwhile, and may open another. */
  private async judge(): Promise<void> {
    const { opened } = this
    if (!opened) return
    const { signal } = opened.stop
    try {
      const checker = await opened.judge(signal)
      if (this.opened === opened) this.checker = checker
    } catch (error) {
      if (!signal.aborted) throw error
    }
    if (this.opened !== opened) await this.judge()
  }

  /** The session that was opened is no more. */
  private leave(): void {
    this.opening?.abort()
    this.opening = null
    this.opened?.stop.abort()
    this.opened = null
    this.large?.close()
    this.large = null
    this.checker = null
  }

  /** The session that is shown as its file has it; also while it is recorded. */
  private recorded(): Recording {
    if (!this.state.file)
      throw new VascopeError('no-session', 'There is no session to report.', 'Start or open one first.', EXIT.usage)
    if (this.large) throw this.large.refusal('A report', 'vascope report')
    if (this.opened?.recording) return this.opened.recording
    this.live?.writer?.flush()
    return openRecording(this.state.file)
  }

  private refuseWhileBusy(): void {
    if (this.abort)
      throw new VascopeError(
        'busy',
        'A board is in use.',
        'Stop the session, or cancel what is being done.',
        EXIT.usage
      )
  }

  /** Both would say in one line how far they are. */
  private refuseWhileOpening(): void {
    if (this.opening)
      throw new VascopeError('busy', 'A session is being opened.', 'Wait for it, or cancel that.', EXIT.usage)
  }

  /** Says how work on a board without a session goes. A session that is shown stays shown, unless it is closed meanwhile. */
  private boardWork(board: string): {
    progress: (phase: Phase, activity: string, progress: number | null) => void
    done: () => void
  } {
    const before = this.state
    const shown = before.phase === 'opened' || before.phase === 'ended'
    return {
      progress: (phase, activity, progress) =>
        this.change(shown ? { ...this.state, activity, progress } : { ...IDLE, phase, activity, progress, board }),
      done: () => this.change(shown ? { ...this.state, activity: '', progress: null } : before)
    }
  }

  /** Puts into the file what was written to the session while it was live; answers why that did not work. */
  private keepWritten(): Problem | null {
    if (this.written === NONE_WRITTEN) return null
    try {
      writeAnnotations(this.state.file, this.written)
      return null
    } catch (error) {
      return asProblem(error)
    }
  }

  private pushRuns(): void {
    const changed = this.runs?.changes(this.model?.state.scenarios ?? [])
    if (changed) this.push('runs', changed)
  }

  private ended(session: LiveSession, error: VascopeError | null): void {
    if (this.live !== session) return
    this.live = null
    this.abort = null
    this.stopPulse()
    this.runs?.clear()
    this.push('pulse', this.pulse(session.writer?.bytes ?? 0))
    this.pushRuns()
    const lost = this.keepWritten()
    if (this.state.phase === 'failed') return
    const problem = error ? error.toProblem() : lost
    this.change({ ...this.state, phase: 'ended', activity: '', problem })
  }

  private startPulse(): void {
    this.before = { events: 0, bytes: 0 }
    this.pulseTimer = setInterval(() => {
      const session = this.live
      if (!session) return
      this.push('pulse', this.pulse(session.writer?.bytes ?? 0))
      this.pushRuns()
      const scenario = session.model.state.scenarios.at(-1)
      if (!scenario) return
      const { id, done, total, text } = scenario
      this.change({ ...this.state, scenario: { id, state: scenarioStateName(scenario.state), done, total, text } })
    }, PULSE_MS)
  }

  private stopPulse(): void {
    if (this.pulseTimer) clearInterval(this.pulseTimer)
    this.pulseTimer = null
  }

  private pulse(fileBytes: number): Pulse {
    const model = this.model ?? EMPTY
    const bytes = this.live?.bytesReceived ?? 0
    const perSecond = this.live ? 1000 / PULSE_MS : 0
    const rates = {
      events: (model.events - this.before.events) * perSecond,
      bytes: (bytes - this.before.bytes) * perSecond
    }
    this.before = { events: model.events, bytes }
    const limit = num(model.totals?.queueLimit)
    return {
      now: model.end,
      events: model.events,
      eventsPerSecond: rates.events,
      bytesPerSecond: rates.bytes,
      dropped: dropped(model),
      queueFraction: limit > 0 ? num(model.totals?.queueBytes) / limit : 0,
      latencyMs: this.live?.latency.p95() ?? null,
      latencyP50Ms: this.live?.latency.p50() ?? null,
      fileBytes,
      vms: model.state.vms.size,
      liveMappings: model.state.mappings.live.size,
      liveBytes: model.state.liveBytes
    }
  }

  private change(state: SessionState): void {
    this.state = state
    this.push('session', state)
  }
}

const IDLE: SessionState = {
  phase: 'idle' satisfies Phase,
  activity: '',
  progress: null,
  board: '',
  title: '',
  file: '',
  problem: null,
  facts: null,
  scenario: null
}

const NONE_WRITTEN: Annotations = { tags: [], note: '', known: {} }
const EMPTY = new SessionModel()
const NOTHING = new Checker(new SessionModel())

function factsOf(c: Capabilities, emulated: boolean): SessionFacts {
  return {
    kernel: c.kernelRelease,
    driver: c.driver ? `${c.driver.name} ${c.driver.version}` : '',
    gpu: c.driver?.gpu ?? '',
    model: c.model,
    emulated,
    traceLevel: traceLevel(c),
    tracing: tracingText(c),
    scenarios: scenariosOf(c)
  }
}
