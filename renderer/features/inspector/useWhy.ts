import { type Ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { WhyAlive, WhyGone } from '../../../engine/api'
import { useEngine } from '../../composables/useEngine'
import { useLatest } from '../../composables/useLatest'
import { asProblem, useSession } from '../../composables/useSession'
import { useTimeline } from '../timeline/useTimeline'

/** Why the selected BO is alive at the time shown, and why the selected mapping went. */
export function useWhy(ended: Ref<boolean>): {
  alive: Readonly<ShallowRef<WhyAlive | null>>
  gone: Readonly<ShallowRef<WhyGone | null>>
} {
  const engine = useEngine()
  const session = useSession()
  const timeline = useTimeline()
  const alive = shallowRef<WhyAlive | null>(null)
  const gone = shallowRef<WhyGone | null>(null)

  const { ask } = useLatest(
    async () => {
      const { bo = 0, va = 0 } = timeline.selection.value ?? {}
      alive.value = bo ? await engine.api.whyAlive(bo, timeline.time.value) : null
      gone.value = va && ended.value ? await engine.api.whyGone(va) : null
    },
    (error) => (session.problem.value = asProblem(error))
  )
  watch([timeline.selection, timeline.time, ended], () => void ask(), { immediate: true })
  return { alive, gone }
}
