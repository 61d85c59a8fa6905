import { ref, type Ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { MappingPage, MappingQuery, Policy } from '../../../engine/api'
import { useEngine } from '../../composables/useEngine'
import { useLatest } from '../../composables/useLatest'
import { asProblem, useSession } from '../../composables/useSession'
import { useTimeline } from '../timeline/useTimeline'
import { useBoNames } from './useBoNames'

/** Rows asked for around those on the screen, so that scrolling a little needs no request. */
const MARGIN = 20
/** While live the table follows at most this often, in ms: figures that change faster cannot be read. */
const LIVE_INTERVAL = 400

/** The mappings alive at the cursor: the rows on the screen only, sorted and searched by the engine. */
export interface Mappings {
  page: Readonly<ShallowRef<MappingPage | null>>
  /** The time that the rows stand for. */
  at: Readonly<Ref<number>>
  search: Ref<string>
  policies: ShallowRef<Policy[]>
  sort: Readonly<Ref<MappingQuery['sort']>>
  descending: Readonly<Ref<boolean>>
  /** Sorts by a column; again: the other way round. */
  sortBy(column: MappingQuery['sort']): void
  /** Says which rows are on the screen. */
  showRows(first: number, count: number): void
}

export function useMappings(): Mappings {
  const engine = useEngine()
  const session = useSession()
  const timeline = useTimeline()
  const names = useBoNames()

  const page = shallowRef<MappingPage | null>(null)
  const at = ref(0)
  const search = ref('')
  const policies = shallowRef<Policy[]>([])
  const sort = ref<MappingQuery['sort']>('bytes')
  const descending = ref(true)
  const rows = shallowRef({ first: 0, count: MARGIN })

  let answered = 0

  const { ask: refresh } = useLatest(
    async () => {
      if (!session.shown.value) return
      const time = timeline.time.value
      const answer = await engine.api.mappings({
        cursor: timeline.at.value,
        search: search.value.trim(),
        policies: policies.value,
        sort: sort.value,
        descending: descending.value,
        first: Math.max(0, rows.value.first - MARGIN),
        count: rows.value.count + 2 * MARGIN
      })
      for (const row of answer.rows) names.learn(row.bo, row.boName)
      page.value = answer
      at.value = time
      answered = performance.now()
    },
    (error) => {
      session.problem.value = asProblem(error)
      answered = performance.now()
    }
  )

  watch([timeline.at, search, policies, sort, descending, rows], refresh)
  // Back from another view nothing has changed, and there are no rows yet.
  void refresh()
  watch(timeline.view, (_view, before) => {
    const following = session.live.value && timeline.at.value === null
    if (!before || (following && performance.now() - answered > LIVE_INTERVAL)) void refresh()
  })
  // The last rows of a session, and the first of a file, must not wait for a next time.
  watch(() => session.state.value.phase + session.state.value.file, refresh)

  return {
    page,
    at,
    search,
    policies,
    sort,
    descending,
    sortBy(column) {
      descending.value = sort.value === column ? !descending.value : column === 'bytes' || column === 'age'
      sort.value = column
    },
    showRows(first, count) {
      if (first === rows.value.first && count === rows.value.count) return
      rows.value = { first, count }
    }
  }
}
