import type { EventCursor } from '../model/observer'
import { Reason } from '../model/state'
import { Field, Kind } from '../wire/schema'
import { REORDER, type Bench } from './bench'
import type { Family } from './family'
import { GpuVm, same, type Steps, type Va } from './gpuvm'
import { hex } from './text'

interface Expected extends Steps {
  task: number
  time: number
  /** What was asked for; put into words when there is something to say. */
  map: boolean
  asked: Va
}

interface Oracle {
  vm: GpuVm
  /** What the newest request still has to do. */
  expected: Expected | null
}

/**
 * O1: each request to change a VM is put to the reference model (gpuvm.ts), and the mappings that come and go are held against what it says.
 * A VM's requests are serialised by its reservation lock, so one is over when the next begins, or when its VM_BIND returns.
 */
export class OracleRule implements Family {
  private readonly oracles = new Map<number, Oracle>()

  constructor(private readonly bench: Bench) {}

  event(e: EventCursor): void {
    if (this.bench.silent.has('O1')) return
    switch (e.kind) {
      case Kind.SmMap:
      case Kind.SmUnmap:
        this.request(e)
        break
      case Kind.SmKeep:
        this.keep(e.get(Field.va))
        break
      case Kind.VaRemove:
        this.remove(e.get(Field.va), e.optional(Field.reason, Reason.none), e.time)
        break
      case Kind.VaInsert:
        this.insert(e)
        break
      case Kind.VmBind:
        this.returned(e.get(Field.task), e.get(Field.result))
        break
      case Kind.VmUnusable: {
        // it stopped half way, and nobody says where
        const oracle = this.oracles.get(e.get(Field.vm))
        if (oracle) oracle.expected = null
        this.oracles.delete(e.get(Field.vm))
        break
      }
      case Kind.VmDestroy:
        this.oracles.delete(e.get(Field.vm))
        break
    }
  }

  forget(): void {
    this.oracles.clear()
  }

  private request(e: EventCursor): void {
    const { state } = this.bench
    const id = e.get(Field.vm)
    const vm = state.vms.get(id)
    const known = this.bench.certain({ kind: 'vm', id }, false, e.time)
    if (!vm || !known || vm.unusable !== null) return
    let oracle = this.oracles.get(id)
    if (!oracle) this.oracles.set(id, (oracle = { vm: this.traced(id), expected: null }))
    this.over(id, oracle)
    const iova = e.get(Field.iova) * state.pageSize
    const bytes = e.get(Field.range) * state.pageSize
    const map = e.kind === Kind.SmMap
    const asked: Va = {
      iova,
      bytes,
      bo: map ? e.get(Field.bo) : 0,
      offset: map ? e.get(Field.offset) * state.pageSize : 0,
      flags: map ? e.get(Field.flags) : 0
    }
    const steps = map ? oracle.vm.map(asked) : oracle.vm.unmap(iova, bytes)
    oracle.expected = { ...steps, task: e.get(Field.task), time: e.time, map, asked }
  }

  private keep(va: number): void {
    const { mappings: m } = this.bench.state
    const index = m.byVa.get(va)
    const oracle = index < 0 ? undefined : this.oracles.get(m.vm.at(index))
    if (!oracle?.expected) return
    const { keep } = oracle.expected
    if (keep && same(keep, this.vaOf(index))) oracle.expected.keep = null
    else this.wrong(m.vm.at(index), oracle, `kept VA ${va}`, `keep ${va}`)
  }

  private remove(va: number, reason: number, time: number): void {
    const { mappings: m, vms } = this.bench.state
    const index = m.byVa.get(va)
    const oracle = index < 0 ? undefined : this.oracles.get(m.vm.at(index))
    if (!oracle) return
    const gone = this.vaOf(index)
    const removes = oracle.expected?.removes ?? []
    const at = removes.findIndex((v) => same(v, gone))
    if (at >= 0) removes.splice(at, 1)
    else if (reason >= Reason.close && reason <= Reason.vmClose) oracle.vm.drop(gone.iova)
    else if (reason === Reason.none && vms.get(m.vm.at(index))?.closed !== null) oracle.vm.drop(gone.iova)
    else this.wrong(m.vm.at(index), oracle, `removed VA ${va}, ${text(gone)}`, `remove ${va}`, time)
  }

  private insert(e: EventCursor): void {
    const id = e.get(Field.vm)
    const oracle = this.oracles.get(id)
    if (!oracle) return
    const { pageSize } = this.bench.state
    const va: Va = {
      iova: e.get(Field.iova) * pageSize,
      bytes: e.get(Field.range) * pageSize,
      bo: e.get(Field.bo),
      offset: e.get(Field.offset) * pageSize,
      flags: 0
    }
    const inserts = oracle.expected?.inserts ?? []
    const at = inserts.findIndex((v) => same(v, va))
    if (at >= 0) inserts.splice(at, 1)
    else this.wrong(id, oracle, `inserted ${text(va)}`, `insert ${e.get(Field.va)}`, e.time)
  }

  /** VM_BIND of a task returned: its newest request is done. A failed one may have stopped anywhere. */
  private returned(task: number, result: number): void {
    const id = this.bench.state.requests.vmOfTask.get(task)
    const oracle = id === undefined ? undefined : this.oracles.get(id)
    if (!oracle?.expected || oracle.expected.task !== task) return
    if (result === 0) this.over(id!, oracle)
    else this.oracles.delete(id!)
  }

  private over(id: number, oracle: Oracle): void {
    const { expected } = oracle
    if (!expected) return
    const missing = [
      ...expected.removes.map((v) => `did not remove ${text(v)}`),
      ...expected.inserts.map((v) => `did not insert ${text(v)}`),
      ...(expected.keep && this.bench.keepsTraced ? [`did not keep ${text(expected.keep)}`] : [])
    ]
    if (missing.length > 0) this.wrong(id, oracle, missing.join(', '), `over ${expected.time}`)
    oracle.expected = null
  }

  /** Says what the kernel did otherwise, and goes on from what it did. */
  private wrong(id: number, oracle: Oracle, did: string, key: string, at?: number): void {
    const { expected } = oracle
    const time = at ?? expected?.time ?? this.bench.now
    const what = expected ? `${words(expected)}: the kernel ${did}` : `Without a request the kernel ${did}`
    this.bench.later(time + REORDER, () =>
      this.bench.say('O1', `${id} ${key}`, time, [{ kind: 'vm', id }], `VM ${id}: ${what}`, {
        requested: expected?.time ?? 'nothing'
      })
    )
    this.oracles.delete(id)
  }

  /** The VA space as it is traced now. */
  private traced(id: number): GpuVm {
    const vm = this.bench.state.vms.get(id)!
    return new GpuVm([...vm.mappings].map((i) => this.vaOf(i)))
  }

  private vaOf(index: number): Va {
    const { mappings: m } = this.bench.state
    return {
      iova: m.iova.at(index),
      bytes: m.bytes.at(index),
      bo: m.bo.at(index),
      offset: m.offset.at(index),
      flags: m.flags.at(index)
    }
  }
}

function words({ map, asked }: Expected): string {
  const { iova, bytes, bo, offset } = asked
  const range = `${hex(iova)}..${hex(iova + bytes)}`
  if (!map) return `UNMAP ${range}`
  return bo === 0 ? `MAP_NULL ${range}` : `MAP ${range} of BO ${bo} + ${hex(offset)}`
}

function text({ iova, bytes, bo, offset }: Va): string {
  return `${hex(iova)}..${hex(iova + bytes)} of ${bo === 0 ? 'MAP_NULL' : `BO ${bo} + ${hex(offset)}`}`
}
