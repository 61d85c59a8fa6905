import { useKeys } from '../../composables/useKeys'
import { useTimeline } from './useTimeline'

/** W S zoom, A D pan, F fits the selection, Escape lets go: first of the pin, then of the selection. */
export function useTimelineKeys(): void {
  const timeline = useTimeline()
  useKeys({
    w: () => timeline.zoomBy(0.8),
    s: () => timeline.zoomBy(1.25),
    a: () => timeline.panBy(-0.1),
    d: () => timeline.panBy(0.1),
    f: () => timeline.fit(),
    escape: () => {
      if (timeline.pinned.value) timeline.pin(null)
      else timeline.selection.value = null
    }
  })
}
