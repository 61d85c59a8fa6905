import { newBo, settle } from './bos'
import { Column } from './columns'
import { RecentPtes } from './display'
import {
  FbOps,
  Flips,
  Jobs,
  Mappings,
  Requests,
  Spans,
  VmBos,
  type Bo,
  type Fb,
  type Marker,
  type ScenarioRecord,
  type Task,
  type Vm
} from './entities'
import { Gone } from './gone'
import { policyOf } from './policy'
import { Rates } from './rates'
import { RowAllocator } from './rows'
import { VaMap } from './vamap'

/** Bits of VmBos.bits. */
export const EVICTED = 1
export const DEFERRED = 2
export const FOUND = 4

/** TeardownReason of the wire. */
export const Reason = {
  none: 0,
  unmap: 1,
  close: 2,
  vmaPut: 3,
  purge: 4,
  evict: 5,
  free: 6,
  vmClose: 7,
  remap: 8,
  replace: 9
} as const

/** Its names as they are printed; the index is the number. */
export const REASONS = [
  'not told',
  'unmap',
  'handle close',
  'vma_put',
  'purge',
  'evict',
  'BO free',
  'VM close',
  'remap',
  'replace'
] as const

/**
 * All that is known of the objects of one session: columns for what there is much of, maps for the rest. It has the verbs of VMs, vm_bos and
 * mappings and keeps the sums; those of BOs are in bos.ts, of framebuffers in display.ts. Which frame or event calls which verb is
 * apply.ts, apply-msm.ts and snapshot.ts.
 */
