import { IdSet } from './ids'
import type { Bo, Fb, Job, Mapping, Submit, Vm, VmBo, Watcher } from './objects'

/** What lives at one moment of a session, and the verbs that change it. Knows nothing of frames and events. */
export class Lives {
  readonly vms = new Map<number, Vm>()
  readonly bos = new Map<number, Bo>()
  readonly vmBos = new Map<number, VmBo>()
  readonly mappings = new Map<number, Mapping>()
  readonly jobs = new Map<number, Job>()
  readonly submits = new Map<number, Submit>()
  /** The job of each VM whose page tables are being written: they run one after another. */
  readonly running = new Map<number, Job>()
  readonly fbs = new Map<number, Fb>()
  private readonly ended = { bo: new IdSet(), vmBo: new IdSet(), va: new IdSet() }
  /** The mapping that each VM split last, whose parts are still to come. */
  private readonly split = new Map<number, Mapping>()

  constructor(
    private readonly watcher: Watcher,
    private readonly pageSize: () => number
  ) {}

  vm(id: number): Vm {
    let vm = this.vms.get(id)
    if (!vm) {
      vm = {
        ...{ id, name: '', mode: 'unknown', flags: 0, task: 0, created: null, closed: null, destroyed: null },
        ...{
          basePages: 0,
          bytes: 0,
          inserted: 0,
          live: 0,
          liveBytes: 0,
          peakBytes: 0,
          space: new Map(),
          parts: new Set()
        }
      }
      this.vms.set(id, vm)
    }
    return vm
  }

  /** null for 0, which is no BO, and for one that has ended. */
  bo(id: number): Bo | null {
    if (id === 0 || this.ended.bo.has(id)) return null
    let bo = this.bos.get(id)
    if (!bo) {
      const unknown = { name: '', bytes: 0, flags: 0, task: 0, created: null, destroyed: null }
      bo = { id, ...unknown, handles: 0, lastClosed: null }
      this.bos.set(id, bo)
    }
    return bo
  }

  endBo(id: number, time: number): void {
    const bo = this.bo(id)
    if (!bo) return
    bo.destroyed = time
    this.bos.delete(id)
    this.ended.bo.add(id)
    this.watcher.bo?.(bo)
  }

  vmBo(id: number, vm: number, bo: number, created: number | null): void {
    const known = this.vmBos.get(id)
    if (known) known.created ??= created
    else if (!this.ended.vmBo.has(id)) {
      this.vm(vm)
      this.bo(bo)
      this.vmBos.set(id, { id, vm, bo, created, destroyed: null })
    }
  }

  endVmBo(id: number, time: number): void {
    const vmBo = this.vmBos.get(id)
    this.ended.vmBo.add(id)
    if (!vmBo) return
    vmBo.destroyed = time
    this.vmBos.delete(id)
    this.watcher.vmBo?.(vmBo)
  }

  /** `traced`: an insert; false for what a snapshot found. */
  insert(m: Omit<Mapping, 'lane' | 'written' | 'end' | 'removed' | 'reason' | 'removedBy'>): void {
    const known = this.mappings.get(m.va)
    if (known) {
      // found by a snapshot that overtook its insert
      if (m.traced && !known.traced) {
        known.traced = true
        known.start = m.start
        this.vm(m.vm).inserted++
      }
      return
    }
    if (this.ended.va.has(m.va)) return
    const vm = this.vm(m.vm)
    this.bo(m.bo)
    const whole = m.traced ? this.wholeOf(m) : null
    const mapping: Mapping = {
      ...m,
      ...{ flags: whole?.flags ?? m.flags, written: m.traced ? (whole?.written ?? null) : m.start },
      ...{ end: null, removed: false, reason: 0, removedBy: 0, lane: 0 }
    }
    if (whole?.written === null) vm.parts.add(mapping)
    this.mappings.set(m.va, mapping)
    vm.space.set(m.iovaPages, mapping)
    if (m.traced) vm.inserted++
    vm.live++
    if (m.bo !== 0) vm.liveBytes += m.pages * this.pageSize()
    vm.peakBytes = Math.max(vm.peakBytes, vm.liveBytes)
    this.watcher.mappingBegan?.(mapping)
  }

