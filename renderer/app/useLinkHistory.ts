import { watch } from 'vue'
import type { Session } from '../composables/useSession'
import type { Timeline } from '../features/timeline/useTimeline'

type Series = 'events' | 'bytes' | 'queue' | 'pixel'

/** The last minute of the link's figures, a value a pulse. Plain arrays: only canvases read them. */
export interface LinkHistory {
  /** Values that a series has when it is full. */
  length: number
  /** Oldest first; NaN where there was none. */
  series(name: Series): readonly number[]
}

export function useLinkHistory(session: Session, timeline: Timeline): LinkHistory {
  const length = 240
  const kept: Record<Series, number[]> = { events: [], bytes: [], queue: [], pixel: [] }
  watch(session.pulse, (pulse) => {
    if (!pulse || !session.live.value) {
      for (const values of Object.values(kept)) values.length = 0
      return
    }
    const newest: Record<Series, number> = {
      events: pulse.eventsPerSecond,
      bytes: pulse.bytesPerSecond,
      queue: pulse.queueFraction,
      pixel: timeline.latency.value?.last ?? NaN
    }
    for (const [name, values] of Object.entries(kept)) {
      values.push(newest[name as Series])
      if (values.length > length) values.shift()
    }
  })
  return { length, series: (name) => kept[name] }
}