export class State {
  readonly vms = new Map<number, Vm>()
  readonly bos = new Map<number, Bo>()
  readonly aliveBos = new Set<number>()
  /** By id, the newest of each: KMS gives ids again. */
  readonly fbs = new Map<number, Fb>()
  readonly fbHistory: Fb[] = []
  readonly fbOps = new FbOps()
  readonly recentPtes = new RecentPtes()
  readonly vmBos = new VmBos()
  readonly tasks = new Map<number, Task>()
  readonly names = new Map<number, string>()
  readonly mappings = new Mappings()
  readonly requests = new Requests()
  /** VM_BIND jobs. */
  readonly jobs = new Jobs()
  readonly submits = new Spans()
  readonly commits = new Spans()
  readonly flips = new Flips()
  readonly rates = new Rates()
  readonly markers: Marker[] = []
  readonly scenarios: ScenarioRecord[] = []
  /** The VM of an open file. */
  readonly vmOfFile = new Map<number, number>()
  /** VAs, vm_bos and BOs that ended, which a walk that is under way may still list. */
  readonly goneVas = new Gone()
  readonly goneVmBos = new Gone()
  readonly goneBos = new Gone()
  liveBytes = 0
  /** Bytes of BOs that only mappings keep alive. */
  readonly retained = { bytes: 0, peak: 0, peakAt: 0 }
  readonly memory = { evictions: 0, purges: 0, shrinks: 0, shrunkBytes: 0, throttlePeak: 0 }
  readonly gpuFaults: { time: number; iova: number; flags: number }[] = []
  pageSize = 4096
  driver = ''
  msmVersion = ''
  /** enum drm_gpuvm_flags of the board's kernel, by name. */
  flagValues: ReadonlyMap<string, number> = new Map()
  /** Page-table writes and splits are both traced, so that a mapping without them is known to be pending. */
  seesPtes = false
  /** By "vm PID" and "bo PID": the ids of what a process made, in order. */
  readonly ordinals = new Map<string, number[]>()
  /** The mapping that each VM split last, whose parts are still to come. */
  readonly split = new Map<number, number>()
  /** Parts of a mapping whose page tables are still to be written, as the whole. */
  readonly parts = new Set<number>()

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
        inserted: 0,
        mappedBytes: 0,
        peak: { mappings: 0, bytes: 0, at: time },
        vmBos: 0,
        mappings: new Set(),
        ended: new Column(16),
        space: new VaMap(),
        files: [],
        ordinal: 0,
        closeEnded: null,
        unusable: null,
        evictions: 0,
        changed: time
      }
      this.vms.set(id, vm)
      this.judge(vm)
    }
    return vm
  }

  bo(id: number): Bo {
    let bo = this.bos.get(id)
    if (!bo) {
      this.bos.set(id, (bo = newBo(id)))
      if (id !== 0) this.aliveBos.add(id)
    }
    return bo
  }

  /** Settles the policy of a VM again after a fact about it came in. */
  judge(vm: Vm): void {
    const { flags, mode, name } = vm
    const { driver, flagValues, msmVersion } = this
    vm.verdict = policyOf({ driver, flags, flagValues, mode, name, msmVersion })
  }

  /** Counts the objects that a process makes; answers which one this is, from 1. */
  nextOrdinal(what: 'vm' | 'bo', pid: number, id: number): number {
    const key = `${what} ${pid}`
    const made = this.ordinals.get(key) ?? []
    this.ordinals.set(key, made)
    return made.push(id)
  }

  /** The object that a process made as its n-th, from 1; 0: it made fewer. */
  made(what: 'vm' | 'bo', pid: number, ordinal: number): number {
    return this.ordinals.get(`${what} ${pid}`)?.[ordinal - 1] ?? 0
  }

  sampleRefcount(bo: number, value: number, sampledAt: number): void {
    if (bo !== 0) this.bo(bo).refcount = { value, sampledAt }
  }

  destroyBo(id: number, time: number): void {
    const bo = this.bo(id)
    bo.destroyed = time
    this.goneBos.add(id, time, true)
    bo.changed = time
    this.aliveBos.delete(id)
    settle(this, bo, time)
  }

  /** `traced`: seen as an event and counted as a MAP; false for what a snapshot found. A VA that is known stays as it is. */
  insert(m: NewMapping, time: number, traced: boolean): void {
    if (traced) {
      this.rates.add('maps', time, 1)
      if (m.bo !== 0) this.rates.add('mapped', time, m.bytes)
    }
    const all = this.mappings
    const known = all.byVa.get(m.va)
    if (known >= 0) {
      if (traced && all.traced.at(known) === 0) this.confirm(known, time)
      return
    }
    const vm = this.vm(m.vm, time)
    const { bucket, row } = vm.rows.take(m.iova)
    const index = all.next()
    all.vm.set(index, m.vm)
    all.bo.set(index, m.bo)
    all.vmBo.set(index, m.vmBo)
    all.iova.set(index, m.iova)
    all.bytes.set(index, m.bytes)
    all.offset.set(index, m.offset)
    all.flags.set(index, m.flags)
    all.traced.set(index, traced ? 1 : 0)
    all.start.set(index, time)
    all.end.set(index, Infinity)
    all.bucket.set(index, bucket)
    all.row.set(index, row)
    all.written.set(index, traced ? NaN : time)
    all.linked.set(index, traced ? 0 : m.bo === 0 ? 0 : 1)
    all.reason.set(index, Reason.none)
    all.removedBy.set(index, 0)
    all.request.set(index, -1)
    all.va.set(index, m.va)
    all.byVa.set(m.va, index)
    all.live.add(index)
    vm.live++
    vm.inserted++
    vm.peak.mappings = Math.max(vm.peak.mappings, vm.live)
    vm.changed = time
    vm.mappings.add(index)
    vm.space.insert(m.iova, index)
    if (traced) this.inherit(index, m)
    if (!traced) this.countLink(m.vmBo, 1)
    if (m.bo === 0) return
    const bo = this.bo(m.bo)
    ;(bo.mappings ??= new Set()).add(index)
    bo.changed = time
    vm.mappedBytes += m.bytes
    this.addBytes(vm, time, m.bytes)
    settle(this, bo, time)
  }

  /** The insert of a mapping that a snapshot had found came in later than the snapshot; its link is still to come. */
  private confirm(index: number, time: number): void {
    const all = this.mappings
    all.traced.data[index] = 1
    all.start.data[index] = time
    if (all.linked.at(index) === 1) this.countLink(all.vmBo.at(index), -1)
    all.linked.data[index] = 0
  }

  private countLink(vmBo: number, change: number): void {
    const index = this.vmBos.byId.get(vmBo)
    if (index >= 0) this.vmBos.linked.data[index] = Math.max(0, this.vmBos.linked.at(index) + change)
  }

  /** The mapping is about to lose a part; what is left of it comes as new mappings. */
  remap(va: number): void {
    const index = this.mappings.byVa.get(va)
    if (index >= 0) this.split.set(this.mappings.vm.at(index), index)
  }

  /** A part of a mapping that was split has the page tables of the whole. */
  private inherit(index: number, m: NewMapping): void {
    const whole = this.split.get(m.vm)
    if (whole === undefined) return
    const all = this.mappings
    const from = all.iova.at(whole)
    if (m.iova < from || m.iova + m.bytes > from + all.bytes.at(whole) || m.bo !== all.bo.at(whole)) return
    if (m.bo !== 0 && m.offset - m.iova !== all.offset.at(whole) - from) return
    all.written.data[index] = all.written.at(whole)
    all.flags.data[index] = all.flags.at(whole)
    if (Number.isNaN(all.written.at(whole))) this.parts.add(index)
  }

  /** Page tables were written for a range: what waited for it is mapped. */
  written(vmId: number, iova: number, bytes: number, time: number): void {
    const vm = this.vms.get(vmId)
    if (!vm) return
    const all = this.mappings
    const endOf = (i: number): number => all.iova.at(i) + all.bytes.at(i)
    for (const i of vm.space.touching(iova, iova + bytes, endOf)) {
      const whole = all.iova.at(i) === iova && all.bytes.at(i) === bytes
      if (!whole && !(this.parts.has(i) && all.iova.at(i) >= iova && endOf(i) <= iova + bytes)) continue
      this.parts.delete(i)
      if (Number.isNaN(all.written.at(i))) all.written.data[i] = time
      if (all.vmBo.at(i) !== 0) this.evict(all.vmBo.at(i), false, time)
    }
  }

  remove(va: number, time: number, reason: number = Reason.none, task = 0): void {
    this.rates.add('unmaps', time, 1)
    const index = this.mappings.byVa.get(va) // -1 where its insert was lost, or was before tracing and in no snapshot
    if (index < 0) this.goneVas.add(va, time)
    if (!this.mappings.live.has(index)) return
    this.goneVas.add(va, time, true)
    const all = this.mappings
    all.reason.data[index] = reason
    all.removedBy.data[index] = task
    if (reason === Reason.unmap || reason === Reason.remap || reason === Reason.replace)
      all.request.data[index] = this.requests.lastOfVm.get(all.vm.at(index)) ?? -1
    this.end(index, time)
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
    vm.changed = time
    vm.mappings.delete(index)
    vm.ended.push(index)
    vm.space.remove(all.iova.at(index), index)
    this.parts.delete(index)
    if (all.bo.at(index) === 0) return
    this.addBytes(vm, time, -all.bytes.at(index))
    // what ends makes no BO: one that is not known has gone
    const bo = this.bos.get(all.bo.at(index))
    if (!bo) return
    bo.mappings?.delete(index)
    if (bo.mappings?.size === 0) bo.mappings = null
    bo.changed = time
    settle(this, bo, time)
  }

  link(va: number, vmBo: number): void {
    const all = this.mappings
    const index = all.byVa.get(va)
    if (index >= 0) {
      all.vmBo.data[index] = vmBo
      all.linked.data[index] = 1
    }
    this.countLink(vmBo, 1)
  }

  unlink(va: number, vmBo: number): void {
    const index = this.mappings.byVa.get(va)
    if (index >= 0) this.mappings.linked.data[index] = 2
    this.countLink(vmBo, -1)
  }

  createVmBo(id: number, vmId: number, boId: number, time: number, found = false): void {
    const all = this.vmBos
    const known = all.byId.get(id)
    if (known >= 0) {
      // its creation came in later than the snapshot that had found it; so do its links
      if (!found && (all.bits.at(known) & FOUND) !== 0) {
        all.bits.data[known]! &= ~FOUND
        all.created.data[known] = time
        all.linked.data[known] = 0
      }
      return
    }
    const index = all.next()
    all.vm.set(index, vmId)
    all.bo.set(index, boId)
    all.created.set(index, time)
    all.destroyed.set(index, Infinity)
    all.linked.set(index, 0)
    all.bits.set(index, found ? FOUND : 0)
    all.id.set(index, id)
    all.byId.set(id, index)
    all.size++
    const vm = this.vm(vmId, time)
    vm.vmBos++
    vm.changed = time
    const bo = this.bo(boId)
    bo.vmBos.push(index)
    bo.changed = time
  }

  destroyVmBo(id: number, time: number): void {
    const all = this.vmBos
    const index = all.byId.get(id)
    if (index < 0) this.goneVmBos.add(id, time)
    if (index < 0 || all.destroyed.at(index) !== Infinity) return
    this.goneVmBos.add(id, time, true)
    all.destroyed.data[index] = time
    all.size--
    const vm = this.vm(all.vm.at(index), time)
    vm.vmBos--
    vm.changed = time
    const bo = this.bos.get(all.bo.at(index))
    if (!bo) return
    bo.vmBos = bo.vmBos.filter((i) => i !== index)
    bo.changed = time
  }

  /** Its last reference went, and its end was put off. */
  deferVmBo(id: number): void {
    const index = this.vmBos.byId.get(id)
    if (index >= 0) this.vmBos.bits.data[index]! |= DEFERRED
  }

  /** A vm_bo was evicted, or is no more. */
  evict(id: number, evicted: boolean, time: number): void {
    const all = this.vmBos
    const index = all.byId.get(id)
    if (index < 0 || ((all.bits.at(index) & EVICTED) !== 0) === evicted) return
    all.bits.data[index]! ^= EVICTED
    const times = all.evictions.get(index)
    if (times) times.push(time)
    else all.evictions.set(index, [time])
    if (evicted) this.vm(all.vm.at(index), time).evictions++
  }

  /** 1 live, 2 pending (its VM_BIND job has not written the page tables), 3 evicted, at a time when it lived. */
  mappingState(index: number, time: number): 1 | 2 | 3 {
    const all = this.mappings
    const vmBo = all.vmBo.at(index) === 0 ? -1 : this.vmBos.byId.get(all.vmBo.at(index))
    if (vmBo >= 0 && this.vmBos.evictedAt(vmBo, time)) return 3
    if (!this.seesPtes || this.vms.get(all.vm.at(index))?.mode !== 'vm-bind') return 1
    return all.written.at(index) <= time ? 1 : 2
  }

  request(map: boolean, m: Omit<NewMapping, 'va' | 'vmBo'>, task: number, time: number): void {
    const { requests } = this
    const index = requests.next()
    requests.map.set(index, map ? 1 : 0)
    requests.task.set(index, task)
    requests.vm.set(index, m.vm)
    requests.bo.set(index, m.bo)
    requests.iova.set(index, m.iova)
    requests.bytes.set(index, m.bytes)
    requests.offset.set(index, m.offset)
    requests.time.set(index, time)
    requests.lastOfVm.set(m.vm, index)
    requests.vmOfTask.set(task, m.vm)
    this.split.delete(m.vm)
  }

  private addBytes(vm: Vm, time: number, bytes: number): void {
    vm.liveBytes += bytes
    if (vm.liveBytes > vm.peak.bytes) {
      vm.peak.bytes = vm.liveBytes
      vm.peak.at = time
    }
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
