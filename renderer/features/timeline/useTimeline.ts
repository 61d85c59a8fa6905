import {
  computed,
  inject,
  type InjectionKey,
  nextTick,
  onScopeDispose,
  provide,
  type Ref,
  ref,
  type ShallowRef,
  shallowRef,
  watch
} from 'vue'
import type { View } from '../../../engine/api'
import type { Painter } from '../../composables/usePainter'
import { asProblem, type Session } from '../../composables/useSession'
import type { EngineClient } from '../../model/engine-client'
import { afterPaint, pixelLatency, type PixelLatency } from './latency'
import { clampRange, pan, span, type TimeRange, zoom } from '../../model/time-axis'
import { MAP_AXES, type MapAxis } from '../../model/lanes'
import type { Selection } from '../../model/selection'

/** Seconds in view when a live session starts. */
const LIVE_SPAN = 10
/** The overview is asked for again after this share of growth, so that a long session costs no more than a short one. */
const OVERVIEW_GROWTH = 0.02
/** While it follows, views are at least so many ms apart, and between them the page is idle for as long as it was busy with one. */
const FOLLOW_INTERVAL = 33
const FRAME = 17
const MOST_PAUSE = 200

/** One time window, one cursor and one selection for all views of a session. Written at most once per frame. */
export interface Timeline {
  painter: Painter
  view: Readonly<ShallowRef<View | null>>
  overview: Readonly<ShallowRef<View | null>>
  range: Readonly<ShallowRef<TimeRange>>
  extent: Readonly<Ref<TimeRange>>
  /** The window moves with the newest time. */
  follow: Readonly<Ref<boolean>>
  /** Where the pointer is or was pinned; null: the newest time. */
  cursor: Readonly<Ref<number | null>>
  pinned: Readonly<Ref<boolean>>
  /** A live window was stopped: its figures stand for its end, while the session goes on. */
  held: Readonly<Ref<boolean>>
  /** The time that figures are asked for: the cursor, or the end of a window that is held; null: the newest. */
  at: Readonly<Ref<number | null>>
  /** The time that all figures stand for. */
  time: Readonly<Ref<number>>
  selection: ShallowRef<Selection | null>
  /** The VM that should be brought into sight; a new object asks again. */
  focusVm: ShallowRef<{ vm: number } | null>
  /** What the rows of the VA maps are. */
  axis: Readonly<Ref<MapAxis>>
  nextAxis(): void
  /** Stops a live window where it is, or lets it follow the newest time again. The session records on either way. */
  hold(): void
  /** The session that was just opened is there to be looked at. */
  ready(): Promise<void>
  /** Pixels of the lanes' drawing area. */
  setWidth(width: number): void
  /** From the kernel event to the pixel, of the last views that followed; null before any. */
  latency: PixelLatency['figures']
  hover(time: number | null): void
  pin(time: number | null): void
  show(range: TimeRange): void
  zoomBy(factor: number, around?: number): void
  panBy(share: number): void
  fit(): void
  toBegin(): void
  /** The newest time; a live session is followed again. */
  toEnd(): void
}

const KEY: InjectionKey<Timeline> = Symbol('timeline')

