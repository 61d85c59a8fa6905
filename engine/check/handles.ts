import { DISPLAY_VM, signed } from '../model/apply-msm'
import type { Bo } from '../model/entities'
import type { EventCursor } from '../model/observer'
import { Field, Kind } from '../wire/schema'
import { REORDER, SETTLED, type Bench, type Ref } from './bench'
import type { Family } from './family'
import { some } from './text'

/** How long a framebuffer's cleanup may take: it waits for locks, seconds. */
const CLEANUP = 2

/** C1 to C5: msm's kernel-managed VMs, whose mappings go with the last handle, and the pins. */
export class Handles implements Family {
  constructor(private readonly bench: Bench) {}

  event(e: EventCursor): void {
    switch (e.kind) {
      case Kind.HandleClosed:
        this.closed(e.get(Field.file), e.get(Field.bo), e.time)
        break
      case Kind.VmaRef:
        this.vmaRef(e.get(Field.bo), signed(e.get(Field.count)), e.time)
        break
      case Kind.Unpin:
        if (signed(e.get(Field.count)) < 0)
          this.bench.say(
            'C5',
            `below ${e.get(Field.bo)}`,
            e.time,
            [{ kind: 'bo', id: e.get(Field.bo) }],
            `The pin_count of BO ${e.get(Field.bo)} fell below 0`,
            { pins: signed(e.get(Field.count)) }
          )
        break
      case Kind.VaInsert:
        this.insert(e.get(Field.vm), e.get(Field.va), e.get(Field.bo), e.time)
        break
      case Kind.VaRemove:
        this.remove(e.get(Field.va), e.time)
        break
    }
  }

  sweep(now: number, final: boolean): void {
    const { state } = this.bench
    const prepared = this.preparedPlanes()
    for (const id of state.aliveBos) {
      const bo = state.bos.get(id)!
      if (bo.changed > now - (final ? REORDER : SETTLED)) continue
      this.vmaRefSum(bo, prepared.get(id) ?? 0, now)
      if (bo.changed <= now - SETTLED) this.pinned(bo, prepared.get(id) ?? 0, now)
    }
  }

  /** C1. */
  private closed(file: number, boId: number, time: number): void {
    const { bench } = this
    const { state } = bench
    const { mappings: m } = state
    const vm = state.vms.get(state.vmOfFile.get(file) ?? 0)
    const bo = state.bos.get(boId)
    if (!vm || !bo?.mappings || vm.mode !== 'kernel-managed' || vm.verdict.policy !== 'handle-counted') return
    if (bo.handles.some((h) => h.file === file && h.closed === null)) return
    // the newest close, which need not be that of the newest handle
    const closing = bo.handles.reduce((t, h) => (h.file === file ? Math.max(t, h.closed ?? t) : t), -Infinity)
    for (const index of bo.mappings) {
      if (m.vm.at(index) !== vm.id || m.start.at(index) >= closing) continue
      const va = m.va.at(index)
      bench.later(time + REORDER, () => {
        if (m.end.at(index) <= time) return
        bench.say(
          'C1',
          `${va}`,
          time,
          [
            { kind: 'bo', id: boId },
            { kind: 'vm', id: vm.id },
            { kind: 'va', id: va }
          ],
          `The last handle of BO ${boId} was closed, and it still is mapped as VA ${va} in the kernel-managed VM ${vm.id}`,
          { closed: closing, returned: time }
        )
      })
    }
  }

  private vmaRef(id: number, count: number, time: number): void {
    const { bench } = this
    const { state } = bench
    const { mappings: m, vms } = state
    const refs: Ref[] = [{ kind: 'bo', id }]
    if (count < 0) bench.say('C2', `below ${id}`, time, refs, `vma_ref of BO ${id} fell below 0`, { vmaRef: count })
    if (count !== 0) return
    const check = (): void => {
      const bo = state.bos.get(id)
      if (bo?.vmaRef?.sampledAt !== time) return
      for (const index of bo.mappings ?? []) {
        const vm = vms.get(m.vm.at(index))!
        if (vm.name !== DISPLAY_VM || vm.verdict.policy !== 'handle-counted') continue
        bench.say(
          'C2',
          `mapped ${id}`,
          time,
          [...refs, { kind: 'vm', id: vm.id }],
          `vma_ref of BO ${id} is 0 and the display still has it mapped as VA ${m.va.at(index)}`,
          {}
        )
      }
    }
    bench.later(time + SETTLED, check, false)
  }

