import { BatchGroup } from '../model/group'
import { EventCursor } from '../model/observer'
import { SnapshotParts } from '../model/parts'
import type { NameFields, TaskFields } from '../wire/announce'
import { BatchError, type DecodedBatch } from '../wire/batch'
import {
  big,
  decodeFrame,
  eventsOf,
  LogLevel,
  num,
  ScenarioState,
  type Loss,
  type ScenarioStatus,
  type Snapshot
} from '../wire/messages'
import { Kind } from '../wire/schema'
import { applyEvent } from './events'
import { Lives } from './lives'
import type { Scenario, Watcher } from './objects'
import type { Source } from './source'

const NS = 1e9

/** Reads a session once from its beginning to its end and tells a watcher what was in it. */
export class Replay {
  readonly lives: Lives
  readonly tasks: Map<number, Omit<TaskFields, 'id'>>
  readonly names: Map<number, string>
  events = 0
  /** The VM of the newest request of a task: that of the jobs which its VM_BIND call queues. */
  readonly vmOfTask = new Map<number, number>()
  /** Newest time, seconds. */
  end = 0
  /** Lost before the file: in the kernel or in the daemon. */
  dropped = 0
  /** Lost in the file: in chunks that cannot be read. */
  unreadable = 0
  private readonly group: BatchGroup
  private readonly cursor: EventCursor
  private readonly scenarios = new Map<number, Scenario>()
  private nextSeq = 1
  private parts: Snapshot[] = []
  private readonly came = new SnapshotParts()
  /** Events were lost, and no complete snapshot has come since. */
  private uncertain = false
  private lossUntil = -Infinity

  constructor(
    readonly source: Source,
    private readonly watcher: Watcher
  ) {
    const { schema, origin, pageSize } = source
    this.lives = new Lives(watcher, () => pageSize)
    this.group = new BatchGroup(schema, origin)
    this.cursor = new EventCursor(() => schema)
    const { tasks, names } = source.reader.index()
    this.tasks = new Map(tasks)
    this.names = new Map([...names.values()].map(({ id, text }: NameFields) => [id, text]))
  }

  /** Steps after each chunk of the file. What the file says never makes it throw. */
  *run(): Generator<void> {
    const damaged = (events: number, from: number, to: number): void => {
      this.unreadable += events
      this.lose(from, to)
      this.watcher.loss?.({ from, to, where: 'file', kind: null, events })
    }
    yield* this.source.chunks((frame) => this.take(frame), damaged)
    this.apply()
    for (const scenario of this.scenarios.values()) this.watcher.scenario?.(scenario)
    this.lives.finish()
  }

  name(id: number): string {
    return this.names.get(id) ?? ''
  }

  private take(message: Uint8Array): void {
    const batch = eventsOf(message)
    if (batch) return this.takeBatch(batch)
    const frame = decodeFrame(message)
    if (frame?.snapshot) this.takeSnapshot(frame.snapshot as Snapshot)
    else if (frame?.scenario) this.takeScenario(frame.scenario as ScenarioStatus)
    else if (frame?.loss) this.takeLoss(frame.loss as Loss)
    else if (frame?.heartbeat) this.reach(this.seconds(big(frame.heartbeat.timeNs)))
    else if (frame?.log && (frame.log.level ?? 0) >= LogLevel.LOG_LEVEL_WARNING)
      this.watcher.note?.(this.seconds(big(frame.log.timeNs)), frame.log.text ?? '')
  }

  private takeBatch(message: Uint8Array): void {
    let batch: DecodedBatch
    try {
      batch = this.group.decode(message)
    } catch (error) {
      if (!(error instanceof BatchError)) throw error
      this.watcher.note?.(this.end, `an event batch cannot be decoded: ${error.message}`)
      return
    }
    for (const task of batch.tasks) this.tasks.set(task.id, task)
    for (const name of batch.names) this.names.set(name.id, name.text)
    if (batch.seq > this.nextSeq) {
      const to = batch.count > 0 ? batch.time[0]! / NS : this.end
      this.lose(this.end, to)
      this.watcher.loss?.({ from: this.end, to, where: 'batches', kind: null, events: null })
    }
    this.nextSeq = batch.seq + 1
    this.events += batch.count
    if (batch.count > 0) this.reach(batch.time[batch.count - 1]! / NS)
    if (this.group.add(batch)) this.apply()
  }

  private apply(): void {
    const { cursor, watcher } = this
    this.group.take((batch, index) => {
      cursor.move(batch, index, batch.time[index]! / NS)
      watcher.event?.(cursor)
      applyEvent(this, watcher, cursor)
    })
  }

