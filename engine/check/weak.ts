import type { EventCursor } from '../model/observer'
import { Field, Kind } from '../wire/schema'
import { REORDER, SETTLED, type Bench } from './bench'
import type { Family } from './family'

/** A reference count is a sample beside other tasks' own: only what several vm_bos of a VM show, and a good part of them, counts. */
const ENOUGH = 3
const PART = 0.2

/** W1 to W5: VMs with DRM_GPUVM_VA_WEAK_REF, on kernels that carry the patch. */
export class Weak implements Family {
  /** By VM: vm_bos whose making took a reference, and those whose making did not. */
  private readonly made = new Map<number, { took: number; left: number }>()

  constructor(private readonly bench: Bench) {}

  event(e: EventCursor): void {
    const { bench } = this
    const { time } = e
    switch (e.kind) {
      case Kind.VmBoCreate: {
        this.afterTheEnd(e.get(Field.vmBo), e.get(Field.bo), time)
        const before = e.optional(Field.count, 0)
        // a BO that is mapped has a reference: 0 was not seen
        if (before === 0 || !bench.certain({ kind: 'vm_bo', id: e.get(Field.vmBo) }, false, time)) break
        const vm = e.get(Field.vm)
        const made = this.made.get(vm) ?? { took: 0, left: 0 }
        this.made.set(vm, made)
        if (e.get(Field.refcount) > before) made.took++
        else made.left++
        break
      }
      case Kind.VmBoObtain:
        this.afterTheEnd(e.get(Field.vmBo), e.get(Field.bo), time)
        break
      case Kind.BoDestroy:
        this.boEnds(e.get(Field.bo), time)
        break
      case Kind.VmBoEvict:
        if (e.get(Field.count) !== 0) this.evicted(e.get(Field.vmBo), time)
        break
      case Kind.VmDestroy:
        this.references(e.get(Field.vm), time)
        break
    }
  }

  sweep(now: number): void {
    for (const vm of this.made.keys()) this.references(vm, now)
  }

  forget(): void {
    this.made.clear()
  }

  private references(id: number, time: number): void {
    const made = this.made.get(id)
    const policy = this.bench.state.vms.get(id)?.verdict.policy
    if (!made || policy === undefined || policy === 'unknown') return
    const { took, left } = made
    const wrong = policy === 'weak' ? took : left
    if (wrong < ENOUGH || wrong < PART * (took + left)) return
    const all = wrong === took + left
    const rule = policy === 'weak' && all ? 'W1' : 'W5'
    const what = policy === 'weak' ? 'took a reference on its BO' : 'took no reference on its BO'
    this.bench.say(
      rule,
      `${id}`,
      time,
      [{ kind: 'vm', id }],
      `${wrong} of ${took + left} vm_bos of VM ${id} (${policy}) ${what}`,
      { took, left, policy }
    )
  }

  private boEnds(id: number, time: number): void {
    const { bench } = this
    const { vmBos, bos, vms } = bench.state
    for (const index of bos.get(id)?.vmBos ?? []) {
      if (vms.get(vmBos.vm.at(index))?.verdict.policy !== 'weak') continue
      const vmBo = vmBos.id.at(index)
      const check = (): void => {
        if (vmBos.destroyed.at(index) <= time + SETTLED) return
        bench.say(
          'W2',
          `${vmBo}`,
          time,
          [
            { kind: 'vm_bo', id: vmBo },
            { kind: 'bo', id },
            { kind: 'vm', id: vmBos.vm.at(index) }
          ],
          `BO ${id} was destroyed and its weak vm_bo ${vmBo} was not`,
          {}
        )
      }
      bench.later(time + SETTLED, check, false)
    }
  }

  private afterTheEnd(vmBo: number, bo: number, time: number): void {
    const destroyed = this.bench.state.bos.get(bo)?.destroyed ?? null
    if (destroyed === null || time < destroyed + REORDER) return
    this.bench.say(
      'W3',
      `${vmBo}`,
      time,
      [{ kind: 'bo', id: bo }],
      `vm_bo ${vmBo} was made or found for BO ${bo}, which had been destroyed`,
      { destroyed }
    )
  }

  private evicted(id: number, time: number): void {
    const { vmBos, vms } = this.bench.state
    const index = vmBos.byId.get(id)
    if (index < 0) return
    const vm = vmBos.vm.at(index)
    if (vms.get(vm)?.verdict.policy !== 'weak') return
    this.bench.say(
      'W4',
      `${id}`,
      time,
      [
        { kind: 'vm_bo', id },
        { kind: 'vm', id: vm }
      ],
      `vm_bo ${id} of the weak VM ${vm} was put on the list of evicted ones`,
      {}
    )
  }
}
