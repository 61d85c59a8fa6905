import {
  computed,
  inject,
  type InjectionKey,
  onScopeDispose,
  provide,
  type Ref,
  type ShallowRef,
  shallowRef
} from 'vue'
import type { Phase, Problem, Pulse, Question, ScenarioRun, SessionState } from '../../engine/api'
import { type EngineClient, EngineError } from '../model/engine-client'

const IDLE: SessionState = {
  phase: 'idle',
  activity: '',
  progress: null,
  board: '',
  title: '',
  file: '',
  problem: null,
  facts: null,
  scenario: null
}

const STARTING: Phase[] = ['starting-board', 'connecting', 'deploying', 'attaching']
const SHOWN: Phase[] = ['live', 'stopping', 'ended', 'opened']

/** The session of this window: what the engine says about it, and what can be done with it. */
export interface Session {
  state: Readonly<ShallowRef<SessionState>>
  pulse: Readonly<ShallowRef<Pulse | null>>
  question: Readonly<Ref<Question | undefined>>
  /** The last request that failed, until it is dismissed. */
  problem: ShallowRef<Problem | null>
  /** A board is being started, reached or attached to. */
  starting: Readonly<Ref<boolean>>
  /** There is something to show on the timeline. */
  shown: Readonly<Ref<boolean>>
  live: Readonly<Ref<boolean>>
  /** A board is in hand, for a session or for something else: nothing else can be done with one. */
  busy: Readonly<Ref<boolean>>
  /** Answers whether it started. */
  start(board: string, scenarios: ScenarioRun[]): Promise<boolean>
  runScenario(run: ScenarioRun): Promise<void>
  stop(): Promise<void>
  open(file?: string): Promise<void>
  saveAs(): Promise<void>
  exportReport(): Promise<void>
  close(): Promise<void>
  answer(question: Question, answer: string | null): Promise<void>
}

const KEY: InjectionKey<Session> = Symbol('session')

export function provideSession(engine: EngineClient): Session {
  const state = shallowRef(IDLE)
  const pulse = shallowRef<Pulse | null>(null)
  const questions = shallowRef<Question[]>([])
  const problem = shallowRef<Problem | null>(null)

  onScopeDispose(engine.on('session', (data) => (state.value = data)))
  onScopeDispose(engine.on('pulse', (data) => (pulse.value = data)))
  onScopeDispose(engine.on('question', (data) => (questions.value = [...questions.value, data])))
  onScopeDispose(engine.on('questionGone', ({ id }) => dropQuestion(id)))
  onScopeDispose(
    engine.onLost((lost) => {
      questions.value = []
      problem.value = lost
    })
  )

  function dropQuestion(id: number): void {
    questions.value = questions.value.filter((question) => question.id !== id)
  }

  /** Runs a request and keeps its problem for the notice, so that no failure goes unseen. */
  async function guard(work: () => Promise<void>): Promise<void> {
    problem.value = null
    try {
      await work()
    } catch (error) {
      problem.value = asProblem(error)
    }
  }

  const starting = computed(() => STARTING.includes(state.value.phase))
  const live = computed(() => state.value.phase === 'live' || state.value.phase === 'stopping')
  const session: Session = {
    state,
    pulse,
    question: computed(() => questions.value[0]),
    problem,
    starting,
    shown: computed(() => SHOWN.includes(state.value.phase)),
    live,
    busy: computed(() => starting.value || live.value || state.value.activity !== ''),
    async start(board, scenarios) {
      let started = false
      await guard(async () => {
        pulse.value = null
        try {
          await engine.api.start({ board, scenarios })
          started = true
        } catch (error) {
          // Where the state says it, the boards view shows it in place.
          if (state.value.phase !== 'failed') throw error
        }
      })
      return started
    },
    runScenario: (run) => guard(() => engine.api.runScenario(run)),
    stop: () => guard(() => engine.api.stop()),
    open: (file) =>
      guard(async () => {
        const chosen = file ?? (await window.vascope.pickSession())
        if (!chosen) return
        pulse.value = null
        await engine.api.open(chosen)
      }),
    saveAs: () =>
      guard(async () => {
        const file = await window.vascope.pickSave('session', baseName(state.value.file))
        if (file) await engine.api.save(file)
      }),
    exportReport: () =>
      guard(async () => {
        const chosen = await window.vascope.pickSave(
          'report',
          baseName(state.value.file).replace(/\.vascope$/, '') + '.html'
        )
        if (!chosen) return
        const { file } = await engine.api.report(chosen)
        await window.vascope.openReport(file)
      }),
    close: () => guard(() => engine.api.close()),
    answer: (question, text) =>
      guard(async () => {
        dropQuestion(question.id)
        await engine.api.answer(question.id, text)
      })
  }
  provide(KEY, session)
  return session
}

export function useSession(): Session {
  const session = inject(KEY)
  if (!session) throw new Error('no session above this component')
  return session
}

export function asProblem(error: unknown): Problem {
  if (error instanceof EngineError) return error.problem
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'window', message, remedy: 'Try again. If it stays, please report it.' }
}

function baseName(file: string): string {
  return file.split(/[\\/]/).pop() || 'session.vascope'
}
