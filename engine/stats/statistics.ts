import type { EventCursor, Observer } from '../model/observer'
import type { SessionModel } from '../model/session'
import { Field, Kind } from '../wire/schema'
import { Churn, type ChurnFigures } from './churn'
import { Distribution, type Quantiles } from './distribution'
import { Holding, VmHolding } from './holding'
import type { HistogramBin } from './lifetimes'
import { BindPhases, FlipPhases } from './phases'
import { spaceOf, Spaces, type SpaceFigures } from './space'
import { Steps, type StepFigures } from './steps'
import { Track } from './track'

/** Figures of one VM. */
export interface VmStatistics {
  id: number
  name: string
  mode: 'kernel-managed' | 'vm-bind' | 'unknown'
  policy: string
  pid: number
  comm: string
  /** Which VM of its process it is, from 1; 0: made before tracing, or by the kernel. */
  ordinal: number
  mappingsMade: number | null
  mappingsEnded: number | null
  mappingsLive: number
  mappedBytesLive: number
  peakMappings: number
  peakMappedBytes: number
  /** Of mappings that began and ended while traced. */
  lifetimes: (Quantiles & { unknown: number; histogram: HistogramBin[] }) | null
  /** Removes by reason; null where the reason is not told. */
  teardown: Record<string, number> | null
  churn: ChurnFigures | null
  space: { atEnd: SpaceFigures | null; fullest: SpaceFigures | null }
  /** How often a BO had so many references when its vm_bo had just been made. */
  refcountsAtVmBoCreate: Record<string, number> | null
  /**
   * Mappings that lived while their BO had no handle any more: how long those that ended did, how many still do, and how much it was at
   * most; and how many of them lived on with no framebuffer of it on the screen either.
   */
  withoutHandle: (Quantiles & { live: number; peakBytes: number; outlived: number }) | null
}

/** Figures of a session. Durations are seconds, sizes bytes; null: not seen on this board, or nothing to tell it from. */
export interface Statistics {
  seconds: number
  events: number
  /** Events were lost: counts are of what was seen, so at least these, and durations that touch a loss are left out. */
  lossy: boolean
  /** Why figures are null, by their name. */
  notSeen: Record<string, string>
  rates: {
    /** From the first to the last insert or remove. */
    activeSeconds: number | null
    insertsPerSecond: number | null
    removesPerSecond: number | null
    mappedBytesPerSecond: number | null
    flipsPerSecond: number | null
    eventsPerSecond: number | null
  }
  bytes: {
    mapped: number | null
    mappedLive: number
    mappedPeak: number
    mappedPeakAtSeconds: number | null
    /** Of BOs that only mappings keep alive. */
    retainedLive: number
    retainedPeak: number
    retainedPeakAtSeconds: number | null
  }
  objects: {
    vms: number
    bos: number | null
    vmBos: number | null
    mappings: number | null
    framebuffers: number | null
  }
  vmBind: {
    operations: number | null
    failed: number | null
    ioctl: Quantiles | null
    queue: Quantiles | null
    run: Quantiles | null
    done: Quantiles | null
    /** From the queueing of a job to its fence. */
    whole: Quantiles | null
  }
  flips: {
    count: number | null
    commitToFlip: Quantiles | null
    commit: Quantiles | null
    map: Quantiles | null
    unmap: Quantiles | null
    /** Mappings made in the display's VM for each flip. */
    mappingsPerFlip: number | null
    /** Page-table operations in the display's VM for each flip. */
    pageTableOperationsPerFlip: number | null
  }
  lifetimes: { mappings: Quantiles | null; vmBos: Quantiles | null; bos: Quantiles | null }
  churn: ChurnFigures | null
  teardown: Record<string, number> | null
  vms: VmStatistics[]
  steps: StepFigures[]
}

/** msm's display VM (msm_kms.c, 7.3). */
const DISPLAY_VM = 'mdp_kms'

/** Gathers the figures of a session while it is built; memory does not grow with its length. Add it to the model before the first frame. */
export class StatisticsCollector implements Observer {
  readonly retained = new Track()
  readonly mapped = new Track()
  readonly binds: BindPhases
  readonly flips = new FlipPhases()
  private readonly churn: Churn
  private readonly spaces: Spaces
  readonly holding: Holding
  private readonly steps: Steps
  private displayPtes = 0
  private before = { retained: -1, mapped: -1 }

