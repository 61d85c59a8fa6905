import { hex } from './text'
import type { EventCursor } from '../model/observer'
import { DEFERRED, FOUND } from '../model/state'
import { Field, Kind } from '../wire/schema'
import { REORDER, SETTLED, type Bench, type Ref } from './bench'
import type { Family } from './family'

/** A part that a split must leave. */
interface Part {
  iova: number
  bytes: number
}

/** What a VM lost to a split, and the parts that are still to come. */
interface Split {
  index: number
  time: number
  parts: Part[]
}

/** S1 to S10: the VA tree, the vm_bos and their links. */
export class Structure implements Family {
  private readonly splits = new Map<number, Split>()
  /** Mappings that were removed while linked, by index, and when. */
  private readonly dangling = new Map<number, number>()

  constructor(private readonly bench: Bench) {}

  event(e: EventCursor): void {
    switch (e.kind) {
      case Kind.VmCreate:
        this.again('vm', e.get(Field.vm), e.time)
        break
      case Kind.BoCreate:
        this.again('bo', e.get(Field.bo), e.time)
        break
      case Kind.VmBoCreate:
        this.again('vm_bo', e.get(Field.vmBo), e.time)
        break
      case Kind.VaInsert:
        this.insert(e)
        break
      case Kind.VaRemove:
        this.remove(e.get(Field.va), e.time)
        break
      case Kind.VaLink:
        this.link(e.get(Field.va), e.get(Field.vmBo), e.time)
        break
      case Kind.VaUnlink:
        this.unlink(e.get(Field.va), e.get(Field.vmBo), e.time)
        break
      case Kind.VmBoDestroy:
        this.vmBoEnds(e.get(Field.vmBo), e.time)
        break
      case Kind.SmRemap:
        this.split(e)
        break
      case Kind.SmMap:
      case Kind.SmUnmap:
        this.splits.delete(e.get(Field.vm))
        break
      case Kind.VmDestroy:
        this.vmEnds(e.get(Field.vm), e.time)
        break
    }
  }

  sweep(now: number): void {
    const { state } = this.bench
    for (const [index, time] of this.dangling) {
      if (time > now - SETTLED) continue
      this.dangling.delete(index)
      const va = state.mappings.va.at(index)
      this.bench.say(
        'S5',
        `left ${va}`,
        time,
        [{ kind: 'va', id: va }, this.vmOf(index)],
        `VA ${va} was removed and never unlinked from its vm_bo`,
        {
          removed: time
        }
      )
    }
    for (const index of state.mappings.live) {
      const vmBo = state.vmBos.byId.get(state.mappings.vmBo.at(index))
      if (vmBo < 0) continue
      const ended = state.vmBos.destroyed.at(vmBo)
      if (ended > now - SETTLED) continue
      const va = state.mappings.va.at(index)
      const id = state.vmBos.id.at(vmBo)
      this.bench.say(
        'S4',
        `outlives ${va}`,
        ended,
        [{ kind: 'va', id: va }, { kind: 'vm_bo', id }, this.vmOf(index)],
        `VA ${va} still is in its VM, but its vm_bo ${id} was destroyed`,
        { destroyed: ended }
      )
    }
  }

  forget(): void {
    this.splits.clear()
    this.dangling.clear()
  }

  private again(kind: 'vm' | 'bo' | 'vm_bo', id: number, time: number): void {
    const { state } = this.bench
    const index = state.vmBos.byId.get(id)
    const lives =
      kind === 'vm'
        ? state.vms.get(id)?.traced && state.vms.get(id)!.destroyed === null
        : kind === 'bo'
          ? state.bos.get(id)?.created != null && state.bos.get(id)!.destroyed === null
          : index >= 0 && (state.vmBos.bits.at(index) & FOUND) === 0 && state.vmBos.destroyed.at(index) === Infinity
    if (lives)
      this.bench.say(
        'S10',
        `${kind} ${id}`,
        time,
        [{ kind, id }],
        `${kind} ${id} was made again while it lived: its end was missed`,
        {}
      )
  }