  private takeSnapshot(part: Snapshot): void {
    this.apply()
    const { came } = this
    came.take(part)
    if (came.first) this.parts = []
    this.parts.push(part)
    if (!part.last) return
    const [begin, end] = [this.seconds(big(part.beginNs)), this.seconds(big(part.endNs))]
    this.reach(end)
    const complete = (part.complete ?? false) && came.all
    const whole = complete && begin >= this.lossUntil
    const alone = !this.source.schema.has(Kind.VaInsert)
    const vas = this.parts.reduce((n, { vas: list }) => n + list.length, 0)
    this.watcher.snapshot?.(end, vas, complete)
    this.found(this.parts, begin)
    if ((alone && came.all) || (this.uncertain && whole)) this.resync(this.parts, begin)
    if (whole) this.uncertain = false
    this.parts = []
  }

  /** What a snapshot shows and events did not tell is older than its walk. */
  private found(parts: readonly Snapshot[], begin: number): void {
    const { lives, source } = this
    const page = source.pageSize
    for (const { tasks, vms, bos, vmBos, vas } of parts) {
      for (const t of tasks) this.tasks.set(num(t.id), { pid: t.pid ?? 0, tid: t.tid ?? 0, comm: t.comm ?? '' })
      for (const v of vms) {
        const vm = lives.vm(num(v.id))
        vm.name ||= v.name ?? ''
        vm.flags ||= num(v.flags)
        vm.task ||= num(v.task)
        vm.basePages ||= num(v.iova)
        vm.bytes ||= num(v.range) * page
        if (vm.mode === 'unknown') vm.mode = v.mode === 1 ? 'kernel-managed' : v.mode === 2 ? 'vm-bind' : 'unknown'
      }
      for (const b of bos) {
        const bo = lives.bo(num(b.id))
        if (!bo) continue
        bo.bytes ||= num(b.size) * page
        bo.flags ||= num(b.flags)
        bo.name ||= b.name ?? ''
      }
      for (const v of vmBos) lives.vmBo(num(v.id), num(v.vm), num(v.bo), null)
      for (const v of vas)
        lives.insert({
          ...{ va: num(v.id), vm: num(v.vm), bo: num(v.bo), vmBo: num(v.vmBo), iovaPages: num(v.iova) },
          ...{ pages: num(v.range), offsetPages: num(v.offset), flags: num(v.flags), start: begin, traced: false }
        })
    }
  }

  /** After a loss: what a complete snapshot does not show has gone. */
  private resync(parts: readonly Snapshot[], begin: number): void {
    const shown = { va: new Set<number>(), vmBo: new Set<number>(), bo: new Set<number>() }
    for (const { vas, vmBos, bos } of parts) {
      for (const { id } of vas) shown.va.add(num(id))
      for (const { id } of vmBos) shown.vmBo.add(num(id))
      for (const { id } of bos) shown.bo.add(num(id))
    }
    const { lives } = this
    for (const m of [...lives.mappings.values()])
      if (m.start < begin && !shown.va.has(m.va)) lives.endMapping(m.va, begin, false)
    for (const v of [...lives.vmBos.values()])
      if ((v.created ?? -Infinity) < begin && !shown.vmBo.has(v.id)) lives.endVmBo(v.id, begin)
    for (const bo of [...lives.bos.values()])
      if ((bo.created ?? -Infinity) < begin && !shown.bo.has(bo.id)) lives.endBo(bo.id, begin)
  }

  private takeScenario(status: ScenarioStatus): void {
    const time = this.seconds(big(status.timeNs))
    this.reach(time)
    const run = status.runId ?? 0
    let scenario = this.scenarios.get(run)
    if (!scenario) {
      const id = status.scenario ?? ''
      scenario = { run, id, seed: num(status.seed), state: 0, started: time, ended: null, done: 0, total: 0, text: '' }
      this.scenarios.set(run, scenario)
    }
    scenario.state = status.state ?? 0
    scenario.done = num(status.done)
    scenario.total = num(status.total) || scenario.total
    scenario.text = status.text || scenario.text
    if (scenario.state >= ScenarioState.SCENARIO_STATE_DONE) scenario.ended ??= time
  }

  private takeLoss(loss: Loss): void {
    const [from, to] = [this.seconds(big(loss.firstNs)), this.seconds(big(loss.lastNs))]
    this.lose(from, to)
    for (const { kind, kernel, queue } of loss.kinds)
      for (const [where, value] of [
        ['kernel', kernel],
        ['queue', queue]
      ] as const) {
        const events = num(value)
        this.dropped += events
        if (events > 0) this.watcher.loss?.({ from, to, where, kind: kind ?? 0, events })
      }
  }

  private lose(_from: number, to: number): void {
    this.uncertain = true
    this.lossUntil = Math.max(this.lossUntil, to)
  }

  private reach(time: number): void {
    if (time > this.end) this.end = time
  }

  private seconds(ns: bigint): number {
    return Number(ns - this.source.origin) / NS
  }
}
