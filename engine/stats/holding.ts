import type { EventCursor } from '../model/observer'
import { FOUND, Reason, REASONS, type State } from '../model/state'
import { Field, Kind } from '../wire/schema'
import { Distribution } from './distribution'

/** What happens within the closing of a handle; with any other event the task has gone on. */
const WITHIN_CLOSE: ReadonlySet<number> = new Set([
  Kind.VaRemove,
  Kind.VmBoDestroy,
  Kind.BoDestroy,
  Kind.HandleClosed,
  Kind.VmaRef
])

/** What one VM did with its mappings. */
export class VmHolding {
  /** Inserts seen. */
  made = 0
  ended = 0
  /** Ended, but older than tracing or touched by a loss: how long they lived is not known. */
  unknownLifetimes = 0
  readonly lifetimes = new Distribution()
  /** Removes by the name of their reason. */
  readonly teardown: Record<string, number> = {}
  /** How often a BO had so many references right after its vm_bo was made. */
  readonly refcountsAtVmBoCreate: Record<number, number> = {}
  peakMappings = 0
  peakBytes = 0
  /** How long mappings lived on with no handle to their BO. */
  readonly withoutHandle = new Distribution()
  /** Mapped bytes of BOs that had handles and have none. */
  withoutHandleBytes = 0
  withoutHandlePeakBytes = 0
  /** Mappings that lived on with neither a handle to their BO nor a framebuffer of it on the screen. */
  outlived = 0
}

/** What VMs map and for how long, why it goes, and what of it outlives the handles of its BO. */
export class Holding {
  readonly vms = new Map<number, VmHolding>()
  readonly lifetimes = new Distribution()
  readonly boLifetimes = new Distribution()
  readonly vmBoLifetimes = new Distribution()
  peakBytes = 0
  peakBytesAt = 0
  peakMappings = 0
  firstChange: number | null = null
  lastChange = 0
  inserts = 0
  removes = 0
  mappedBytes = 0
  /** Mappings without a handle by VA id, since when. */
  private readonly since = new Map<number, number>()
  /** The BO whose last handle a task is closing: what goes meanwhile, or with the BO's end that may follow at once, does not outlive it. */
  private readonly closing = new Map<number, { bo: number; since: number }>()
  /** Mappings that are counted as outlived. */
  private readonly outliving = new Set<number>()
  /** Told of each mapping that outlives, by its index. */
  onOutlive: (index: number) => void = () => undefined

  constructor(private readonly state: State) {}

  vm(id: number): VmHolding {
    let vm = this.vms.get(id)
    if (!vm) this.vms.set(id, (vm = new VmHolding()))
    return vm
  }

  /** Before the state takes it in. */
  event(e: EventCursor): void {
    if (this.closing.size > 0 && !WITHIN_CLOSE.has(e.kind)) this.goOn(e.optional(Field.task, 0))
    const { state } = this
    switch (e.kind) {
      case Kind.VaInsert:
      case Kind.VaRemove:
        this.peaks(e.get(Field.vm), e.time)
        this.firstChange ??= e.time
        this.lastChange = e.time
        if (e.kind === Kind.VaInsert) this.insert(e)
        else this.remove(e)
        break
      case Kind.VmBoCreate: {
        const { refcountsAtVmBoCreate: counts } = this.vm(e.get(Field.vm))
        const refcount = e.get(Field.refcount)
        counts[refcount] = (counts[refcount] ?? 0) + 1
        break
      }
      case Kind.VmBoDestroy: {
        const { byId, created, bits } = state.vmBos
        const index = byId.get(e.get(Field.vmBo))
        if (index >= 0 && (bits.at(index) & FOUND) === 0) this.vmBoLifetimes.add(e.time - created.at(index))
        break
      }
      case Kind.BoDestroy: {
        const created = state.bos.get(e.get(Field.bo))?.created ?? null
        if (created !== null) this.boLifetimes.add(e.time - created)
        break
      }
      case Kind.HandleClose: {
        const bo = state.bos.get(e.get(Field.bo))
        if (bo?.mappings && bo.handleCount <= 1) this.closing.set(e.get(Field.task), { bo: bo.id, since: e.time })
        break
      }
      case Kind.FbCleanup:
        if (e.get(Field.count) === 0)
          for (const bo of state.fbs.get(e.get(Field.fb))?.planes ?? []) this.outlive(bo, e.get(Field.fb))
        break
      case Kind.HandleOpen: {
        const bo = state.bos.get(e.get(Field.bo))
        for (const index of bo?.mappings ?? []) this.stop(state.mappings.va.at(index), e.time)
        break
      }
    }
  }

