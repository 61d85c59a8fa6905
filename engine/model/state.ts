import {
  Flips,
  Mappings,
  Spans,
  type Bo,
  type Fb,
  type Marker,
  type ScenarioRecord,
  type Task,
  type Vm
} from './entities'
import { policyOf } from './policy'
import { Rates } from './rates'
import { RowAllocator } from './rows'

/**
 * All that is known of the objects of one session: columns for what there is much of, maps for the rest. It has the verbs of the
 * kernel's objects and keeps the sums; which frame or event calls which verb is engine/model/apply.ts and snapshot.ts.
 */
export class State {
  readonly vms = new Map<number, Vm>()
  readonly bos = new Map<number, Bo>()
  readonly fbs = new Map<number, Fb>()
  readonly vmBos = new Map<number, { vm: number; bo: number }>()
  readonly tasks = new Map<number, Task>()
  readonly names = new Map<number, string>()
  readonly mappings = new Mappings()
  /** VM_BIND jobs. */
  readonly jobs = new Spans()
  readonly submits = new Spans()
  readonly commits = new Spans()
  readonly flips = new Flips()
  readonly rates = new Rates()
  readonly markers: Marker[] = []
  readonly scenarios: ScenarioRecord[] = []
  liveBytes = 0
  pageSize = 4096
  driver = ''
  /** enum drm_gpuvm_flags of the board's kernel, by name. */
  flagValues: ReadonlyMap<string, number> = new Map()

  vm(id: number, time: number): Vm {
    let vm = this.vms.get(id)
    if (!vm) {
      vm = {
        id,
        name: '',
        flags: 0,
        mode: 'unknown',
        task: 0,
        traced: false,
        created: time,
        closed: null,
        destroyed: null,
        base: 0,
        size: 0,
        verdict: { policy: 'unknown', source: 'not seen yet' },
        rows: new RowAllocator(),
        live: 0,
        liveBytes: 0,
        vmBos: 0
      }
      this.vms.set(id, vm)
      this.judge(vm)
    }
    return vm
  }

  bo(id: number): Bo {
    let bo = this.bos.get(id)
    if (!bo) {
      bo = { id, name: '', bytes: 0, flags: 0, task: 0, created: null, destroyed: null, refcount: null, handles: [] }
      this.bos.set(id, bo)
    }
    return bo
  }

  /** Settles the policy of a VM again after a fact about it came in. */
  judge(vm: Vm): void {
    const { flags, mode, name } = vm
    vm.verdict = policyOf({ driver: this.driver, flags, flagValues: this.flagValues, mode, name })
  }

  sampleRefcount(bo: number, value: number, sampledAt: number): void {
    if (bo !== 0) this.bo(bo).refcount = { value, sampledAt }
  }

  /** `traced`: seen as an event and counted as a MAP; false for what a snapshot found. A VA that is known stays as it is. */
  insert(m: NewMapping, time: number, traced: boolean): void {
    if (traced) {
      this.rates.add('maps', time, 1)
      if (m.bo !== 0) this.rates.add('mapped', time, m.bytes)
    }
    const all = this.mappings
    if (all.byVa.get(m.va) >= 0) return
    const vm = this.vm(m.vm, time)
    const { bucket, row } = vm.rows.take(m.iova)
    all.vm.push(m.vm)
    all.bo.push(m.bo)
    all.vmBo.push(m.vmBo)
    all.iova.push(m.iova)
    all.bytes.push(m.bytes)
    all.offset.push(m.offset)
    all.flags.push(m.flags)
    all.traced.push(traced ? 1 : 0)
    all.start.push(time)
    all.end.push(Infinity)
    all.bucket.push(bucket)
    all.row.push(row)
    const index = all.va.push(m.va)
    all.byVa.set(m.va, index)
    all.live.add(index)
    vm.live++
    if (m.bo !== 0) this.addBytes(vm, time, m.bytes)
  }

  remove(va: number, time: number): void {
    this.rates.add('unmaps', time, 1)
    this.end(this.mappings.byVa.get(va), time) // unknown where its insert was lost, or was before tracing and in no snapshot
  }

  /** Ends a mapping whose remove was lost. */
  vanish(index: number, time: number): void {
    if (this.mappings.traced.at(index) === 1) this.mappings.traced.data[index] = -1
    this.end(index, time)
  }

  private end(index: number, time: number): void {
    const all = this.mappings
    if (!all.live.delete(index)) return
    all.end.data[index] = time
    const vm = this.vm(all.vm.at(index), time)
    vm.rows.release(all.bucket.at(index), all.row.at(index))
    vm.live--
    if (all.bo.at(index) !== 0) this.addBytes(vm, time, -all.bytes.at(index))
  }

  link(va: number, vmBo: number): void {
    const index = this.mappings.byVa.get(va)
    if (index >= 0) this.mappings.vmBo.data[index] = vmBo
  }

  createVmBo(id: number, vm: number, bo: number, time: number): void {
    if (this.vmBos.has(id)) return
    this.vmBos.set(id, { vm, bo })
    this.vm(vm, time).vmBos++
  }

  destroyVmBo(id: number, time: number): void {
    const vmBo = this.vmBos.get(id)
    if (!vmBo) return
    this.vmBos.delete(id)
    this.vm(vmBo.vm, time).vmBos--
  }

  private addBytes(vm: Vm, time: number, bytes: number): void {
    vm.liveBytes += bytes
    this.liveBytes += bytes
    this.rates.add('delta', time, bytes)
  }
}

export interface NewMapping {
  va: number
  vm: number
  bo: number
  vmBo: number
  iova: number
  bytes: number
  offset: number
  flags: number
}
