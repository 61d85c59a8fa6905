import { computed, type Ref, ref, shallowRef, watch } from 'vue'
import type { SearchHit } from '../../engine/api'
import { formatTime } from '../../engine/format'
import { isLink, parseLink } from '../../engine/link'
import type { IconName } from '../components/icons'
import { injectCommands } from '../composables/useCommands'
import { useEngine } from '../composables/useEngine'
import { useNavigation } from '../composables/useNavigation'
import { useObjects } from '../composables/useObjects'
import { asProblem, useSession } from '../composables/useSession'
import { useTimeline } from '../features/timeline/useTimeline'
import { commandText, keyLabel } from '../model/commands'
import { VIEWS } from './views'

/** One line of the palette. */
export interface Result {
  id: string
  group: string
  icon: IconName | null
  title: string
  detail: string
  keys: string[]
  run(): void
}

const ICON: Record<SearchHit['kind'], IconName> = { bo: 'bo', vm: 'vm', va: 'va', finding: 'violation' }

/** What fits the typed text: a pasted link, objects of the session, views, commands. */
export function useResults(text: Ref<string>): { results: Readonly<Ref<Result[]>>; searching: Readonly<Ref<boolean>> } {
  const engine = useEngine()
  const session = useSession()
  const timeline = useTimeline()
  const objects = useObjects()
  const navigation = useNavigation()
  const commands = injectCommands()
  const hits = shallowRef<SearchHit[]>([])
  const searching = ref(false)
  let newest = 0

  watch(text, async (typed) => {
    const mine = ++newest
    if (!typed.trim() || isLink(typed) || !session.shown.value) {
      hits.value = []
      searching.value = false
      return
    }
    searching.value = true
    try {
      const found = await engine.api.search(typed, timeline.at.value)
      // an answer to what was typed before is void
      if (mine === newest) hits.value = found
    } catch (error) {
      session.problem.value = asProblem(error)
    } finally {
      if (mine === newest) searching.value = false
    }
  })

  const linked = computed((): Result[] => {
    const link = isLink(text.value) ? parseLink(text.value) : null
    if (!link) return []
    const what = link.object ? `${link.object.kind} ${link.object.id}` : 'the session'
    return [
      {
        id: 'link',
        group: 'Link',
        icon: 'link',
        title: `Go to ${what}${link.at === null ? '' : ` at ${formatTime(link.at)}`}`,
        detail: link.session,
        keys: [],
        run: () => void objects.follow(link)
      }
    ]
  })

  const found = computed((): Result[] =>
    hits.value.map((hit) => ({
      id: `${hit.kind}/${hit.id}`,
      group: 'Objects',
      icon: ICON[hit.kind],
      title: hit.title,
      detail: hit.detail,
      keys: [],
      run: () => void objects.go({ kind: hit.kind, id: hit.id }, null)
    }))
  )

  const views = VIEWS.map(({ id, title, key }): Result => ({
    id: `view/${id}`,
    group: 'Views',
    icon: 'right',
    title,
    detail: '',
    keys: [key],
    run: () => navigation.go(id)
  }))
  const viewTitle = new Map(VIEWS.map(({ id, title }) => [id, title]))
  const all = commands
    .available()
    .filter((id) => id !== 'app.palette')
    .map((id): Result => {
      const { title, keys, view } = commandText(id)
      return {
        id,
        group: 'Commands',
        icon: null,
        title,
        detail: (view && viewTitle.get(view)) ?? '',
        keys: keys?.[0] ? [keyLabel(keys[0])] : [],
        run: () => void commands.run(id)
      }
    })

  const results = computed(() => {
    if (isLink(text.value)) return linked.value
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean)
    const fits = ({ title, detail }: Result): boolean => {
      const where = `${title} ${detail}`.toLowerCase()
      return words.every((word) => where.includes(word))
    }
    // a title that begins with what is typed is most likely meant
    const begins = ({ title }: Result): boolean => title.toLowerCase().startsWith(text.value.trim().toLowerCase())
    const named = [...views, ...all].filter(fits)
    const exact = /\d/.test(text.value)
    const rest = [...named.filter(begins), ...named.filter((one) => !begins(one))].sort(
      (a, b) => Number(b.group === 'Views') - Number(a.group === 'Views')
    )
    return exact ? [...found.value, ...rest] : [...rest, ...found.value]
  })
  return { results, searching }
}
