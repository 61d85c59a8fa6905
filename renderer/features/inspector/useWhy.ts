import { type Ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { WhyAlive, WhyGone } from '../../../engine/api'
import { useEngine } from '../../composables/useEngine'
import { asProblem, useSession } from '../../composables/useSession'
import { useTimeline } from '../timeline/useTimeline'

/** Why the selected BO is alive at the time shown, and why the selected mapping went. One question at a time; the last wish wins. */
export function useWhy(ended: Ref<boolean>): {
  alive: Readonly<ShallowRef<WhyAlive | null>>
  gone: Readonly<ShallowRef<WhyGone | null>>
} {
  const engine = useEngine()
  const session = useSession()
  const timeline = useTimeline()
  const alive = shallowRef<WhyAlive | null>(null)
  const gone = shallowRef<WhyGone | null>(null)
  let wanted = false
  let asking = false

  async function refresh(): Promise<void> {
    wanted = true
    if (asking) return
    asking = true
    try {
      while (wanted) {
        wanted = false
        const { bo = 0, va = 0 } = timeline.selection.value ?? {}
        alive.value = bo ? await engine.api.whyAlive(bo, timeline.time.value) : null
        gone.value = va && ended.value ? await engine.api.whyGone(va) : null
      }
    } catch (error) {
      session.problem.value = asProblem(error)
    } finally {
      asking = false
    }
  }

  watch([timeline.selection, timeline.time, ended], refresh, { immediate: true })
  return { alive, gone }
}
