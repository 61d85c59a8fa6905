import type { ShallowRef } from 'vue'
import { xToTime } from '../../model/time-axis'
import { useTimeline } from './useTimeline'

/** The pointer over the lanes: moves the cursor, pins it, and zooms or pans by the wheel. */
export function usePointer(tracks: Readonly<ShallowRef<HTMLElement | null>>): {
  onMove(event: MouseEvent): void
  onLeave(): void
  onClick(event: MouseEvent): void
  onWheel(event: WheelEvent): void
} {
  const timeline = useTimeline()
  let frame = 0
  let next: number | null = null

  /** Time under the pointer, or null left of the lanes. */
  function timeAt(event: MouseEvent): number | null {
    const canvas = tracks.value?.querySelector('.overlay canvas')?.getBoundingClientRect()
    if (!canvas || event.clientX < canvas.left) return null
    return xToTime(event.clientX - canvas.left, timeline.range.value, canvas.width)
  }

  /** The cursor is written at most once per frame, however often the pointer reports. */
  function hover(time: number | null): void {
    next = time
    frame ||= requestAnimationFrame(() => {
      frame = 0
      timeline.hover(next)
    })
  }

  return {
    onMove: (event) => hover(timeAt(event)),
    onLeave: () => hover(null),
    onClick(event) {
      const time = timeAt(event)
      // Heads and the overview answer their clicks themselves.
      if (time !== null && !event.defaultPrevented) timeline.pin(time)
    },
    onWheel(event) {
      if (event.ctrlKey) {
        event.preventDefault()
        timeline.zoomBy(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event) ?? undefined)
      } else if (event.deltaX) {
        timeline.panBy(event.deltaX / 1000)
      }
    }
  }
}