export function provideTimeline(engine: EngineClient, session: Session, painter: Painter): Timeline {
  const view = shallowRef<View | null>(null)
  const overview = shallowRef<View | null>(null)
  const range = shallowRef<TimeRange>({ from: 0, to: LIVE_SPAN })
  const follow = ref(false)
  const hovered = ref<number | null>(null)
  const pin = ref<number | null>(null)
  const selection = shallowRef<Selection | null>(null)
  const focusVm = shallowRef<{ vm: number } | null>(null)
  const width = ref(0)
  const axis = ref<MapAxis>('lanes')
  let opening = Promise.resolve()

  const cursor = computed(() => pin.value ?? hovered.value)
  const extent = computed<TimeRange>(() => ({
    from: view.value?.begin ?? 0,
    to: Math.max(view.value?.end ?? 0, session.live.value ? (session.pulse.value?.now ?? 0) : 0)
  }))
  const held = computed(() => session.live.value && !follow.value)
  const at = computed(() => cursor.value ?? (held.value ? Math.min(range.value.to, extent.value.to) : null))
  const time = computed(() => at.value ?? extent.value.to)

  const latency = pixelLatency()
  let next = 0
  let gone = false
  onScopeDispose(() => {
    gone = true
    window.clearTimeout(next)
  })
  let wanted = false
  let asking = false

  /** Asks for the window that is shown now. One request at a time, and the last wish wins. */
  async function refresh(): Promise<void> {
    wanted = true
    if (gone || asking || !width.value || !session.shown.value) return
    asking = true
    window.clearTimeout(next)
    try {
      let before = 0
      while (wanted && !gone) {
        wanted = false
        const asked = performance.now()
        const following = await askView()
        // Views that take long give the page as long again for its frames: what is there is moved meanwhile.
        const took = performance.now() - asked
        const pause = Math.min(took, before, MOST_PAUSE)
        if (wanted && !following && pause > FRAME) await new Promise((done) => setTimeout(done, pause))
        before = took
        if (!wanted) await refreshOverview()
      }
    } catch (error) {
      session.problem.value = asProblem(error)
    } finally {
      asking = false
    }
  }

  /** Shows the window as the engine has it. Answers whether that follows a live session; then the next is asked for by itself. */
  async function askView(): Promise<boolean> {
    const { from, to } = range.value
    const asked = performance.now()
    const following = session.live.value && follow.value
    const answer = await engine.api.view({
      from,
      to,
      width: width.value,
      cursor: at.value,
      axis: axis.value === 'address' ? 'address' : 'lanes',
      follow: following
    })
    const came = performance.now()
    view.value = answer
    if (following && follow.value) followNow() // as long as the window is by now: it may have been zoomed meanwhile
    painter.invalidate()
    if (answer.stamp) latency.shown(answer.stamp)
    if (following)
      afterPaint(() => {
        if (gone) return
        const now = performance.now()
        window.clearTimeout(next)
        next = window.setTimeout(refresh, Math.max(now - came, FOLLOW_INTERVAL - (now - asked)))
      })
    return following
  }

  async function refreshOverview(): Promise<void> {
    const { from, to } = extent.value
    const known = overview.value?.request
    if (to <= from || (known && to - known.to < (to - from) * OVERVIEW_GROWTH)) return
    overview.value = await engine.api.view({ from, to, width: width.value, cursor: null, only: 'charts' })
    painter.invalidate()
  }

  function show(next: TimeRange): void {
    const room = session.live.value
      ? { from: extent.value.from, to: Math.max(extent.value.to, LIVE_SPAN) }
      : extent.value
    range.value = clampRange(next, room)
    follow.value = session.live.value && range.value.to >= extent.value.to - span(range.value) * 1e-6
    painter.invalidate()
    void refresh()
  }

  /** The window ends at the newest, and is as long as before. */
  function followNow(): void {
    const length = span(range.value)
    const to = Math.max(extent.value.from + length, extent.value.to)
    range.value = { from: to - length, to }
  }

  /** A file is read whole at once, so that the whole of it can be shown first. */
  async function showWhole(): Promise<void> {
    try {
      view.value = await engine.api.view({ from: 0, to: 1, width: Math.max(1, width.value), cursor: null })
      show(extent.value)
    } catch (error) {
      session.problem.value = asProblem(error)
    }
  }

  watch(
    () => session.state.value.phase + session.state.value.file,
    () => {
      const { phase } = session.state.value
      if (phase === 'ended') {
        follow.value = false
        void refresh()
      }
      if (phase === 'live' || phase === 'opened') {
        latency.reset()
        overview.value = view.value = selection.value = pin.value = hovered.value = null
        range.value = { from: 0, to: LIVE_SPAN }
        follow.value = phase === 'live'
        opening = phase === 'opened' ? showWhole() : refresh()
      }
    },
    { immediate: true }
  )
  watch(session.pulse, () => {
    if (!session.live.value) {
      if (view.value?.coarse) void refresh()
      return
    }
    if (follow.value) followNow()
    // while it follows, the view that is under way has what this tells
    if (!follow.value || !asking) void refresh()
  })
  watch([cursor, width, axis], () => {
    painter.invalidate()
    void refresh()
  })
  watch(selection, painter.invalidate)

  const timeline: Timeline = {
    painter,
    view,
    overview,
    range,
    extent,
    follow,
    cursor,
    pinned: computed(() => pin.value !== null),
    held,
    at,
    time,
    selection,
    latency: latency.figures,
    focusVm,
    axis,
    nextAxis: () => (axis.value = MAP_AXES[(MAP_AXES.indexOf(axis.value) + 1) % MAP_AXES.length]!),
    hold() {
      if (!follow.value) return timeline.toEnd()
      followNow() // what was zoomed to a moment ago may still end behind the newest
      follow.value = false
      painter.invalidate()
      void refresh()
    },
    async ready() {
      await nextTick()
      await opening
    },
    setWidth: (pixels) => (width.value = Math.round(pixels)),
    hover: (at) => (hovered.value = at === null ? null : within(at, extent.value)),
    pin: (at) => (pin.value = at === null ? null : within(at, extent.value)),
    show,
    zoomBy: (factor, around) => show(zoom(range.value, factor, around ?? (follow.value ? range.value.to : time.value))),
    panBy: (share) => show(pan(range.value, share)),
    toBegin: () => show({ from: extent.value.from, to: extent.value.from + span(range.value) }),
    toEnd: () => show({ from: extent.value.to - span(range.value), to: extent.value.to }),
    fit() {
      const chosen = selection.value
      if (chosen?.start == null) return show(extent.value)
      const end = chosen.end ?? extent.value.to
      const margin = Math.max((end - chosen.start) * 0.1, 1e-5)
      show({ from: chosen.start - margin, to: end + margin })
    }
  }
  provide(KEY, timeline)
  return timeline
}

export function useTimeline(): Timeline {
  const timeline = inject(KEY)
  if (!timeline) throw new Error('no timeline above this component')
  return timeline
}

function within(time: number, { from, to }: TimeRange): number {
  return Math.min(to, Math.max(from, time))
}
