import { inject, type InjectionKey, onScopeDispose, provide, type Ref, ref, type ShallowRef, shallowRef } from 'vue'
import type { Board, CheckResult, Problem, RecentSession, ScenarioDescription } from '../../../engine/api'
import { asProblem, type Session } from '../../composables/useSession'
import type { EngineClient } from '../../model/engine-client'

export interface Preflight {
  running: boolean
  checks: CheckResult[]
  scenarios: ScenarioDescription[]
  /** Why it did not get to its end. */
  problem: Problem | null
}

const NOT_RUN: Preflight = { running: false, checks: [], scenarios: [], problem: null }

/** The boards that can be reached, what preflight said of each, and the sessions on this machine. */
export interface Boards {
  boards: Readonly<ShallowRef<Board[] | null>>
  sessions: Readonly<ShallowRef<RecentSession[] | null>>
  selected: Ref<string>
  preflight(board: string): Preflight
  runPreflight(board: string): Promise<void>
  /** Starts a virtual board without a session; its progress is the session's state. */
  startBoard(board: string): Promise<void>
  /** The board that is being started so; empty: none. */
  booting: Readonly<Ref<string>>
  stopBoard(board: string): Promise<void>
  reload(): Promise<void>
}

const KEY: InjectionKey<Boards> = Symbol('boards')

export function provideBoards(engine: EngineClient, session: Session): Boards {
  const boards = shallowRef<Board[] | null>(null)
  const sessions = shallowRef<RecentSession[] | null>(null)
  const selected = ref('virtual')
  const booting = ref('')
  const preflights = shallowRef(new Map<string, Preflight>())

  function update(board: string, change: Partial<Preflight>): void {
    const before = preflights.value.get(board) ?? NOT_RUN
    preflights.value = new Map(preflights.value).set(board, { ...before, ...change })
  }

  onScopeDispose(
    engine.on('preflight', ({ board, check }) => {
      const { checks } = preflights.value.get(board) ?? NOT_RUN
      const known = checks.some(({ id }) => id === check.id)
      update(board, { checks: known ? checks.map((old) => (old.id === check.id ? check : old)) : [...checks, check] })
    })
  )

  async function reload(): Promise<void> {
    try {
      const [reached, recorded] = await Promise.all([engine.api.listBoards(), engine.api.listSessions()])
      boards.value = reached
      sessions.value = recorded
    } catch (error) {
      session.problem.value = asProblem(error)
    }
  }

  const result: Boards = {
    boards,
    sessions,
    selected,
    preflight: (board) => preflights.value.get(board) ?? NOT_RUN,
    async runPreflight(board) {
      // the engine has one board in hand at a time
      if (session.busy.value) return
      update(board, { ...NOT_RUN, running: true })
      try {
        const { checks, scenarios } = await engine.api.preflight(board)
        update(board, { running: false, checks, scenarios })
      } catch (error) {
        update(board, { running: false, problem: asProblem(error) })
      }
      await reload()
    },
    booting,
    async startBoard(board) {
      if (session.busy.value) return
      booting.value = board
      try {
        await engine.api.startBoard(board)
      } catch (error) {
        session.problem.value = asProblem(error)
      } finally {
        booting.value = ''
      }
      await reload()
    },
    async stopBoard(board) {
      try {
        await engine.api.stopBoard(board)
      } catch (error) {
        session.problem.value = asProblem(error)
      }
      await reload()
    },
    reload
  }
  provide(KEY, result)
  return result
}

export function useBoards(): Boards {
  const boards = inject(KEY)
  if (!boards) throw new Error('no boards above this component')
  return boards
}
