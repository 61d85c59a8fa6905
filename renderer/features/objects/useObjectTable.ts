import { reactive, ref, type Ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { ObjectPage, ObjectQuery, ObjectRow } from '../../../engine/api'
import { useEngine } from '../../composables/useEngine'
import { useLatest } from '../../composables/useLatest'
import { asProblem, useSession } from '../../composables/useSession'
import { useTimeline } from '../timeline/useTimeline'

/** Rows asked for around those on the screen, so that scrolling a little needs no request. */
const MARGIN = 40
/** While live the table follows at most this often, in ms: figures that change faster cannot be read. */
const LIVE_INTERVAL = 1000

export type Filter = Pick<ObjectQuery, 'kind' | 'ended' | 'search' | 'sort' | 'descending'>

/** Objects of one kind at the cursor: the rows on the screen only, sorted and searched by the engine. */
export interface ObjectTable {
  filter: Filter
  page: Readonly<ShallowRef<ObjectPage | null>>
  /** The time that the rows stand for. */
  at: Readonly<Ref<number>>
  /** The row at a place of the whole table; undefined while it is fetched. */
  row(index: number): ObjectRow | undefined
  /** Says which rows are on the screen. */
  showRows(first: number, count: number): void
}

export function useObjectTable(): ObjectTable {
  const engine = useEngine()
  const session = useSession()
  const timeline = useTimeline()

  const filter = reactive<Filter>({ kind: 'bo', ended: false, search: '', sort: 'bytes', descending: true })
  const page = shallowRef<ObjectPage | null>(null)
  const at = ref(0)
  let rows = { first: 0, count: MARGIN }
  let answered = 0

  const { ask: refresh } = useLatest(
    async () => {
      if (!session.shown.value) return
      const time = timeline.time.value
      const { file } = session.state.value
      const first = Math.max(0, rows.first - MARGIN)
      const count = rows.first - first + rows.count + MARGIN
      const answer = await engine.api.objects({ ...filter, at: timeline.at.value, first, count })
      if (file !== session.state.value.file) return
      page.value = answer
      at.value = time
      answered = performance.now()
    },
    (error) => (session.problem.value = asProblem(error))
  )

  watch(
    () => session.state.value.file,
    () => (page.value = null)
  )
  watch([filter, timeline.at, () => session.state.value.phase + session.state.value.file], refresh, {
    immediate: true
  })
  watch(session.pulse, () => {
    if (session.live.value && performance.now() - answered > LIVE_INTERVAL) void refresh()
  })

  return {
    filter,
    page,
    at,
    row: (index) => page.value?.rows[index - page.value.first],
    showRows(first, count) {
      rows = { first, count }
      const known = page.value
      const last = Math.min(known?.total ?? Infinity, first + count)
      if (!known || first < known.first || last > known.first + known.rows.length) void refresh()
    }
  }
}