  private insert(e: EventCursor): void {
    const vm = this.vm(e.get(Field.vm))
    const bytes = e.get(Field.range) * this.state.pageSize
    vm.made++
    this.inserts++
    const bo = this.state.bos.get(e.get(Field.bo))
    if (e.get(Field.bo) !== 0) this.mappedBytes += bytes
    if (bo?.hadHandle && bo.handleCount === 0) this.start(e.get(Field.va), e.get(Field.vm), bytes, e.time)
  }

  private remove(e: EventCursor): void {
    const { mappings: m } = this.state
    const vm = this.vm(e.get(Field.vm))
    const reason = e.optional(Field.reason, Reason.none)
    const name = REASONS[reason] ?? `reason ${reason}`
    vm.teardown[name] = (vm.teardown[name] ?? 0) + 1
    vm.ended++
    this.removes++
    const index = m.byVa.get(e.get(Field.va))
    if (index < 0 || m.traced.at(index) !== 1) vm.unknownLifetimes++
    else {
      vm.lifetimes.add(e.time - m.start.at(index))
      this.lifetimes.add(e.time - m.start.at(index))
    }
    this.stop(e.get(Field.va), e.time)
  }

  /** A mapping ended, or its BO got a handle again. */
  private stop(va: number, time: number): void {
    this.outliving.delete(va)
    const since = this.since.get(va)
    if (since === undefined) return
    this.since.delete(va)
    const { mappings: m } = this.state
    const index = m.byVa.get(va)
    if (index < 0) return
    const vm = this.vm(m.vm.at(index))
    vm.withoutHandleBytes -= m.bytes.at(index)
    vm.withoutHandle.add(time - since)
  }

  private start(va: number, id: number, bytes: number, time: number): void {
    if (this.since.has(va)) return
    this.since.set(va, time)
    const vm = this.vm(id)
    vm.withoutHandleBytes += bytes
    vm.withoutHandlePeakBytes = Math.max(vm.withoutHandlePeakBytes, vm.withoutHandleBytes)
  }

  /** The task does something else: what is still mapped of the BO whose handle it closed has outlived it. */
  private goOn(task: number): void {
    const closed = this.closing.get(task)
    if (!closed) return
    this.closing.delete(task)
    const bo = this.state.bos.get(closed.bo)
    if (!bo || bo.handleCount > 0) return
    const { mappings: m } = this.state
    for (const index of bo.mappings ?? [])
      this.start(m.va.at(index), m.vm.at(index), m.bytes.at(index), Math.max(closed.since, m.start.at(index)))
    this.outlive(bo.id, 0)
  }

  /** A BO has no handle; `leaving`: its framebuffer that is leaving the screen. */
  private outlive(id: number, leaving: number): void {
    const bo = this.state.bos.get(id)
    if (!bo?.mappings || !bo.hadHandle || bo.handleCount > 0 || this.onScreen(id, leaving)) return
    const { mappings: m } = this.state
    for (const index of bo.mappings) {
      if (this.outliving.has(m.va.at(index))) continue
      this.outliving.add(m.va.at(index))
      this.vm(m.vm.at(index)).outlived++
      this.onOutlive(index)
    }
  }

  private onScreen(bo: number, leaving: number): boolean {
    for (const fb of this.state.fbs.values())
      if (fb.id !== leaving && fb.destroyed === null && (fb.prepared?.value ?? 0) > 0 && fb.planes.includes(bo))
        return true
    return false
  }

  private peaks(id: number, time: number): void {
    const { state } = this
    if (state.liveBytes > this.peakBytes) {
      this.peakBytes = state.liveBytes
      this.peakBytesAt = time
    }
    this.peakMappings = Math.max(this.peakMappings, state.mappings.live.size)
    const live = state.vms.get(id)
    if (!live) return
    const vm = this.vm(id)
    vm.peakMappings = Math.max(vm.peakMappings, live.live)
    vm.peakBytes = Math.max(vm.peakBytes, live.liveBytes)
  }

  /** Removes of all VMs by the name of their reason. */
  teardown(): Record<string, number> {
    const all: Record<string, number> = {}
    for (const vm of this.vms.values())
      for (const [reason, n] of Object.entries(vm.teardown)) all[reason] = (all[reason] ?? 0) + n
    return all
  }

  /** The stream is over: what lives, lives on. Answers mappings that still live without a handle, by VM. */
  finish(time: number): Map<number, number> {
    for (const task of [...this.closing.keys()]) this.goOn(task)
    for (const id of this.state.vms.keys()) this.peaks(id, time)
    const left = new Map<number, number>()
    const { mappings: m } = this.state
    for (const va of this.since.keys()) {
      const index = m.byVa.get(va)
      // a snapshot after a loss may have shown that it has gone
      if (!m.live.has(index)) continue
      const vm = m.vm.at(index)
      left.set(vm, (left.get(vm) ?? 0) + 1)
    }
    return left
  }
}