  private insert(e: EventCursor): void {
    const { bench } = this
    const { state } = bench
    const [vmId, va, boId] = [e.get(Field.vm), e.get(Field.va), e.get(Field.bo)]
    const iova = e.get(Field.iova) * state.pageSize
    const bytes = e.get(Field.range) * state.pageSize
    const offset = e.get(Field.offset) * state.pageSize
    const { time } = e
    const { mappings: m } = state
    const vm = state.vms.get(vmId)
    const refs: Ref[] = [
      { kind: 'va', id: va },
      { kind: 'vm', id: vmId }
    ]
    const evidence = { iova: hex(iova), bytes, offset }
    const known = m.byVa.get(va)
    if (known >= 0 && m.traced.at(known) === 1)
      bench.say('S5', `twice ${va}`, time, refs, `VA ${va} was inserted twice`, evidence)
    // the mapping is in the state only after this event, and its objects are looked up when it is said
    const after = (run: () => void): void => bench.later(time + REORDER, run)
    if (vm && vm.size > 0 && (iova < vm.base || iova + bytes > vm.base + vm.size))
      after(() =>
        bench.say('S2', `range ${va}`, time, refs, `VA ${va} lies outside the range of its VM`, {
          ...evidence,
          vmBase: hex(vm.base),
          vmBytes: vm.size
        })
      )
    for (const other of vm?.space.touching(iova, iova + bytes, (i) => m.iova.at(i) + m.bytes.at(i)) ?? [])
      after(() => {
        const index = m.byVa.get(va)
        if (index < 0 || index === other || Math.min(m.end.at(index), m.end.at(other)) <= time) return
        const [a, b] = [m.va.at(other), va]
        bench.say(
          'S2',
          `overlap ${a} ${b}`,
          time,
          [{ kind: 'va', id: a }, ...refs],
          `VA ${b} was inserted over VA ${a}, which was not removed`,
          {
            ...evidence,
            otherIova: hex(m.iova.at(other)),
            otherBytes: m.bytes.at(other)
          }
        )
      })
    const bo = state.bos.get(boId)
    if (boId !== 0 && bo && bo.bytes > 0) {
      const objects: Ref[] = [...refs, { kind: 'bo', id: boId }]
      if (offset + bytes > bo.bytes)
        after(() =>
          bench.say('S8', `${va}`, time, objects, `VA ${va} reaches behind the end of BO ${boId}`, {
            ...evidence,
            boBytes: bo.bytes
          })
        )
      else if (vm?.mode === 'kernel-managed' && state.driver === 'msm' && (offset !== 0 || bytes !== bo.bytes))
        after(() =>
          bench.say(
            'S8',
            `${va}`,
            time,
            objects,
            `VA ${va} of a kernel-managed VM does not map the whole of BO ${boId}`,
            { ...evidence, boBytes: bo.bytes }
          )
        )
    }
    this.part(vmId, va, { iova, bytes }, boId, offset, time)
  }

  private remove(va: number, time: number): void {
    const { mappings: m } = this.bench.state
    const index = m.byVa.get(va)
    if (index < 0 || m.traced.at(index) === -1) return
    if (!m.live.has(index))
      this.bench.say(
        'S5',
        `removed twice ${va}`,
        time,
        [{ kind: 'va', id: va }, this.vmOf(index)],
        `VA ${va} was removed twice`,
        {
          before: m.end.at(index)
        }
      )
    else if (m.linked.at(index) === 1 && m.bo.at(index) !== 0) this.dangling.set(index, time)
  }

  private link(va: number, vmBo: number, time: number): void {
    const { bench } = this
    const { mappings: m, vmBos } = bench.state
    const index = m.byVa.get(va)
    if (index < 0) {
      if (time > bench.wholeSince)
        bench.say(
          'S5',
          `link ${va}`,
          time,
          [{ kind: 'vm_bo', id: vmBo }],
          `VA ${va} was linked before it was inserted`,
          {}
        )
      return
    }
    const refs: Ref[] = [{ kind: 'va', id: va }, { kind: 'vm_bo', id: vmBo }, this.vmOf(index)]
    if (m.linked.at(index) === 1 && m.traced.at(index) === 1)
      bench.say('S4', `linked twice ${va}`, time, refs, `VA ${va} was linked to vm_bo ${vmBo} while it was linked`, {})
    if (m.bo.at(index) === 0)
      bench.say('S3', `null ${va}`, time, refs, `VA ${va} has no BO and was linked to vm_bo ${vmBo}`, {})
    const at = vmBos.byId.get(vmBo)
    if (at < 0) return
    const [vm, bo] = [vmBos.vm.at(at), vmBos.bo.at(at)]
    if (m.bo.at(index) !== 0 && (vm !== m.vm.at(index) || bo !== m.bo.at(index)))
      bench.say(
        'S3',
        `${va}`,
        time,
        refs,
        `VA ${va} of VM ${m.vm.at(index)} and BO ${m.bo.at(index)} was linked to a vm_bo of VM ${vm} and BO ${bo}`,
        {}
      )
    const rival = (bench.state.bos.get(bo)?.vmBos ?? []).find(
      (i) => i !== at && vmBos.vm.at(i) === vm && vmBos.linked.at(i) > 0 && (vmBos.bits.at(i) & DEFERRED) === 0
    )
    if (rival === undefined) return
    bench.later(time + REORDER, () => {
      const lives = (i: number): boolean => vmBos.destroyed.at(i) > time && (vmBos.bits.at(i) & DEFERRED) === 0
      if (!lives(rival) || !lives(at) || vmBos.linked.at(rival) === 0) return
      const other = vmBos.id.at(rival)
      bench.say(
        'S1',
        `${other} ${vmBo}`,
        time,
        [
          { kind: 'vm_bo', id: other },
          { kind: 'vm_bo', id: vmBo },
          { kind: 'vm', id: vm },
          { kind: 'bo', id: bo }
        ],
        `VM ${vm} and BO ${bo} have two vm_bos with mappings, ${other} and ${vmBo}`,
        {}
      )
    })
  }

