import {
  computed,
  inject,
  type InjectionKey,
  onScopeDispose,
  provide,
  reactive,
  type Ref,
  ref,
  type ShallowRef,
  shallowRef,
  watch
} from 'vue'
import type { RunStatus, ScenarioDescription, ScenarioRun } from '../../../engine/api'
import { asProblem, type Session } from '../../composables/useSession'
import type { EngineClient } from '../../model/engine-client'
import { defaultRun, runFaults } from '../../model/scenario'
import type { Boards } from '../boards/useBoards'
import { type Beside, createBeside } from './beside'
import { families, type Family, familyOf, matches } from './families'

/** The catalogue of a board, the run that is being put together, and the runs that wait, run or ran. */
export interface Scenarios {
  /** Of the session's board where there is one, else of the selected board; empty before that was looked at. */
  catalogue: Readonly<Ref<ScenarioDescription[]>>
  /** The board that runs are for. */
  board: Readonly<Ref<string>>
  search: Ref<string>
  /** One family only; null: all. */
  family: Ref<string | null>
  shown: Readonly<Ref<Family[]>>
  selected: Readonly<Ref<ScenarioDescription | undefined>>
  select(id: string): void
  move(step: 1 | -1): void
  /** Seed and parameters of the selected scenario, as they stand in its form. */
  draft: Readonly<Ref<ScenarioRun | undefined>>
  setParameters(parameters: Record<string, number>): void
  setSeed(seed: number): void
  /** Why the draft cannot be run; empty when it can. */
  fault: Readonly<Ref<string>>
  /** Chosen, for a session that is still to be started. */
  planned: Readonly<ShallowRef<readonly ScenarioRun[]>>
  unplan(index: number): void
  /** Runs of this session as the engine knows them. */
  runs: Readonly<ShallowRef<readonly RunStatus[]>>
  /** Puts the draft in the queue: of the live session, else of the next one. */
  add(): Promise<void>
  /** Starts a session with what is planned, or with the draft alone; with a board beside it, the same on both. */
  start(): Promise<void>
  /** The same on another board at the same time. */
  beside: Beside
  /** "virtual", or "virtual and rb3gen2". */
  where: Readonly<Ref<string>>
  cancel(run: number): Promise<void>
  /** Scenarios that may leave the board in need of a reboot, while the user is asked about them. */
  asking: Readonly<Ref<string[]>>
  answer(yes: boolean): void
}

const KEY: InjectionKey<Scenarios> = Symbol('scenarios')

export function provideScenarios(
  engine: EngineClient,
  session: Session,
  boards: Boards,
  compare: (a: string, b: string) => void
): Scenarios {
  const search = ref('')
  const family = ref<string | null>(null)
  const id = ref('')
  const drafts = reactive(new Map<string, ScenarioRun>())
  const planned = shallowRef<readonly ScenarioRun[]>([])
  const runs = shallowRef<readonly RunStatus[]>([])
  const asking = ref<string[]>([])
  let settle: ((yes: boolean) => void) | null = null

  onScopeDispose(engine.on('runs', (data) => (runs.value = data)))

  const board = computed(() => (session.live.value ? session.state.value.board : boards.selected.value))
  const catalogue = computed(() => {
    const looked = boards.preflight(board.value).scenarios
    if (!session.live.value && looked.length > 0) return looked
    return session.state.value.facts?.scenarios ?? looked
  })
  const shown = computed(() =>
    families(
      catalogue.value.filter(
        (one) => (family.value === null || familyOf(one.id) === family.value) && matches(one, search.value)
      )
    )
  )
  const listed = computed(() => shown.value.flatMap(({ scenarios }) => scenarios))
  const selected = computed(() => listed.value.find((one) => one.id === id.value) ?? listed.value[0])
  watch(
    selected,
    (chosen) => {
      if (chosen && !drafts.has(chosen.id)) drafts.set(chosen.id, defaultRun(chosen))
    },
    { immediate: true }
  )
  const draft = computed(() => selected.value && (drafts.get(selected.value.id) ?? defaultRun(selected.value)))
  const fault = computed(() => {
    if (!selected.value || !draft.value) return 'no scenario is chosen'
    if (selected.value.needs) return `it needs ${selected.value.needs}`
    const { seed } = draft.value
    if (!Number.isSafeInteger(seed) || seed < 0) return 'seed: a whole number from 0'
    return runFaults(selected.value, draft.value)[0] ?? ''
  })

  function copyOfDraft(): ScenarioRun[] {
    return draft.value && !fault.value ? [{ ...draft.value, parameters: { ...draft.value.parameters } }] : []
  }

  /** Asks about those that may leave the board in need of a reboot. */
  async function allowed(wanted: readonly ScenarioRun[]): Promise<boolean> {
    const destructive = (one: ScenarioRun): boolean =>
      catalogue.value.some((known) => known.id === one.id && known.destructive)
    const names = [...new Set(wanted.filter(destructive).map((one) => one.id))]
    if (names.length === 0) return true
    asking.value = names
    return new Promise((resolve) => (settle = resolve))
  }

  const beside = createBeside(engine, session, boards, board, compare)
  const where = computed(() => [board.value, beside.other.value].filter(Boolean).join(' and '))

  const scenarios: Scenarios = {
    beside,
    where,
    catalogue,
    board,
    search,
    family,
    shown,
    selected,
    select: (chosen) => (id.value = chosen),
    move(step) {
      const at = listed.value.findIndex((one) => one === selected.value)
      id.value = listed.value[Math.min(listed.value.length - 1, Math.max(0, at + step))]?.id ?? id.value
    },
    draft,
    setParameters(parameters) {
      if (draft.value) drafts.set(draft.value.id, { ...draft.value, parameters })
    },
    setSeed(seed) {
      if (draft.value) drafts.set(draft.value.id, { ...draft.value, seed })
    },
    fault,
    planned,
    unplan: (index) => (planned.value = planned.value.filter((_, at) => at !== index)),
    runs,
    async add() {
      const wanted = copyOfDraft()
      if (!session.live.value) planned.value = [...planned.value, ...wanted]
      else if (await allowed(wanted)) for (const run of wanted) await session.runScenario(run)
    },
    async start() {
      const wanted = planned.value.length > 0 ? [...planned.value] : copyOfDraft()
      if (wanted.length === 0 || session.busy.value) return
      if (!(await allowed(wanted))) return
      const before = planned.value
      // what could not be started is planned still, and so is what was added meanwhile
      const { other } = beside
      const started = other.value ? await beside.start(board.value, wanted) : await session.start(board.value, wanted)
      if (started) planned.value = planned.value.filter((run) => !before.includes(run))
    },
    async cancel(run) {
      try {
        await engine.api.cancelRun(run)
      } catch (error) {
        session.problem.value = asProblem(error)
      }
    },
    asking,
    answer(yes) {
      asking.value = []
      settle?.(yes)
      settle = null
    }
  }
  provide(KEY, scenarios)
  return scenarios
}

export function useScenarios(): Scenarios {
  const scenarios = inject(KEY)
  if (!scenarios) throw new Error('no scenarios above this component')
  return scenarios
}
