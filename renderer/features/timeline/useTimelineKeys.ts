import { useCommands } from '../../composables/useCommands'
import { useSession } from '../../composables/useSession'
import { useTimeline } from './useTimeline'

/** The keys of the time axis. Escape lets go: first of the pin, then of the selection. */
export function useTimelineKeys(): void {
  const timeline = useTimeline()
  const session = useSession()
  useCommands({
    'timeline.zoom-in': () => timeline.zoomBy(0.8),
    'timeline.zoom-out': () => timeline.zoomBy(1.25),
    'timeline.left': () => timeline.panBy(-0.1),
    'timeline.right': () => timeline.panBy(0.1),
    'timeline.begin': () => timeline.toBegin(),
    'timeline.end': () => timeline.toEnd(),
    'timeline.fit': () => timeline.fit(),
    'timeline.whole': () => timeline.show(timeline.extent.value),
    'timeline.axis': () => timeline.nextAxis(),
    'timeline.hold': { run: () => timeline.hold(), when: () => session.live.value },
    'timeline.release': () => {
      if (timeline.pinned.value) timeline.pin(null)
      else timeline.selection.value = null
    }
  })
}
