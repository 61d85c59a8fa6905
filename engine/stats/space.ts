import type { Vm } from '../model/entities'
import type { EventCursor } from '../model/observer'
import type { State } from '../model/state'
import { Field, Kind } from '../wire/schema'

/** The address space of a VM at one moment, between its lowest and its highest mapping. */
export interface SpaceFigures {
  atSeconds: number
  mappings: number
  /** Covered by mappings, MAP_NULL ranges among them. */
  mappedBytes: number
  spanBytes: number
  holes: number
  holeBytes: number
  largestHoleBytes: number
  /** Holes of the span, 0 to 1. */
  holeShare: number
  /** 1 − largest hole / all holes: 0 for one hole or none, towards 1 for many small ones. */
  scatter: number
}

/** null where nothing is mapped. */
export function spaceOf({ mappings: m }: State, vm: Vm, atSeconds: number): SpaceFigures | null {
  const byAddress = [...vm.mappings].sort((a, b) => m.iova.at(a) - m.iova.at(b))
  if (byAddress.length === 0) return null
  const from = m.iova.at(byAddress[0]!)
  let end = from
  let [holes, holeBytes, largestHoleBytes] = [0, 0, 0]
  for (const i of byAddress) {
    const hole = m.iova.at(i) - end
    if (hole > 0) {
      holes++
      holeBytes += hole
      largestHoleBytes = Math.max(largestHoleBytes, hole)
    }
    end = Math.max(end, m.iova.at(i) + m.bytes.at(i))
  }
  const spanBytes = end - from
  return {
    atSeconds,
    mappings: byAddress.length,
    mappedBytes: spanBytes - holeBytes,
    spanBytes,
    holes,
    holeBytes,
    largestHoleBytes,
    holeShare: spanBytes === 0 ? 0 : holeBytes / spanBytes,
    scatter: holeBytes === 0 ? 0 : 1 - largestHoleBytes / holeBytes
  }
}

/** A look at a VM's space may be dropped when it has not changed by one in so many of its mappings since the last one. */
const CLOSE_ENOUGH = 16

/**
 * Keeps the look at each VM's space with the most mappings. Looked is before a remove, where a space may be at its fullest; a large one not
 * before each, so that the cost of an event stays the same however many mappings there are: the fullest is missed by a sixteenth at most.
 */
export class Spaces {
  readonly fullest = new Map<number, SpaceFigures>()
  private readonly changes = new Map<number, number>()

  constructor(private readonly state: State) {}

  /** Before the state takes it in. */
  event(e: EventCursor): void {
    if (e.kind !== Kind.VaInsert && e.kind !== Kind.VaRemove) return
    const vm = this.state.vms.get(e.get(Field.vm))
    if (!vm) return
    const changes = (this.changes.get(vm.id) ?? 0) + 1
    this.changes.set(vm.id, changes)
    if (e.kind !== Kind.VaRemove || changes * CLOSE_ENOUGH < vm.live) return
    this.look(vm, e.time)
  }

  look(vm: Vm, time: number): void {
    if (vm.live <= (this.fullest.get(vm.id)?.mappings ?? 0)) return
    this.changes.set(vm.id, 0)
    const seen = spaceOf(this.state, vm, time)
    if (seen) this.fullest.set(vm.id, seen)
  }
}
