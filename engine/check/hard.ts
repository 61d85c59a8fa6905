import type { Bo } from '../model/entities'
import type { EventCursor } from '../model/observer'
import { Reason } from '../model/state'
import { num, type Snapshot } from '../wire/messages'
import { Field, Kind } from '../wire/schema'
import { REORDER, SETTLED, type Bench, type Ref } from './bench'
import type { Family } from './family'
import { some } from './text'

/** How long a closed VM may take to be freed: its last submits and their workers hold it, seconds. */
const FREED = 2

/** H1 to H5: VMs whose vm_bos hold their BOs, which is all of mainline. */
export class Hard implements Family {
  constructor(private readonly bench: Bench) {}

  event(e: EventCursor): void {
    if (e.kind === Kind.BoDestroy) this.boEnds(e.get(Field.bo), e.time)
    else if (e.kind === Kind.VaRemove) {
      if (e.optional(Field.reason, Reason.none) === Reason.free) this.unmappedAtEnd(e.get(Field.va), e.time)
    } else if (e.kind === Kind.VmCloseEnd) this.closed(e.get(Field.vm), e.time)
  }

  /** H1: what the walk sampled against the holders that are known. */
  snapshot(parts: readonly Snapshot[], begin: number, end: number): void {
    const { bench } = this
    for (const { bos } of parts)
      for (const b of bos) {
        const id = num(b.id)
        const bo = bench.state.bos.get(id)
        if (!bo || bo.destroyed !== null || bo.changed > begin - REORDER) continue
        const holders = this.holders(bo)
        const refcount = num(b.refcount)
        if (refcount >= holders) continue
        const { changed } = bo
        bench.later(end + REORDER, () => {
          if (bo.changed !== changed) return
          bench.say(
            'H1',
            `${id}`,
            end,
            [{ kind: 'bo', id }],
            `BO ${id} has ${some(refcount, 'reference')} and at least ${some(holders, 'holder')}`,
            { refcount, holders }
          )
        })
      }
  }

  /** H4. */
  sweep(now: number, final: boolean): void {
    const { state } = this.bench
    for (const id of state.aliveBos) {
      const bo = state.bos.get(id)!
      if (bo.retainedSince === null || bo.retainedSince > now - (final ? REORDER : SETTLED)) continue
      const { lastClosed } = bo
      if (lastClosed === null || state.submits.openSince(lastClosed) || state.jobs.openSince(lastClosed)) continue
      this.retained(bo, now)
    }
  }

  private retained(bo: Bo, now: number): void {
    const { bench } = this
    const { mappings: m, vms } = bench.state
    const held = [...(bo.mappings ?? [])].map((i) => vms.get(m.vm.at(i))!)
    const holding = held.filter((vm) => vm.verdict.policy === 'hard' || vm.verdict.policy === 'handle-counted')
    const [vm] = holding
    if (!vm) return
    const managed = holding.find((v) => v.mode === 'kernel-managed')
    const closing = bo.handles.some((h) => h.closed !== null && h.done === null) && bench.closesTraced
    if (managed && closing) return // its close may still be going to tear it down
    const refs: Ref[] = [
      { kind: 'bo', id: bo.id },
      ...[...new Set(holding.map((v) => v.id))].map((id): Ref => ({ kind: 'vm', id }))
    ]
    const why = managed
      ? managed.verdict.policy === 'hard'
        ? 'a vm_bo of a kernel-managed VM holds it and nothing tears that down: a reference loop, a leak'
        : 'its handles are closed and the kernel-managed VM has not torn the mapping down: a leak'
      : 'as a VM_BIND VM does until UNMAP or its close'
    bench.say(
      'H4',
      `${bo.id}`,
      now,
      refs,
      `BO ${bo.id} is kept alive by ${some(held.length, 'mapping')} in VM ${(managed ?? vm).id} alone, ${why}`,
      {
        bytes: bo.bytes,
        since: bo.retainedSince!,
        seconds: now - bo.retainedSince!,
        policy: (managed ?? vm).verdict.policy
      },
      managed ? 'violation' : 'retention'
    )
  }

  private boEnds(id: number, time: number): void {
    const { bench } = this
    const { state } = bench
    const { vmBos, mappings: m } = state
    const bo = state.bos.get(id)
    if (!bo) return
    for (const index of bo.vmBos) {
      if (!this.holds(vmBos.vm.at(index))) continue
      bench.later(time + REORDER, () => {
        if (vmBos.destroyed.at(index) <= time) return
        const vmBo = vmBos.id.at(index)
        const vm = vmBos.vm.at(index)
        bench.say(
          'H2',
          `${id} ${vmBo}`,
          time,
          [
            { kind: 'bo', id },
            { kind: 'vm_bo', id: vmBo },
            { kind: 'vm', id: vm }
          ],
          `BO ${id} was destroyed while vm_bo ${vmBo} of VM ${vm} held it`,
          {}
        )
      })
    }
    for (const index of bo.mappings ?? []) {
      if (!this.holds(m.vm.at(index))) continue
      const va = m.va.at(index)
      bench.later(time + REORDER, () => {
        if (m.end.at(index) > time) this.mappedAtEnd(id, va, m.vm.at(index), time)
      })
    }
  }

  private unmappedAtEnd(va: number, time: number): void {
    const { mappings: m } = this.bench.state
    const index = m.byVa.get(va)
    if (index >= 0 && this.holds(m.vm.at(index))) this.mappedAtEnd(m.bo.at(index), va, m.vm.at(index), time)
  }

  private mappedAtEnd(bo: number, va: number, vm: number, time: number): void {
    this.bench.say(
      'H3',
      `${va}`,
      time,
      [
        { kind: 'bo', id: bo },
        { kind: 'va', id: va },
        { kind: 'vm', id: vm }
      ],
      `BO ${bo} was destroyed while it was mapped as VA ${va} in VM ${vm}, which holds its BOs`,
      {}
    )
  }

  private closed(id: number, time: number): void {
    const { bench } = this
    const vm = bench.state.vms.get(id)
    if (!vm || vm.mode !== 'vm-bind') return
    const refs: Ref[] = [{ kind: 'vm', id }]
    bench.later(time + REORDER, () => {
      if (vm.live > 0)
        bench.say('H5', `${id}`, time, refs, `VM ${id} was closed with ${some(vm.live, 'mapping')} left`, {
          mappings: vm.live
        })
    })
    const gone = (): void => {
      if (
        vm.destroyed !== null ||
        vm.live > 0 ||
        bench.state.submits.openSince(time) ||
        bench.state.jobs.openOf(id) > 0
      )
        return
      bench.say(
        'H5',
        `held ${id}`,
        time,
        refs,
        `VM ${id} was closed ${FREED} s ago and is not freed`,
        { vmBos: vm.vmBos },
        'retention'
      )
    }
    bench.later(time + FREED, gone, false)
  }

  /** The VM's vm_bos hold their BOs; where the policy is not known nothing is said. */
  private holds(vm: number): boolean {
    const policy = this.bench.state.vms.get(vm)?.verdict.policy
    return policy === 'hard' || policy === 'handle-counted'
  }

  /** References that a BO must have at least. */
  private holders(bo: Bo): number {
    const { vmBos } = this.bench.state
    const vmBosThatHold = bo.vmBos.filter((i) => this.holds(vmBos.vm.at(i))).length
    return (bo.handleCount > 0 ? 1 : 0) + vmBosThatHold + (bo.exported === null ? 0 : 1) + bo.fbPlanes
  }
}
