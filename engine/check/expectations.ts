import type { EventCursor } from '../model/observer'
import { num, type Checkpoint, type Snapshot } from '../wire/messages'
import { Field, Kind } from '../wire/schema'
import { REORDER, SETTLED, type Bench, type Ref } from './bench'
import { same, type Va } from './gpuvm'
import { hex } from './text'

type ExpectedVm = Checkpoint['vms'][number]
type ExpectedBo = Checkpoint['bos'][number]

/** ReferencePolicy of the wire as the engine's word. */
const POLICIES = ['any', 'hard', 'weak', 'handle-counted'] as const

/**
 * E1 and E2: what a scenario's own model says at a checkpoint, against what was traced until then. The state is looked up as it was at that
 * time, when the events of that time have arrived. Objects are named by process and the order of their making, so that a process of which a
 * creation may have been lost is left out for good: every later object of it would be taken for another.
 */
export class Expectations {
  checkpoints = 0
  /** Processes that may have lived through a loss. */
  private readonly uncounted = new Set<number>()
  /** Something was lost, and no snapshot has told since who lives. */
  private open = false

  constructor(private readonly bench: Bench) {}

  checkpoint(checkpoint: Checkpoint, time: number): void {
    this.checkpoints++
    const step = checkpoint.step ?? ''
    this.bench.later(time + REORDER, () => {
      for (const vm of this.counted(checkpoint.vms)) if (!vm.gone) this.vm(vm, step, time)
      for (const bo of this.counted(checkpoint.bos)) if (!bo.gone) this.bo(bo, step, time)
    })
    // what must be gone may go a little later: workers and RCU free it
    if (checkpoint.vms.some((v) => v.gone) || checkpoint.bos.some((b) => b.gone))
      this.bench.later(
        time + SETTLED,
        () => {
          for (const vm of this.counted(checkpoint.vms)) if (vm.gone) this.vmGone(vm, step, time)
          for (const bo of this.counted(checkpoint.bos)) if (bo.gone) this.boGone(bo, step, time)
        },
        false
      )
  }

  event(e: EventCursor): void {
    if (!this.open || (e.kind !== Kind.VmCreate && e.kind !== Kind.BoCreate && e.kind !== Kind.HandleOpen)) return
    const pid = this.bench.state.tasks.get(e.get(Field.task))?.pid
    if (pid !== undefined) this.uncounted.add(pid)
  }

  lost(): void {
    this.open = true
    for (const { pid } of this.bench.state.tasks.values()) this.uncounted.add(pid)
  }

  /** A complete snapshot, the first after a loss or at all. */
  resync(parts: readonly Snapshot[]): void {
    if (!this.open) return
    this.open = false
    for (const { tasks } of parts) for (const { pid } of tasks) this.uncounted.add(pid ?? 0)
  }

  private vm(expected: ExpectedVm, step: string, time: number): void {
    const { bench } = this
    const { state } = bench
    const id = this.find('vm', expected.pid ?? 0, expected.ordinal ?? 0)
    if (id === 0) return this.unseen('E1', `VM ${expected.ordinal}`, expected.pid ?? 0, step, time)
    const vm = state.vms.get(id)!
    if (!holds(expected.policy ?? 0, [vm.verdict.policy])) return
    if (vm.destroyed !== null && vm.destroyed <= time)
      return bench.say(
        'E1',
        `${id} ${time}`,
        time,
        [{ kind: 'vm', id }],
        `VM ${id} is gone, ${step} expects it alive`,
        { step }
      )
    if ((expected.vas ?? []).some((v) => this.uncounted.has(v.boPid || (expected.pid ?? 0)))) return
    const actual = this.mappingsAt(id, time)
    const missing: string[] = []
    const wanted = (expected.vas ?? []).map((v): Va | null => {
      const bo = v.bo ? this.find('bo', v.boPid || (expected.pid ?? 0), v.bo) : 0
      if (v.bo && bo === 0) return null
      const page = state.pageSize
      return { iova: num(v.iova) * page, bytes: num(v.range) * page, offset: num(v.offset) * page, bo, flags: 0 }
    })
    if (wanted.includes(null)) return this.unseen('E1', 'a BO', expected.pid ?? 0, step, time)
    // those with an address first, so that one whose address the kernel chose does not take theirs
    for (const va of (wanted as Va[]).sort((a, b) => b.iova - a.iova)) {
      const at = actual.findIndex((a) => same(a, va.iova === 0 ? { ...va, iova: a.iova } : va))
      if (at >= 0) actual.splice(at, 1)
      else missing.push(text(va))
    }
    if (missing.length + actual.length === 0) return
    const what = [
      missing.length > 0 ? `lacks ${missing.slice(0, 3).join(', ')}${more(missing.length)}` : '',
      actual.length > 0 ? `also has ${actual.slice(0, 3).map(text).join(', ')}${more(actual.length)}` : ''
    ]
    bench.say(
      'E1',
      `${id} ${time}`,
      time,
      [{ kind: 'vm', id }],
      `VM ${id} ${what.filter(Boolean).join(' and ')}, ${step}`,
      {
        step,
        missing: missing.length,
        unexpected: actual.length,
        policy: vm.verdict.policy
      }
    )
  }

