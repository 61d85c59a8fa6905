import { computed, type Ref, ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { CompareLanes, CompareLifetimes, CompareObject, Comparison } from '../../../engine/api'
import { useLatest } from '../../composables/useLatest'
import { asProblem, type Session } from '../../composables/useSession'
import type { EngineClient } from '../../model/engine-client'
import { span, type TimeRange } from '../../model/time-axis'
import { alignB, endOf, timeOfB } from './align'
import type { Side } from './useComparison'

export interface Stretch {
  a: CompareLanes
  b: CompareLanes
  lifetimes: CompareLifetimes
}

/** How a comparison is looked at: which stretch, at which time, with which VM and which object. Times are side A's. */
export interface Look {
  range: Readonly<Ref<TimeRange>>
  /** The step that is shown; null: the whole sessions. */
  step: Readonly<Ref<string | null>>
  showStep(key: string | null): void
  /** The step that owns an object, by the object's key; the whole sessions where none does. */
  showOwner(key: string): void
  /** The next or the previous step that both have. */
  move(by: 1 | -1): void
  /** Where a time of a side stands, as a share of the axis. */
  place(side: Side, time: number): number
  /** The time of a side at a time of A. */
  timeOf(side: Side, time: number): number
  hovered: Ref<number | null>
  /** Whose lifetimes are counted; null: of all VMs. */
  vm: Ref<string | null>
  /** Of the lanes, in pixels. */
  width: Ref<number>
  stretch: Readonly<ShallowRef<Stretch | null>>
  selected: Readonly<ShallowRef<CompareObject | null>>
  select(side: Side, bo: number): Promise<void>
  release(): void
}

export function createLook(
  engine: EngineClient,
  session: Session,
  result: Readonly<ShallowRef<Comparison | null>>
): Look {
  const step = ref<string | null>(null)
  const hovered = ref<number | null>(null)
  const vm = ref<string | null>(null)
  const width = ref(800)
  const stretch = shallowRef<Stretch | null>(null)
  const selected = shallowRef<CompareObject | null>(null)

  const ends = computed(() => {
    const [a, b] = result.value?.sides ?? []
    return { a: a ? endOf(a.retained) : 1, b: b ? endOf(b.retained) : 1 }
  })
  const common = computed(() => (result.value?.steps ?? []).filter(({ a, b }) => a && b))
  const toA = computed(() => alignB(result.value?.steps ?? [], ends.value))
  const toB = computed(() => timeOfB(toA.value, ends.value.b))
  const range = computed((): TimeRange => {
    const shown = common.value.find(({ key }) => key === step.value)?.a
    return shown && shown.to > shown.from ? shown : { from: 0, to: ends.value.a || 1 }
  })

  const failed = (error: unknown): void => void (session.problem.value = asProblem(error))
  const { ask } = useLatest(async () => {
    if (!result.value) return void (stretch.value = null)
    const { from, to } = range.value
    const b = { from: toB.value(from), to: toB.value(to) }
    stretch.value = await engine.api.compareStretch({
      a: { from, to },
      b,
      width: Math.round(width.value),
      vm: vm.value
    })
  }, failed)
  watch(result, () => {
    step.value = vm.value = selected.value = hovered.value = stretch.value = null
  })
  watch([result, range, vm, width], () => void ask())

  return {
    range,
    step,
    showStep: (key) => (step.value = key === step.value ? null : key),
    showOwner: (object) => (step.value = common.value.find(({ key }) => object.startsWith(`${key}, `))?.key ?? null),
    move(by) {
      const at = common.value.findIndex(({ key }) => key === step.value)
      step.value = common.value[at + (at < 0 && by < 0 ? 0 : by)]?.key ?? null
    },
    place(side, time) {
      const { from } = range.value
      return ((side === 'a' ? time : toA.value(time)) - from) / span(range.value)
    },
    timeOf: (side, time) => (side === 'a' ? time : toB.value(time)),
    hovered,
    vm,
    width,
    stretch,
    selected,
    async select(side, bo) {
      try {
        selected.value = await engine.api.compareObject(side, bo)
      } catch (error) {
        failed(error)
      }
    },
    release: () => (selected.value = null)
  }
}
