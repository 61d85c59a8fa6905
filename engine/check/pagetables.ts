import type { EventCursor } from '../model/observer'
import { Reason } from '../model/state'
import { Field, Kind } from '../wire/schema'
import { SETTLED, type Bench } from './bench'
import type { Family } from './family'
import { hex } from './text'

interface Ledger {
  /** Writes that were asked for and not seen, above 0; seen and not asked for, below. */
  writes: Map<string, number>
  /** The newest event of it. */
  time: number
  /** The range that the newest request maps; null: it unmaps. */
  range: { iova: number; bytes: number; bo: number } | null
  /** The mapping that is being split: its remove is no unmap of its own. */
  split: number
}

/**
 * F2: the writes that a VM_BIND VM's requests enqueue at prepare (msm_gem_vma.c, 7.3: sm_step_map one MAP, sm_step_unmap one UNMAP of the
 * mapping, sm_step_remap one UNMAP of the part that is lost) against those that its jobs do. Compared when no job is open. A VM with an
 * eviction, a failed call or a killed job is left out: what was mapped then is not known.
 */
export class PageTables implements Family {
  private readonly ledgers = new Map<number, Ledger>()

  constructor(private readonly bench: Bench) {}

  event(e: EventCursor): void {
    const { state } = this.bench
    const page = state.pageSize
    switch (e.kind) {
      case Kind.SmMap:
      case Kind.SmUnmap: {
        const ledger = this.ledger(e.get(Field.vm), e.time)
        if (!ledger) break
        ledger.split = 0
        ledger.range =
          e.kind === Kind.SmUnmap
            ? null
            : { iova: e.get(Field.iova) * page, bytes: e.get(Field.range) * page, bo: e.get(Field.bo) }
        break
      }
      case Kind.VaInsert: {
        const ledger = this.ledgers.get(e.get(Field.vm))
        const [iova, bytes] = [e.get(Field.iova) * page, e.get(Field.range) * page]
        if (ledger?.range?.iova === iova && ledger.range.bytes === bytes && ledger.range.bo === e.get(Field.bo))
          this.count(ledger, 'MAP', iova, bytes, 1, e.time)
        break
      }
      case Kind.SmRemap: {
        const ledger = this.ledgers.get(e.get(Field.vm))
        if (!ledger) break
        ledger.split = e.get(Field.va)
        this.count(ledger, 'UNMAP', e.get(Field.iova) * page, e.get(Field.range) * page, 1, e.time)
        break
      }
      case Kind.VaRemove: {
        const { mappings: m } = state
        const index = m.byVa.get(e.get(Field.va))
        const ledger = index < 0 ? undefined : this.ledgers.get(m.vm.at(index))
        if (!ledger) break
        const reason = e.optional(Field.reason, Reason.none)
        const closing =
          state.vms.get(m.vm.at(index))?.closed != null || (reason >= Reason.close && reason <= Reason.vmClose)
        if (ledger.split === e.get(Field.va) || closing) ledger.split = 0
        else this.count(ledger, 'UNMAP', m.iova.at(index), m.bytes.at(index), 1, e.time)
        break
      }
      case Kind.PteMap:
      case Kind.PteUnmap: {
        const ledger = this.ledgers.get(e.get(Field.vm))
        if (!ledger || e.get(Field.queue) === 0) break
        const what = e.kind === Kind.PteMap ? 'MAP' : 'UNMAP'
        this.count(ledger, what, e.get(Field.iova) * page, e.get(Field.range) * page, -1, e.time)
        break
      }
      case Kind.VmClose:
        this.judge(e.get(Field.vm), e.time)
        break
      case Kind.VmDestroy:
        this.ledgers.delete(e.get(Field.vm))
        break
    }
  }

  sweep(now: number): void {
    for (const vm of this.ledgers.keys()) this.judge(vm, now)
  }

  /** A snapshot changes nothing: only VMs born after the loss have a ledger, and their jobs may be under way. */
  forget(resync: boolean): void {
    if (!resync) this.ledgers.clear()
  }

  /** Only of VMs that were seen from their beginning. */
  private ledger(vm: number, time: number): Ledger | null {
    let ledger = this.ledgers.get(vm)
    if (!ledger) {
      if (!this.bench.certain({ kind: 'vm', id: vm }, true, time)) return null
      this.ledgers.set(vm, (ledger = { writes: new Map(), time, range: null, split: 0 }))
    }
    ledger.time = time
    return ledger
  }

  private count(ledger: Ledger, what: string, iova: number, bytes: number, change: number, time: number): void {
    const key = `${what} ${hex(iova)}+${hex(bytes)}`
    const n = (ledger.writes.get(key) ?? 0) + change
    if (n === 0) ledger.writes.delete(key)
    else ledger.writes.set(key, n)
    ledger.time = time
  }

  private judge(id: number, now: number): void {
    const { bench } = this
    const { state } = bench
    const ledger = this.ledgers.get(id)
    const vm = state.vms.get(id)
    if (!ledger || !vm || ledger.writes.size === 0) return
    if (vm.unusable !== null || vm.evictions > 0 || bench.failed.has(id)) return
    const settle = (): void => {
      if (vm.unusable !== null || vm.evictions > 0 || bench.failed.has(id)) return
      const missing = [...ledger.writes].filter(([, n]) => n > 0)
      const extra = [...ledger.writes].filter(([, n]) => n < 0)
      if (missing.length + extra.length === 0) return
      const text = (list: [string, number][]): string =>
        list
          .slice(0, 3)
          .map(([key]) => key)
          .join(', ')
      const what = [
        missing.length > 0 ? `did not get ${text(missing)}` : '',
        extra.length > 0 ? `got ${text(extra)} that was not asked for` : ''
      ]
      bench.say(
        'F2',
        `${id}`,
        now,
        [{ kind: 'vm', id }],
        `The page tables of VM ${id} ${what.filter(Boolean).join(' and ')}`,
        { missing: missing.length, extra: extra.length }
      )
    }
    if (state.jobs.openOf(id) > 0 || ledger.time > now - SETTLED) {
      // its jobs are waited for by the close itself
      if (vm.closed === null && now > ledger.time) return
      bench.later(now + SETTLED, () => (state.jobs.openOf(id) > 0 ? undefined : settle()), false)
    } else settle()
  }
}