  constructor(private readonly model: SessionModel) {
    const { state } = model
    this.binds = new BindPhases(state)
    this.churn = new Churn(state)
    this.spaces = new Spaces(state)
    this.holding = new Holding(state)
    this.steps = new Steps(state)
    model.observers.push(this)
  }

  event(e: EventCursor): void {
    this.course(e.time)
    this.binds.event(e)
    this.flips.event(e)
    this.churn.event(e)
    this.spaces.event(e)
    this.holding.event(e)
    this.steps.event(e)
    if ((e.kind === Kind.PteMap || e.kind === Kind.PteUnmap) && this.isDisplay(e.get(Field.vm))) this.displayPtes++
  }

  snapshot(): void {}
  checkpoint(): void {}
  clock(): void {}

  lost(): void {
    this.binds.lost()
    this.flips.lost()
    this.churn.lost()
  }

  /** What the events before this one made of the two courses. */
  private course(time: number): void {
    const { retained, liveBytes } = this.model.state
    if (retained.bytes !== this.before.retained) this.retained.set(time, (this.before.retained = retained.bytes))
    if (liveBytes !== this.before.mapped) this.mapped.set(time, (this.before.mapped = liveBytes))
  }

  /** The figures of all that was taken in. Call it when the stream is over. */
  result(): Statistics {
    const { model, holding } = this
    const { state } = model
    this.course(model.end)
    const left = holding.finish(model.end)
    for (const vm of state.vms.values()) this.spaces.look(vm, model.end)
    const notSeen: Record<string, string> = {}
    const seen = <T>(name: string, kinds: readonly number[], value: () => T): T | null => {
      const why = kinds.map((kind) => model.missing(kind)).find((reason) => reason !== null)
      if (why === undefined) return value()
      notSeen[name] = why
      return null
    }
    const quantiles = (name: string, kinds: readonly number[], d: Distribution): Quantiles | null =>
      seen(name, kinds, () => d.quantiles())
    const { VaInsert, VaRemove, FlipDone } = Kind
    const active = holding.firstChange === null ? null : holding.lastChange - holding.firstChange
    const per = (count: number, seconds: number | null): number | null =>
      seconds === null || seconds <= 0 ? null : count / seconds
    const inserts = seen('inserts', [VaInsert], () => holding.inserts)
    const flips = seen('flips.count', [FlipDone], () => this.flips.flips)
    const reasons = seen('teardown', [VaRemove], () => model.hasColumn(VaRemove, Field.reason)) === true
    if (!reasons) notSeen.teardown ??= 'va-remove does not tell its reason'
    return {
      seconds: model.end,
      events: model.events,
      lossy: model.lost.size > 0 || model.gaps > 0 || model.faults.length > 0,
      notSeen,
      rates: {
        activeSeconds: active,
        insertsPerSecond: inserts === null ? null : per(inserts, active),
        removesPerSecond: seen('removes', [VaRemove], () => per(holding.removes, active)),
        mappedBytesPerSecond: inserts === null ? null : per(holding.mappedBytes, active),
        flipsPerSecond: flips === null ? null : per(flips, model.end),
        eventsPerSecond: per(model.events, model.end)
      },
      bytes: {
        mapped: inserts === null ? null : holding.mappedBytes,
        mappedLive: state.liveBytes,
        mappedPeak: holding.peakBytes,
        mappedPeakAtSeconds: holding.peakBytes > 0 ? holding.peakBytesAt : null,
        retainedLive: state.retained.bytes,
        retainedPeak: state.retained.peak,
        retainedPeakAtSeconds: state.retained.peak > 0 ? state.retained.peakAt : null
      },
      objects: {
        vms: state.vms.size,
        bos: seen('objects.bos', [Kind.BoCreate], () => model.counts.get(Kind.BoCreate) ?? 0),
        vmBos: seen('objects.vmBos', [Kind.VmBoCreate], () => model.counts.get(Kind.VmBoCreate) ?? 0),
        mappings: inserts,
        framebuffers: seen('objects.framebuffers', [Kind.FbCreate], () => model.counts.get(Kind.FbCreate) ?? 0)
      },
      vmBind: {
        operations: seen('vmBind.operations', [Kind.VmBind], () => this.binds.operations),
        failed: seen('vmBind.failed', [Kind.VmBind], () => this.binds.failed),
        ioctl: quantiles('vmBind.ioctl', [Kind.VmBind], this.binds.ioctl),
        queue: quantiles('vmBind.queue', [Kind.JobQueue, Kind.JobRun], this.binds.queue),
        run: quantiles('vmBind.run', [Kind.VmBindRun], this.binds.run),
        done: quantiles('vmBind.done', [Kind.JobQueue, Kind.VmBindRun, Kind.JobDone], this.binds.done),
        whole: quantiles('vmBind.whole', [Kind.JobQueue, Kind.JobDone], this.binds.whole)
      },
      flips: {
        count: flips,
        commitToFlip: quantiles('flips.commitToFlip', [Kind.CommitBegin, FlipDone], this.flips.commitToFlip),
        commit: quantiles('flips.commit', [Kind.CommitBegin, Kind.CommitEnd], this.flips.commit),
        map: quantiles('flips.map', [Kind.FbPrepare], this.flips.map),
        unmap: quantiles('flips.unmap', [Kind.FbCleanup], this.flips.unmap),
        mappingsPerFlip: flips === null || inserts === null ? null : per(this.displayMappings(), flips),
        pageTableOperationsPerFlip: seen(
          'flips.pageTableOperationsPerFlip',
          [Kind.PteMap, Kind.PteUnmap, FlipDone],
          () => per(this.displayPtes, this.flips.flips)
        )
      },
      lifetimes: {
        mappings: quantiles('lifetimes.mappings', [VaInsert, VaRemove], holding.lifetimes),
        vmBos: quantiles('lifetimes.vmBos', [Kind.VmBoCreate, Kind.VmBoDestroy], holding.vmBoLifetimes),
        bos: quantiles('lifetimes.bos', [Kind.BoCreate, Kind.BoDestroy], holding.boLifetimes)
      },
      churn: seen('churn', [VaInsert, VaRemove, Kind.SmMap], () => this.churn.total()),
      teardown: reasons ? holding.teardown() : null,
      vms: [...state.vms.values()].map((vm) => {
        const held = holding.vms.get(vm.id) ?? new VmHolding()
        const whole = inserts !== null && model.missing(VaRemove) === null
        return {
          id: vm.id,
          name: vm.name,
          mode: vm.mode,
          policy: vm.verdict.policy,
          pid: state.tasks.get(vm.task)?.pid ?? 0,
          comm: state.tasks.get(vm.task)?.comm ?? '',
          ordinal: vm.ordinal,
          mappingsMade: inserts === null ? null : held.made,
          mappingsEnded: whole ? held.ended : null,
          mappingsLive: vm.live,
          mappedBytesLive: vm.liveBytes,
          peakMappings: Math.max(held.peakMappings, vm.live),
          peakMappedBytes: Math.max(held.peakBytes, vm.liveBytes),
          lifetimes: whole
            ? { ...held.lifetimes.quantiles(), unknown: held.unknownLifetimes, histogram: held.lifetimes.histogram() }
            : null,
          teardown: reasons ? held.teardown : null,
          churn: 'churn' in notSeen ? null : this.churn.of(vm.id),
          space: { atEnd: spaceOf(state, vm, model.end), fullest: this.spaces.fullest.get(vm.id) ?? null },
          refcountsAtVmBoCreate: model.missing(Kind.VmBoCreate) === null ? held.refcountsAtVmBoCreate : null,
          withoutHandle:
            whole && model.missing(Kind.HandleClose) === null
              ? {
                  ...held.withoutHandle.quantiles(),
                  live: left.get(vm.id) ?? 0,
                  peakBytes: held.withoutHandlePeakBytes,
                  outlived: held.outlived
                }
              : null
        }
      }),
      steps: this.steps.figures()
    }
  }

  private displayMappings(): number {
    let made = 0
    for (const [id, { made: ofVm }] of this.holding.vms) if (this.isDisplay(id)) made += ofVm
    return made
  }

  private isDisplay(vm: number): boolean {
    return this.model.state.vms.get(vm)?.name === DISPLAY_VM
  }
}
