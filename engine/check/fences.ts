import type { EventCursor } from '../model/observer'
import { EVICTED } from '../model/state'
import { num, type Snapshot } from '../wire/messages'
import { Field, Kind } from '../wire/schema'
import { REORDER, SETTLED, type Bench } from './bench'
import type { Family } from './family'
import { some } from './text'

const NS = 1e9

/** F1 and F3 to F6: jobs, eviction and purge. F2 is pagetables.ts. */
export class Fences implements Family {
  /** Newest request of a task to a VM that was unusable already. */
  private readonly late = new Map<number, { vm: number; time: number }>()
  /** The VM and the time of a submit that has not been flushed. */
  private readonly submits = new Map<number, { vm: number; time: number }>()

  /** VMs that were indexed, and those of them that were not destroyed when last looked at. */
  private readonly known = new Set<number>()
  private readonly live = new Set<number>()
  /** By VM: vm_bos that were evicted and have not been seen validated. */
  private readonly evicted = new Map<number, Set<number>>()

  constructor(private readonly bench: Bench) {}

  event(e: EventCursor): void {
    const { state } = this.bench
    switch (e.kind) {
      case Kind.VmBindFree:
        this.freed(e.get(Field.job), e.get(Field.count), e.time)
        break
      case Kind.SmMap:
      case Kind.SmUnmap: {
        const vm = e.get(Field.vm)
        const unusable = state.vms.get(vm)?.unusable ?? null
        if (unusable !== null) this.late.set(e.get(Field.task), { vm, time: e.time })
        break
      }
      case Kind.VmBind:
        this.returned(e.get(Field.task), e.get(Field.result), e.time, e.get(Field.duration) / NS)
        break
      case Kind.VmCreate:
        this.known.add(e.get(Field.vm))
        this.live.add(e.get(Field.vm))
        break
      case Kind.VmBoEvict: {
        const index = state.vmBos.byId.get(e.get(Field.vmBo))
        if (index >= 0 && e.get(Field.count) !== 0) this.evict(state.vmBos.vm.at(index), e.get(Field.vmBo))
        break
      }
      case Kind.VmDestroy:
        this.evicted.delete(e.get(Field.vm))
        break
      case Kind.Submit: {
        const vm = this.vmOfTask(e.get(Field.task))
        if (vm !== 0) this.submits.set(e.get(Field.submit), { vm, time: e.time })
        break
      }
      case Kind.SubmitFlush:
        this.flushed(e.get(Field.submit), e.time)
        break
      case Kind.PteMap:
        if (e.get(Field.result) === 0 && state.memory.purges > 0)
          this.mapped(e.get(Field.vm), e.get(Field.iova) * state.pageSize, e.get(Field.range) * state.pageSize, e.time)
        break
    }
  }

  snapshot(parts: readonly Snapshot[]): void {
    for (const { vmBos } of parts) for (const v of vmBos) if (v.evicted) this.evict(num(v.vm), num(v.id))
  }

  /** F3. */
  sweep(now: number): void {
    const { state } = this.bench
    const { mappings: m } = state
    for (const vm of state.vms.values()) {
      if (vm.mode !== 'vm-bind' || vm.closed !== null || vm.unusable !== null || vm.evictions > 0) continue
      if (vm.mappings.size === 0 || state.jobs.openOf(vm.id) > 0 || this.bench.failed.has(vm.id)) continue
      for (const index of vm.mappings) {
        if (m.traced.at(index) !== 1 || !Number.isNaN(m.written.at(index)) || m.start.at(index) > now - SETTLED)
          continue
        const va = m.va.at(index)
        this.bench.say(
          'F3',
          `${va}`,
          now,
          [
            { kind: 'va', id: va },
            { kind: 'vm', id: vm.id }
          ],
          `VA ${va} has no page tables, and VM ${vm.id} has no job that would write them`,
          { inserted: m.start.at(index) }
        )
      }
    }
  }

  forget(): void {
    this.late.clear()
    this.submits.clear()
  }

  /** F1. */
  private freed(job: number, operations: number, time: number): void {
    const { jobs } = this.bench.state
    if (!jobs.isOpen(job) || operations === 0) return
    const vm = jobs.vmOf(job)
    this.bench.failed.add(vm)
    this.bench.say(
      'F1',
      `${job}`,
      time,
      [{ kind: 'job', id: job }, ...(vm === 0 ? [] : [{ kind: 'vm' as const, id: vm }])],
      `VM_BIND job ${job} was killed with ${some(operations, 'operation')} not run; what these held may stay`,
      { operations }
    )
  }

