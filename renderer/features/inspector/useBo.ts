import { type ShallowRef, shallowRef, watch } from 'vue'
import type { BoDetail } from '../../../engine/api'
import { useEngine } from '../../composables/useEngine'
import { asProblem, useSession } from '../../composables/useSession'
import { useBoNames } from '../mappings/useBoNames'
import { useTimeline } from '../timeline/useTimeline'

/** While live, the selected BO is looked at again this often, in ms. */
const LIVE_INTERVAL = 1000

/** What is known of the selected BO. */
export function useBo(): Readonly<ShallowRef<BoDetail | null>> {
  const engine = useEngine()
  const session = useSession()
  const timeline = useTimeline()
  const names = useBoNames()
  const detail = shallowRef<BoDetail | null>(null)
  let asked = 0

  async function refresh(): Promise<void> {
    const bo = timeline.selection.value?.bo
    asked = performance.now()
    if (!bo) {
      detail.value = null
      return
    }
    try {
      const answer = await engine.api.bo(bo)
      // Another one may have been selected while the engine looked.
      if (timeline.selection.value?.bo !== bo) return
      detail.value = answer
      if (answer) names.learn(bo, answer.name)
      timeline.painter.invalidate()
    } catch (error) {
      session.problem.value = asProblem(error)
    }
  }

  watch(() => timeline.selection.value?.bo, refresh, { immediate: true })
  watch(timeline.view, () => {
    if (session.live.value && performance.now() - asked > LIVE_INTERVAL) void refresh()
  })
  return detail
}