  private unlink(va: number, vmBo: number, time: number): void {
    const { bench } = this
    const { mappings: m, vmBos } = bench.state
    const index = m.byVa.get(va)
    if (index < 0) return
    this.dangling.delete(index)
    if (m.bo.at(index) === 0) return // the kernel returns at once
    const refs: Ref[] = [{ kind: 'va', id: va }, { kind: 'vm_bo', id: vmBo }, this.vmOf(index)]
    const linked = m.linked.at(index)
    if (linked !== 1)
      bench.say(
        'S4',
        `unlink ${va}`,
        time,
        refs,
        `VA ${va} was unlinked ${linked === 2 ? 'twice' : 'without having been linked'}`,
        {}
      )
    const at = vmBos.byId.get(vmBo)
    if (at >= 0 && vmBos.destroyed.at(at) < time - REORDER)
      bench.say(
        'S4',
        `late ${va}`,
        time,
        refs,
        `VA ${va} was unlinked from vm_bo ${vmBo} after that had been destroyed`,
        { destroyed: vmBos.destroyed.at(at) }
      )
  }

  private vmBoEnds(id: number, time: number): void {
    const { bench } = this
    const { vmBos } = bench.state
    const index = vmBos.byId.get(id)
    if (index < 0 || vmBos.linked.at(index) === 0) return
    bench.later(time + REORDER, () => {
      const linked = vmBos.linked.at(index)
      if (linked === 0) return
      bench.say(
        'S6',
        `${id}`,
        time,
        [
          { kind: 'vm_bo', id },
          { kind: 'vm', id: vmBos.vm.at(index) },
          { kind: 'bo', id: vmBos.bo.at(index) }
        ],
        `vm_bo ${id} was destroyed with ${linked} mappings linked to it`,
        { linked }
      )
    })
  }

  private split(e: EventCursor): void {
    const { state } = this.bench
    const { mappings: m } = state
    const index = m.byVa.get(e.get(Field.va))
    if (index < 0) return
    const [from, to] = [m.iova.at(index), m.iova.at(index) + m.bytes.at(index)]
    const lost = e.get(Field.iova) * state.pageSize
    const behind = lost + e.get(Field.range) * state.pageSize
    const va = m.va.at(index)
    if (lost < from || behind > to)
      this.bench.say(
        'S7',
        `lost ${va}`,
        e.time,
        [{ kind: 'va', id: va }, this.vmOf(index)],
        `VA ${va} lost a part that it did not have`,
        { iova: hex(lost), bytes: behind - lost }
      )
    const parts: Part[] = []
    if (lost > from) parts.push({ iova: from, bytes: lost - from })
    if (behind < to) parts.push({ iova: behind, bytes: to - behind })
    this.splits.set(m.vm.at(index), { index, time: e.time, parts })
  }

  /** An insert that lies in a mapping that was split and begins where a part must: it must be that part. */
  private part(vm: number, va: number, { iova, bytes }: Part, bo: number, offset: number, time: number): void {
    const split = this.splits.get(vm)
    const at = split?.parts.findIndex((p) => p.iova === iova) ?? -1
    if (!split || at < 0) return
    const { mappings: m } = this.bench.state
    const part = split.parts[at]!
    split.parts.splice(at, 1)
    const shift = iova - m.iova.at(split.index)
    const whole = m.offset.at(split.index) + shift
    const wrong =
      bytes !== part.bytes
        ? `is ${bytes} bytes long, not ${part.bytes}`
        : bo !== m.bo.at(split.index)
          ? `maps BO ${bo}, not ${m.bo.at(split.index)}`
          : bo !== 0 && offset !== whole
            ? `has offset ${hex(offset)}, not ${hex(whole)}`
            : ''
    if (wrong === '') return
    const from = m.va.at(split.index)
    this.bench.later(time + REORDER, () =>
      this.bench.say(
        'S7',
        `${va}`,
        time,
        [
          { kind: 'va', id: va },
          { kind: 'va', id: from },
          { kind: 'vm', id: vm }
        ],
        `What VA ${va} keeps of VA ${from} ${wrong}`,
        { iova: hex(iova) }
      )
    )
  }

  private vmEnds(id: number, time: number): void {
    const vm = this.bench.state.vms.get(id)
    if (!vm || (vm.live === 0 && vm.vmBos === 0)) return
    this.bench.later(time + REORDER, () => {
      if (vm.live === 0 && vm.vmBos === 0) return
      this.bench.say(
        'S9',
        `${id}`,
        time,
        [{ kind: 'vm', id }],
        `VM ${id} was destroyed with ${vm.live} mappings and ${vm.vmBos} vm_bos`,
        { mappings: vm.live, vmBos: vm.vmBos }
      )
    })
  }

  private vmOf(index: number): Ref {
    return { kind: 'vm', id: this.bench.state.mappings.vm.at(index) }
  }
}