  /** F4. */
  private returned(task: number, result: number, time: number, seconds: number): void {
    const vmId = this.bench.state.requests.vmOfTask.get(task)
    if (result !== 0 && vmId !== undefined && this.requested(vmId, task, time - seconds)) this.bench.failed.add(vmId)
    const late = this.late.get(task)
    this.late.delete(task)
    const unusable = late ? (this.bench.state.vms.get(late.vm)?.unusable ?? null) : null
    if (!late || result !== 0 || unusable === null || time - seconds <= unusable || late.time < time - seconds) return
    this.bench.say(
      'F4',
      `${late.vm} ${time}`,
      time,
      [{ kind: 'vm', id: late.vm }],
      `VM ${late.vm} was unusable and took a VM_BIND`,
      { unusable }
    )
  }

  /** A call that began at `since` got as far as changing the VM. */
  private requested(vm: number, task: number, since: number): boolean {
    const { requests } = this.bench.state
    const last = requests.lastOfVm.get(vm)
    return last !== undefined && requests.task.at(last) === task && requests.time.at(last) >= since
  }

  /** F5. */
  private flushed(submit: number, time: number): void {
    const { bench } = this
    const { state } = bench
    const entry = this.submits.get(submit)
    this.submits.delete(submit)
    const vm = entry && state.vms.get(entry.vm)
    if (!entry || !vm || vm.evictions === 0) return
    const candidates = this.evicted.get(vm.id)
    for (const vmBo of candidates ?? []) {
      const index = state.vmBos.byId.get(vmBo)
      if (index < 0 || (state.vmBos.bits.at(index) & EVICTED) === 0 || state.vmBos.destroyed.at(index) !== Infinity) {
        candidates!.delete(vmBo)
        continue
      }
      const mappings = state.bos.get(state.vmBos.bo.at(index))?.mappings ?? []
      if (![...mappings].some((i) => state.mappings.vmBo.at(i) === vmBo)) continue
      const evicted = state.vmBos.evictions.get(index)?.at(-1)
      if (evicted === undefined || evicted >= entry.time) continue
      bench.later(time + REORDER, () => {
        if (!state.vmBos.evictedAt(index, time)) return
        const id = state.vmBos.id.at(index)
        bench.say(
          'F5',
          `${submit} ${id}`,
          time,
          [
            { kind: 'vm_bo', id },
            { kind: 'vm', id: vm.id }
          ],
          `Submit ${submit} runs on VM ${vm.id} while its vm_bo ${id} is evicted`,
          { evicted }
        )
      })
    }
  }

  /** F6. */
  private mapped(vmId: number, iova: number, bytes: number, time: number): void {
    const { state } = this.bench
    const { mappings: m } = state
    const end = (i: number): number => m.iova.at(i) + m.bytes.at(i)
    for (const i of state.vms.get(vmId)?.space.touching(iova, iova + bytes, end) ?? []) {
      const bo = state.bos.get(m.bo.at(i))
      if (bo?.purged == null || bo.purged >= time || m.iova.at(i) !== iova || m.bytes.at(i) !== bytes) continue
      this.bench.say(
        'F6',
        `${bo.id} ${m.va.at(i)}`,
        time,
        [
          { kind: 'bo', id: bo.id },
          { kind: 'va', id: m.va.at(i) },
          { kind: 'vm', id: vmId }
        ],
        `BO ${bo.id} was purged and got page tables again`,
        { purged: bo.purged }
      )
    }
  }

  /** The VM_BIND VM of a task's process where it has just one. */
  private vmOfTask(task: number): number {
    const { vms, tasks } = this.bench.state
    const pid = tasks.get(task)?.pid ?? 0
    if (pid === 0) return 0
    // those that a snapshot showed, and those whose creation was lost
    if (this.known.size !== vms.size)
      for (const id of vms.keys()) {
        if (!this.known.has(id)) this.live.add(id)
        this.known.add(id)
      }
    let own = 0
    for (const id of this.live) {
      const vm = vms.get(id)!
      if (vm.destroyed !== null) this.live.delete(id)
      else if (tasks.get(vm.task)?.pid !== pid) continue
      else if (own !== 0) return 0
      else own = id
    }
    return own !== 0 && vms.get(own)!.mode === 'vm-bind' ? own : 0
  }

  private evict(vm: number, vmBo: number): void {
    const list = this.evicted.get(vm)
    if (list) list.add(vmBo)
    else this.evicted.set(vm, new Set([vmBo]))
  }
}