  private vmaRefSum(bo: Bo, prepared: number, now: number): void {
    if (!bo.vmaRef || bo.vmaRef.sampledAt > now - REORDER) return
    const { value } = bo.vmaRef
    const exports = bo.exported === null ? 0 : 1
    const sum = bo.handleCount + exports + prepared
    if (value === sum) return
    this.bench.say(
      'C2',
      `sum ${bo.id}`,
      now,
      [{ kind: 'bo', id: bo.id }],
      `vma_ref of BO ${bo.id} is ${value}, its handles, dma-bufs and prepared planes are ${sum}`,
      { vmaRef: value, handles: bo.handleCount, exports, prepared }
    )
  }

  /** C3: a removal that no cleanup of each of its prepared framebuffers covers. */
  private remove(va: number, time: number): void {
    const { bench } = this
    const { state } = bench
    const { mappings: m } = state
    const index = m.byVa.get(va)
    if (index < 0 || state.vms.get(m.vm.at(index))?.name !== DISPLAY_VM) return
    const bo = m.bo.at(index)
    for (const fb of state.fbs.values()) {
      if (fb.destroyed !== null || (fb.prepared?.value ?? 0) === 0 || !fb.planes.includes(bo)) continue
      const check = (): void => {
        if (this.cleanedUpAround(fb.id, time)) return
        bench.say(
          'C3',
          `${va} ${fb.id}`,
          time,
          [
            { kind: 'fb', id: fb.id },
            { kind: 'bo', id: bo },
            { kind: 'vm', id: m.vm.at(index) },
            { kind: 'va', id: va }
          ],
          `The display's mapping VA ${va} of BO ${bo} was removed while framebuffer ${fb.id} was prepared`,
          { prepared: fb.prepared?.value ?? 0 }
        )
      }
      bench.later(time + CLEANUP, check, false)
    }
  }

  private cleanedUpAround(fb: number, time: number): boolean {
    const { fbOps } = this.bench.state
    for (let i = fbOps.time.length - 1; i >= 0 && fbOps.time.at(i) >= time; i--)
      if (fbOps.fb.at(i) === fb && fbOps.prepare.at(i) === 0 && fbOps.time.at(i) - fbOps.seconds.at(i) <= time)
        return true
    return false
  }

  /** C4. */
  private insert(vmId: number, va: number, boId: number, time: number): void {
    const { bench } = this
    const { mappings: m, vms, bos } = bench.state
    if (vms.get(vmId)?.mode !== 'kernel-managed') return
    for (const other of bos.get(boId)?.mappings ?? []) {
      if (m.vm.at(other) !== vmId || m.va.at(other) === va) continue
      bench.later(time + REORDER, () => {
        const index = m.byVa.get(va)
        if (index < 0 || Math.min(m.end.at(index), m.end.at(other)) <= time) return
        const first = m.va.at(other)
        bench.say(
          'C4',
          `${first} ${va}`,
          time,
          [
            { kind: 'bo', id: boId },
            { kind: 'vm', id: vmId },
            { kind: 'va', id: first },
            { kind: 'va', id: va }
          ],
          `The kernel-managed VM ${vmId} has two mappings of BO ${boId}, VA ${first} and VA ${va}`,
          {}
        )
      })
    }
  }

  private pinned(bo: Bo, prepared: number, now: number): void {
    const { state } = this.bench
    if (!bo.pins || bo.pins.value <= 0 || !bo.hadHandle || bo.handleCount > 0 || bo.exported !== null || prepared > 0)
      return
    if (bo.lastClosed === null || bo.pins.sampledAt > now - SETTLED) return
    if (state.submits.openSince(bo.lastClosed) || state.jobs.openSince(bo.lastClosed)) return
    const killed = state.jobs.killed
    this.bench.say(
      'C5',
      `${bo.id}`,
      now,
      [{ kind: 'bo', id: bo.id }],
      `BO ${bo.id} has no handle any more and stays pinned (${some(bo.pins.value, 'pin')})${killed > 0 ? `; killed before: ${some(killed, 'VM_BIND job')}` : ''}`,
      { pins: bo.pins.value, lastClosed: bo.lastClosed, killedJobs: killed }
    )
  }

  /** Planes of prepared framebuffers by BO: each holds one vma_ref. */
  private preparedPlanes(): Map<number, number> {
    const planes = new Map<number, number>()
    for (const fb of this.bench.state.fbs.values()) {
      if (fb.destroyed !== null || (fb.prepared?.value ?? 0) === 0) continue
      for (const bo of fb.planes) planes.set(bo, (planes.get(bo) ?? 0) + 1)
    }
    return planes
  }
}
