import { computed, inject, type InjectionKey, onScopeDispose, provide, type Ref, ref, watch } from 'vue'
import type { Session } from '../../composables/useSession'
import { span } from '../../model/time-axis'
import type { Timeline } from '../timeline/useTimeline'

/** Seconds of the session for one second of the clock. */
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 100] as const
/** Where the cursor stands in the window of time while it plays: there is more to come on its right. */
const PLACE = 0.7

/** Plays a session back: the shared cursor moves, and every view follows it. */
export interface Replay {
  /** A recorded session is shown, so there is something to play. */
  possible: Readonly<Ref<boolean>>
  playing: Readonly<Ref<boolean>>
  speed: Ref<number>
  /** Plays on from the cursor, or from the beginning where the cursor stands at the end; or pauses. */
  toggle(): void
  faster(step: 1 | -1): void
  /** Moves the cursor there and brings it into view. */
  seek(time: number): void
}

const KEY: InjectionKey<Replay> = Symbol('replay')

export function provideReplay(session: Session, timeline: Timeline): Replay {
  const possible = computed(() => session.shown.value && timeline.extent.value.to > timeline.extent.value.from)
  const playing = ref(false)
  const speed = ref(1)
  let frame = 0
  let before = 0

  function seek(time: number): void {
    timeline.pin(time)
    const { from, to } = timeline.range.value
    if (time >= from && time <= from + (to - from) * Math.max(PLACE, 0.99)) return
    const length = span(timeline.range.value)
    const begin = time - length * (1 - PLACE)
    timeline.show({ from: begin, to: begin + length })
  }

  function step(now: number): void {
    const time = timeline.time.value + ((now - before) / 1000) * speed.value
    before = now
    const end = timeline.extent.value.to
    seek(Math.min(time, end))
    if (time >= end && !session.live.value) return stop()
    frame = requestAnimationFrame(step)
  }

  function play(): void {
    const { from, to } = timeline.extent.value
    if (timeline.cursor.value === null || timeline.time.value >= to) seek(from)
    before = performance.now()
    playing.value = true
    frame = requestAnimationFrame(step)
  }
  function stop(): void {
    cancelAnimationFrame(frame)
    playing.value = false
  }

  watch(() => session.state.value.phase + session.state.value.file, stop)
  onScopeDispose(stop)

  const replay: Replay = {
    possible,
    playing,
    speed,
    toggle: () => (playing.value ? stop() : play()),
    faster(direction) {
      const at = SPEEDS.findIndex((one) => one >= speed.value)
      speed.value = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + direction))] ?? 1
    },
    seek
  }
  provide(KEY, replay)
  return replay
}

export function useReplay(): Replay {
  const replay = inject(KEY)
  if (!replay) throw new Error('no replay above this component')
  return replay
}