  private bo(expected: ExpectedBo, step: string, time: number): void {
    const id = this.find('bo', expected.pid ?? 0, expected.ordinal ?? 0)
    if (id === 0) return this.unseen('E2', `BO ${expected.ordinal}`, expected.pid ?? 0, step, time)
    const bo = this.bench.state.bos.get(id)
    if (expected.policy && !holds(expected.policy, this.policiesOf(id, expected.pid ?? 0))) return
    // one that was destroyed long ago is forgotten: its process is what is left to name
    const refs: Ref[] = [bo ? { kind: 'bo', id } : { kind: 'process', id: expected.pid ?? 0 }]
    if (!bo || (bo.destroyed !== null && bo.destroyed <= time))
      return this.bench.say('E2', `bo ${id} ${time}`, time, refs, `BO ${id} is gone, ${step} expects it alive`, {
        step,
        destroyed: bo?.destroyed ?? 'long ago'
      })
    const open = bo.handles.filter((h) => h.opened <= time && (h.closed === null || h.closed > time)).length
    const wanted = expected.handles ?? 0
    if (open !== wanted)
      this.bench.say('E2', `bo ${id} ${time}`, time, refs, `BO ${id} has ${open} handles, ${step} expects ${wanted}`, {
        step,
        handles: open,
        expected: wanted
      })
  }

  private vmGone(expected: ExpectedVm, step: string, time: number): void {
    const { state } = this.bench
    const id = this.find('vm', expected.pid ?? 0, expected.ordinal ?? 0)
    if (id === 0) return this.unseen('E2', `VM ${expected.ordinal}`, expected.pid ?? 0, step, time)
    const vm = state.vms.get(id)!
    if (!holds(expected.policy ?? 0, [vm.verdict.policy]) || (vm.destroyed ?? Infinity) <= time + SETTLED) return
    this.bench.say('E2', `vm ${id} ${time}`, time, [{ kind: 'vm', id }], `VM ${id} is alive, ${step} expects it gone`, {
      step,
      mappings: vm.live
    })
  }

  private boGone(expected: ExpectedBo, step: string, time: number): void {
    const id = this.find('bo', expected.pid ?? 0, expected.ordinal ?? 0)
    if (id === 0) return this.unseen('E2', `BO ${expected.ordinal}`, expected.pid ?? 0, step, time)
    const bo = this.bench.state.bos.get(id)
    if (!bo) return // it went so long ago that it is forgotten
    if (expected.policy && !holds(expected.policy, this.policiesOf(id, expected.pid ?? 0))) return
    if ((bo.destroyed ?? Infinity) <= time + SETTLED) return
    this.bench.say('E2', `bo ${id} ${time}`, time, [{ kind: 'bo', id }], `BO ${id} is alive, ${step} expects it gone`, {
      step,
      handles: bo.handleCount,
      mappings: bo.mappings?.size ?? 0
    })
  }

  /** An object of a process that was traced, and was not seen to be made. */
  private unseen(rule: string, what: string, pid: number, step: string, time: number): void {
    const traced = [...this.bench.state.tasks.values()].some((t) => t.pid === pid)
    if (!traced || this.bench.wholeSince > time) return
    this.bench.say(
      rule,
      `unseen ${what} ${pid} ${time}`,
      time,
      [{ kind: 'process', id: pid }],
      `${what} of process ${pid} was not seen to be made, ${step}`,
      { step }
    )
  }

  /** Those of processes whose objects can be told by their number. */
  private counted<T extends ExpectedVm | ExpectedBo>(objects: readonly T[]): T[] {
    return objects.filter(({ pid }) => !this.uncounted.has(pid ?? 0))
  }

  private find(what: 'vm' | 'bo', pid: number, ordinal: number): number {
    return this.bench.state.made(what, pid, ordinal)
  }

  /** The mappings of a VM at a time that is not long ago. */
  private mappingsAt(id: number, time: number): Va[] {
    const { mappings: m, vms } = this.bench.state
    const vm = vms.get(id)!
    const found: Va[] = []
    const take = (i: number): void => {
      if (m.start.at(i) > time) return
      found.push({ iova: m.iova.at(i), bytes: m.bytes.at(i), bo: m.bo.at(i), offset: m.offset.at(i), flags: 0 })
    }
    vm.mappings.forEach(take)
    for (let n = vm.ended.length - 1; n >= 0; n--) {
      const index = vm.ended.at(n)
      if (m.end.at(index) <= time) break
      take(index)
    }
    return found
  }

  /** The policies of the VMs that a BO was mapped in; those of its process's VMs where it never was. */
  private policiesOf(id: number, pid: number): string[] {
    const { state } = this.bench
    const own = (bo: number): Set<number> => {
      const vms = new Set<number>()
      for (let i = 0; i < state.vmBos.id.length; i++) if (state.vmBos.bo.at(i) === bo) vms.add(state.vmBos.vm.at(i))
      return vms
    }
    let vms = [...own(id)].map((vm) => state.vms.get(vm)!)
    if (vms.length === 0) vms = [...state.vms.values()].filter((vm) => state.tasks.get(vm.task)?.pid === pid)
    return vms.map((vm) => vm.verdict.policy)
  }
}

function holds(policy: number, policies: string[]): boolean {
  return policy === 0 || policies.includes(POLICIES[policy] ?? '')
}

function more(n: number): string {
  return n > 3 ? ` and ${n - 3} more` : ''
}

function text({ iova, bytes, bo, offset }: Va): string {
  return `${hex(iova)}+${hex(bytes)} of ${bo === 0 ? 'MAP_NULL' : `BO ${bo} + ${hex(offset)}`}`
}
