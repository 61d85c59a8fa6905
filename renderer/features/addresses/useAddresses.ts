import { computed, type Ref, ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { AddressRange, AddressSpace, VmGroup } from '../../../engine/api'
import { useEngine } from '../../composables/useEngine'
import { useLatest } from '../../composables/useLatest'
import { asProblem, useSession } from '../../composables/useSession'
import { useTimeline } from '../timeline/useTimeline'

/** From one page to all that a 48-bit GPU address reaches. */
export const PAGE = 4096
export const WHOLE = 2 ** 48

export interface AddressWindow {
  from: number
  to: number
}

export interface Addresses {
  vms: Readonly<Ref<VmGroup[]>>
  vm: Readonly<Ref<number | null>>
  space: Readonly<ShallowRef<AddressSpace | null>>
  window: Readonly<ShallowRef<AddressWindow>>
  setWidth(pixels: number): void
  choose(vm: number): void
  step(by: 1 | -1): void
  show(window: AddressWindow): void
  /** Around an address, the selected mapping, or the middle. */
  zoomBy(factor: number, around?: number): void
  panBy(share: number): void
  /** The selected mapping, else all that is used. */
  fit(): void
  select(range: AddressRange): void
}

/** One VM's address space at the cursor, and the window of addresses that is looked at. */
export function useAddresses(): Addresses {
  const engine = useEngine()
  const session = useSession()
  const timeline = useTimeline()
  const space = shallowRef<AddressSpace | null>(null)
  const range = shallowRef<AddressWindow>({ from: 0, to: WHOLE })
  const chosen = ref<number | null>(null)
  const width = ref(0)
  /** The VM whose used addresses were brought into the window; another VM is fitted anew. */
  let fitted: number | null = null

  const vms = computed(() => timeline.view.value?.vms ?? [])
  const vm = computed(() => {
    const wish = chosen.value ?? timeline.selection.value?.vm ?? 0
    if (vms.value.some((one) => one.vm === wish)) return wish
    return (vms.value.find(({ mappings }) => mappings > 0) ?? vms.value[0])?.vm ?? null
  })

  const { ask: refresh } = useLatest(
    async () => {
      if (!width.value || !session.shown.value) return
      const of = vm.value
      if (of === null) return void (space.value = null)
      const { from, to } = range.value
      const answer = await engine.api.addresses({ vm: of, at: timeline.at.value, from, to, width: width.value })
      space.value = answer
      if (answer && answer.mappings > 0 && fitted !== of) {
        fitted = of
        fit()
      }
      timeline.painter.invalidate()
    },
    (error) => (session.problem.value = asProblem(error))
  )

  function show({ from, to }: AddressWindow): void {
    // Whole pages: nothing begins or ends within one.
    const length = Math.min(WHOLE, Math.max(PAGE, Math.round((to - from) / PAGE) * PAGE))
    const begin = Math.round(Math.min(WHOLE - length, Math.max(0, (from + to) / 2 - length / 2)) / PAGE) * PAGE
    range.value = { from: begin, to: begin + length }
    timeline.painter.invalidate()
  }

  function zoomBy(factor: number, around?: number): void {
    const { from, to } = range.value
    const selected = timeline.selection.value
    const held = selected?.va && selected.iova >= from && selected.iova < to ? selected.iova + selected.bytes / 2 : null
    const middle = around ?? held ?? (from + to) / 2
    show({ from: middle - (middle - from) * factor, to: middle + (to - middle) * factor })
  }

  function fit(): void {
    const selected = timeline.selection.value
    const mapping = selected && selected.va && selected.vm === vm.value ? selected : null
    const begin = mapping ? mapping.iova : (space.value?.begin ?? 0)
    const end = mapping ? mapping.iova + mapping.bytes : (space.value?.end ?? WHOLE)
    if (end > begin) show({ from: begin - (end - begin) * 0.05, to: end + (end - begin) * 0.05 })
  }

  watch([vm, range, width, timeline.at], refresh, { immediate: true })
  watch(timeline.view, () => {
    if (session.live.value && timeline.at.value === null) void refresh()
  })
  watch(timeline.selection, timeline.painter.invalidate)

  return {
    vms,
    vm,
    space,
    window: range,
    setWidth: (pixels) => (width.value = Math.round(pixels)),
    choose: (next) => (chosen.value = next),
    step(by) {
      const at = vms.value.findIndex((one) => one.vm === vm.value)
      const next = vms.value[Math.min(vms.value.length - 1, Math.max(0, at + by))]
      if (next) chosen.value = next.vm
    },
    show,
    zoomBy,
    panBy: (share) => show(shifted(range.value, share)),
    fit,
    select(mapping) {
      if (!space.value) return
      const { va, bo, iova, bytes, offset, start } = mapping
      timeline.selection.value = { va, vm: space.value.vm, bo, iova, bytes, offset, start, end: null }
    }
  }
}

function shifted({ from, to }: AddressWindow, share: number): AddressWindow {
  const by = (to - from) * share
  return { from: from + by, to: to + by }
}

/** Mappings and the holes between them, by address, within a window. */
export type Piece = { kind: 'mapping'; range: AddressRange } | { kind: 'hole'; iova: number; bytes: number }

export function piecesOf(space: AddressSpace, { from, to }: AddressWindow): Piece[] {
  const pieces: Piece[] = []
  let reach = from
  const hole = (until: number): void => {
    if (until > reach) pieces.push({ kind: 'hole', iova: reach, bytes: until - reach })
  }
  for (const range of space.ranges) {
    hole(Math.min(to, range.iova))
    pieces.push({ kind: 'mapping', range })
    reach = Math.max(reach, range.iova + range.bytes)
  }
  if (!space.coverage) hole(to)
  return pieces
}
