import { num, type Snapshot } from '../wire/messages'
import { EVICTED, FOUND, type State } from './state'

/** Events of one moment arrive within this, seconds: those of a walk's time may come after it. */
export const REORDER = 0.1
/** A board that is quiet sends heartbeats only; this long after a moment nothing of it is on its way any more, seconds. */
export const QUIET = 3
/** One snapshot names this many at most; more would say the same. */
const LIMIT = 50

/** What the snapshot and the events do not agree on. */
export interface Disagreement {
  time: number
  snapshot: number
  kind: 'vm' | 'bo' | 'vm_bo' | 'va'
  id: number
  text: string
}

interface Candidate extends Disagreement {
  /** False once an event that came in late explains it. */
  stands: () => boolean
}

/**
 * Compares each complete snapshot with what the events had said, in both directions and field by field. Objects that changed while the walk
 * went on are left out; what remains is settled when the events of that time have arrived. The state before a first complete snapshot,
 * or after a loss, is not compared: the snapshot is what makes it whole.
 */
export class Reconciler {
  readonly found: Disagreement[] = []
  private candidates: Candidate[] = []
  private due = Infinity
  private whole = false

  constructor(private readonly state: State) {}

  get waiting(): boolean {
    return this.due !== Infinity
  }

  lost(): void {
    this.whole = false
    this.candidates = []
    this.due = Infinity
  }

  /** Call it before the state takes the snapshot in. */
  snapshot(parts: readonly Snapshot[], begin: number, end: number, complete: boolean): void {
    if (!complete) return
    if (this.whole) {
      this.settle()
      this.compare(parts, begin, end)
      this.due = end + REORDER
    }
    this.whole = true
  }

  /** `time`: newest event or, for a board that is quiet, that of a heartbeat. */
  clock(time: number, heartbeat = false): void {
    if (time > this.due + (heartbeat ? QUIET : 0)) this.settle()
  }

  /** The stream is over: nothing comes any more that could explain. */
  settle(): void {
    this.due = Infinity
    const standing = this.candidates.filter((c) => c.stands())
    this.candidates = []
    for (const { time, snapshot, kind, id, text } of standing.slice(0, LIMIT))
      this.found.push({ time, snapshot, kind, id, text })
    if (standing.length === 0) return
    const [first] = standing
    const more = standing.length > 1 ? ` and ${standing.length - 1} more` : ''
    this.state.markers.push({ time: first!.time, until: first!.time, kind: 'gap', text: `${first!.text}${more}` })
  }

  private compare(parts: readonly Snapshot[], begin: number, end: number): void {
    const { state } = this
    const { mappings: m, vmBos, pageSize: page } = state
    const before = begin - REORDER
    const snapshot = parts[0]?.id ?? 0
    const say = (kind: Candidate['kind'], id: number, text: string, stands: () => boolean): void =>
      void this.candidates.push({ time: end, snapshot, kind, id, text, stands })
    const shown = { vm: new Set<number>(), bo: new Set<number>(), vmBo: new Set<number>(), va: new Set<number>() }

    for (const { vms, bos, vmBos: list, vas } of parts) {
      for (const v of vms) {
        const id = num(v.id)
        shown.vm.add(id)
        if (!state.vms.has(id))
          say(
            'vm',
            id,
            `VM ${id} is in the kernel and was not seen to be made`,
            () => state.vms.get(id)?.traced === false
          )
      }
      for (const b of bos) {
        const id = num(b.id)
        shown.bo.add(id)
        const bo = state.bos.get(id)
        if (!bo)
          say(
            'bo',
            id,
            `BO ${id} is in the kernel and was not seen to be made`,
            () => state.bos.get(id)?.created === null
          )
        else if (bo.destroyed === null && bo.changed < before) {
          // a framebuffer counts as a handle where its BO had one when it was made (drm_framebuffer.c, 7.3)
          const handles = num(b.handles)
          if (handles < bo.handleCount || handles > bo.handleCount + bo.fbPlanes)
            say(
              'bo',
              id,
              `BO ${id} has ${num(b.handles)} handles, its events say ${bo.handleCount}`,
              () => bo.changed < before
            )
          const pins = bo.pins
          if (pins && pins.sampledAt < before && pins.value !== num(b.pins))
            say('bo', id, `BO ${id} has ${num(b.pins)} pins, its events say ${pins.value}`, () => bo.pins === pins)
        }
      }
      for (const v of list) {
        const id = num(v.id)
        shown.vmBo.add(id)
        const index = vmBos.byId.get(id)
        if (index < 0)
          say(
            'vm_bo',
            id,
            `vm_bo ${id} (VM ${num(v.vm)}, BO ${num(v.bo)}) is in the kernel and was not seen to be made`,
            () => (vmBos.bits.at(vmBos.byId.get(id)) & FOUND) !== 0
          )
        else if (vmBos.created.at(index) < before && vmBos.destroyed.at(index) === Infinity) {
          const evicted = (vmBos.bits.at(index) & EVICTED) !== 0
          const last = (): number => vmBos.evictions.get(index)?.at(-1) ?? -Infinity
          if (evicted !== (v.evicted ?? false) && last() < before)
            say(
              'vm_bo',
              id,
              `vm_bo ${id} is ${v.evicted ? '' : 'not '}evicted, its events say the opposite`,
              () => last() < before
            )
        }
      }
      for (const v of vas) {
        const id = num(v.id)
        shown.va.add(id)
        const i = m.byVa.get(id)
        if (i < 0) {
          say(
            'va',
            id,
            `VA ${id} (VM ${num(v.vm)}) is in the kernel and was not seen to be inserted`,
            () => m.traced.at(m.byVa.get(id)) === 0
          )
          continue
        }
        const same =
          m.vm.at(i) === num(v.vm) &&
          m.bo.at(i) === num(v.bo) &&
          m.iova.at(i) === num(v.iova) * page &&
          m.bytes.at(i) === num(v.range) * page &&
          (m.bo.at(i) === 0 || m.offset.at(i) === num(v.offset) * page)
        if (!same) say('va', id, `VA ${id} is not what its insert said`, () => true)
      }
    }

    for (const i of m.live)
      if (m.start.at(i) < before && !shown.va.has(m.va.at(i)))
        say('va', m.va.at(i), `VA ${m.va.at(i)} (VM ${m.vm.at(i)}) has gone from the kernel without a remove`, () =>
          m.live.has(i)
        )
    for (const id of state.aliveBos) {
      const bo = state.bos.get(id)!
      if (bo.changed < before && !shown.bo.has(id) && bo.created !== null)
        say('bo', id, `BO ${id} has gone from the kernel without having been destroyed`, () => bo.destroyed === null)
      for (const index of bo.vmBos)
        if (vmBos.created.at(index) < before && !shown.vmBo.has(vmBos.id.at(index)))
          say(
            'vm_bo',
            vmBos.id.at(index),
            `vm_bo ${vmBos.id.at(index)} has gone from the kernel without having been destroyed`,
            () => vmBos.destroyed.at(index) === Infinity
          )
    }
    for (const vm of state.vms.values())
      if (vm.destroyed === null && vm.changed < before && vm.mappings.size > 0 && !shown.vm.has(vm.id))
        say(
          'vm',
          vm.id,
          `VM ${vm.id} has gone from the kernel without having been destroyed`,
          () => vm.destroyed === null
        )
  }
}