  /** `removed`: its removal was seen. */
  endMapping(va: number, time: number, removed: boolean, reason = 0, task = 0): void {
    const m = this.mappings.get(va)
    this.ended.va.add(va)
    if (!m) return
    this.mappings.delete(va)
    const vm = this.vm(m.vm)
    if (vm.space.get(m.iovaPages) === m) vm.space.delete(m.iovaPages)
    vm.parts.delete(m)
    vm.live--
    if (m.bo !== 0) vm.liveBytes -= m.pages * this.pageSize()
    m.end = time
    m.removed = removed
    m.reason = reason
    m.removedBy = task
    this.watcher.mapping?.(m)
  }

  /** The mapping is about to lose a part; what is left of it comes as new mappings. */
  remap(va: number): void {
    const m = this.mappings.get(va)
    if (m) this.split.set(m.vm, m)
  }

  /** A new request: what comes now are no parts of what was split before. */
  request(vm: number): void {
    this.split.delete(vm)
  }

  /** Page tables were written for a range. */
  written(vmId: number, iovaPages: number, pages: number, time: number): void {
    const vm = this.vms.get(vmId)
    if (!vm) return
    const exact = vm.space.get(iovaPages)
    if (exact?.pages === pages) this.write(vm, exact, time)
    const end = iovaPages + pages
    for (const m of vm.parts) if (m.iovaPages >= iovaPages && m.iovaPages + m.pages <= end) this.write(vm, m, time)
  }

  private write(vm: Vm, m: Mapping, time: number): void {
    vm.parts.delete(m)
    if (m.written !== null) return
    m.written = time
    this.watcher.mappingWritten?.(m, time, this.running.get(vm.id) ?? null)
  }

  job(id: number): Job {
    let job = this.jobs.get(id)
    if (!job) {
      const unknown = { queued: null, run: null, done: null, result: null, seconds: null, killed: 0, lane: 0 }
      job = { id, vm: 0, task: 0, ...unknown }
      this.jobs.set(id, job)
    }
    return job
  }

  endJob(job: Job, time: number): void {
    job.done = time
    this.jobs.delete(job.id)
    if (this.running.get(job.vm) === job) this.running.delete(job.vm)
    this.watcher.job?.(job)
  }

  submit(id: number): Submit {
    let submit = this.submits.get(id)
    if (!submit) {
      const unknown = { seqno: null, queued: null, flushed: null, retired: null, seconds: null }
      submit = { id, ring: 0, task: 0, ...unknown, lane: 0 }
      this.submits.set(id, submit)
    }
    return submit
  }

  endSubmit(submit: Submit, time: number): void {
    submit.retired = time
    this.submits.delete(submit.id)
    this.watcher.submit?.(submit)
  }

  endFb(id: number, time: number): void {
    const fb = this.fbs.get(id)
    if (!fb) return
    fb.destroyed = time
    this.fbs.delete(id)
    this.watcher.fb?.(fb)
  }

  /** The session is over: tells of all that still lives. */
  finish(): void {
    const { watcher } = this
    for (const m of this.mappings.values()) watcher.mapping?.(m)
    for (const v of this.vmBos.values()) watcher.vmBo?.(v)
    for (const job of this.jobs.values()) watcher.job?.(job)
    for (const submit of this.submits.values()) watcher.submit?.(submit)
    for (const fb of this.fbs.values()) watcher.fb?.(fb)
    for (const bo of this.bos.values()) watcher.bo?.(bo)
    for (const vm of this.vms.values()) watcher.vm?.(vm)
  }

  /** The mapping that was split and that this is a part of. */
  private wholeOf(m: {
    vm: number
    bo: number
    iovaPages: number
    pages: number
    offsetPages: number
  }): Mapping | null {
    const whole = this.split.get(m.vm)
    if (!whole || m.bo !== whole.bo) return null
    if (m.iovaPages < whole.iovaPages || m.iovaPages + m.pages > whole.iovaPages + whole.pages) return null
    return m.bo === 0 || m.offsetPages - m.iovaPages === whole.offsetPages - whole.iovaPages ? whole : null
  }
}
