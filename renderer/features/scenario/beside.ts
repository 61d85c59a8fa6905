import { computed, onScopeDispose, type Ref, ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { BoardRun, ScenarioRun } from '../../../engine/api'
import { asProblem, type Session } from '../../composables/useSession'
import type { EngineClient } from '../../model/engine-client'
import type { Boards } from '../boards/useBoards'

/** A time of a board's own, and what was mapped then. */
export type Course = [seconds: number, bytes: number][]

/** The same scenarios on two boards at the same time, and both recordings compared after. */
export interface Beside {
  /** The board beside the chosen one; empty: none. */
  other: Ref<string>
  /** Boards that can stand beside it. */
  choices: Readonly<Ref<string[]>>
  /** Both, while they run and until they are put away; empty: nothing was run. */
  runs: Readonly<ShallowRef<readonly BoardRun[]>>
  /** What each had mapped, as it went. */
  courses: Readonly<ShallowRef<readonly Course[]>>
  running: Readonly<Ref<boolean>>
  /** Answers whether both were recorded, which are then compared. */
  start(board: string, wanted: ScenarioRun[]): Promise<boolean>
  /** Compares the two recordings. */
  compare(): void
  putAway(): void
}

export function createBeside(
  engine: EngineClient,
  session: Session,
  boards: Boards,
  board: Readonly<Ref<string>>,
  compare: (a: string, b: string) => void
): Beside {
  const other = ref('')
  const runs = shallowRef<readonly BoardRun[]>([])
  const courses = shallowRef<readonly Course[]>([])
  const running = ref(false)
  const choices = computed(() => (boards.boards.value ?? []).map(({ id }) => id).filter((id) => id !== board.value))
  watch(choices, (offered) => {
    if (!offered.includes(other.value)) other.value = ''
  })

  function hear(told: readonly BoardRun[]): void {
    courses.value = told.map(({ figures }, i) => {
      const course = courses.value[i] ?? []
      return figures && figures.seconds > (course.at(-1)?.[0] ?? -1)
        ? [...course, [figures.seconds, figures.liveBytes] as [number, number]]
        : course
    })
    runs.value = told
  }
  onScopeDispose(engine.on('boardRuns', hear))

  const recorded = (): boolean => runs.value.length === 2 && runs.value.every(({ file, problem }) => file && !problem)
  const beside: Beside = {
    other,
    choices,
    runs,
    courses,
    running,
    async start(first, wanted) {
      running.value = true
      courses.value = runs.value = []
      session.problem.value = null
      try {
        hear(await engine.api.runOnBoards([first, other.value], wanted))
      } catch (error) {
        session.problem.value = asProblem(error)
        runs.value = []
      } finally {
        running.value = false
      }
      await boards.reload()
      if (recorded()) beside.compare()
      return recorded()
    },
    compare: () => compare(runs.value[0]!.file, runs.value[1]!.file),
    putAway: () => (runs.value = courses.value = [])
  }
  return beside
}
