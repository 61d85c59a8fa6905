import type { EventCursor } from '../model/observer'
import { Reason, type State } from '../model/state'
import { VaMap } from '../model/vamap'
import { Field, Kind } from '../wire/schema'

/** Ended mappings of a VM that are remembered. */
const REMEMBERED = 1024

/** Work on a VM that changed nothing in the end. */
export interface ChurnFigures {
  /** Mappings made again as they had been: same range, BO and offset, and nothing else was mapped there meanwhile. */
  madeAgain: number
  madeAgainBytes: number
  /** MAP requests for what was mapped just so already. */
  identicalRequests: number
  identicalRequestBytes: number
}

interface Ended {
  iova: number
  bytes: number
  bo: number
  offset: number
}

class VmChurn implements ChurnFigures {
  madeAgain = 0
  madeAgainBytes = 0
  identicalRequests = 0
  identicalRequestBytes = 0
  /** By number, oldest first. */
  readonly ended = new Map<number, Ended>()
  readonly byAddress = new VaMap()
  /** The request that is being carried out asks for what is there: what it inserts is counted already. */
  identical: Ended | null = null
}

/** Finds what is mapped anew without need. Of each VM the newest 1024 ended mappings are remembered. */
export class Churn {
  readonly vms = new Map<number, VmChurn>()
  private next = 0

  constructor(private readonly state: State) {}

  event(e: EventCursor): void {
    if (e.kind === Kind.SmMap) this.request(e)
    else if (e.kind === Kind.VaInsert) this.insert(e)
    else if (e.kind === Kind.VaRemove) this.remove(e)
  }

  lost(): void {
    for (const vm of this.vms.values()) {
      for (const [key, { iova }] of vm.ended) vm.byAddress.remove(iova, key)
      vm.ended.clear()
      vm.identical = null
    }
  }

  of(id: number): ChurnFigures {
    return figures(this.vms.get(id) ? [this.vms.get(id)!] : [])
  }

  total(): ChurnFigures {
    return figures([...this.vms.values()])
  }

  private vm(id: number): VmChurn {
    let vm = this.vms.get(id)
    if (!vm) this.vms.set(id, (vm = new VmChurn()))
    return vm
  }

  private what(e: EventCursor): Ended {
    const { pageSize } = this.state
    return {
      iova: e.get(Field.iova) * pageSize,
      bytes: e.get(Field.range) * pageSize,
      bo: e.get(Field.bo),
      offset: e.get(Field.offset) * pageSize
    }
  }

  private request(e: EventCursor): void {
    const asked = this.what(e)
    const vm = this.vm(e.get(Field.vm))
    vm.identical = null
    const { mappings: m, vms } = this.state
    const space = vms.get(e.get(Field.vm))?.space
    const there = space?.touching(asked.iova, asked.iova + asked.bytes, (i) => m.iova.at(i) + m.bytes.at(i)) ?? []
    if (there.length !== 1) return
    const i = there[0]!
    const same =
      m.iova.at(i) === asked.iova &&
      m.bytes.at(i) === asked.bytes &&
      m.bo.at(i) === asked.bo &&
      (asked.bo === 0 || m.offset.at(i) === asked.offset)
    if (!same) return
    vm.identical = asked
    vm.identicalRequests++
    vm.identicalRequestBytes += asked.bytes
  }

  private insert(e: EventCursor): void {
    const made = this.what(e)
    const vm = this.vm(e.get(Field.vm))
    const counted = vm.identical !== null && vm.identical.iova === made.iova
    vm.identical = null
    const endOf = (key: number): number => vm.ended.get(key)!.iova + vm.ended.get(key)!.bytes
    for (const key of vm.byAddress.touching(made.iova, made.iova + made.bytes, endOf)) {
      const old = vm.ended.get(key)!
      vm.ended.delete(key)
      vm.byAddress.remove(old.iova, key)
      const same =
        old.iova === made.iova &&
        old.bytes === made.bytes &&
        old.bo === made.bo &&
        (made.bo === 0 || old.offset === made.offset)
      if (!same || counted) continue
      vm.madeAgain++
      vm.madeAgainBytes += made.bytes
    }
  }

  private remove(e: EventCursor): void {
    const reason = e.optional(Field.reason, Reason.none)
    // a split lives on in its parts, and what takes a mapping's place is another
    if (reason === Reason.remap || reason === Reason.replace) return
    const { mappings: m } = this.state
    const i = m.byVa.get(e.get(Field.va))
    if (i < 0) return
    const vm = this.vm(m.vm.at(i))
    const old = { iova: m.iova.at(i), bytes: m.bytes.at(i), bo: m.bo.at(i), offset: m.offset.at(i) }
    vm.ended.set(this.next, old)
    vm.byAddress.insert(old.iova, this.next++)
    if (vm.ended.size <= REMEMBERED) return
    const [key, { iova }] = vm.ended.entries().next().value!
    vm.ended.delete(key)
    vm.byAddress.remove(iova, key)
  }
}

function figures(vms: readonly VmChurn[]): ChurnFigures {
  const sum = (of: keyof ChurnFigures): number => vms.reduce((n, vm) => n + vm[of], 0)
  return {
    madeAgain: sum('madeAgain'),
    madeAgainBytes: sum('madeAgainBytes'),
    identicalRequests: sum('identicalRequests'),
    identicalRequestBytes: sum('identicalRequestBytes')
  }
}
