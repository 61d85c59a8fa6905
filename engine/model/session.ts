import { BatchError, type DecodedBatch } from '../wire/batch'
import {
  big,
  decodeFrame,
  eventsOf,
  LogLevel,
  num,
  ProbeState,
  ScenarioState,
  type Capabilities,
  type Checkpoint,
  type Goodbye,
  type Heartbeat,
  type Loss,
  type ScenarioStatus,
  type Snapshot
} from '../wire/messages'
import { Field, Kind, kindName, type KindInfo, type Schema } from '../wire/schema'
import { applyEvent } from './apply'
import { isId } from './columns'
import { BatchGroup } from './group'
import { EventCursor, type Observer } from './observer'
import { SnapshotParts } from './parts'
import { Reconciler } from './reconcile'
import { applySnapshot } from './snapshot'
import { State } from './state'

const NS = 1e9

/**
 * One session as its frames tell it, live or from a file: the objects (`state`), and what is known about the stream itself. Times are
 * seconds since the session's origin, which is the clock anchor of its Capabilities. Knows nothing of files, windows or connections.
 */
export class SessionModel {
  readonly state = new State()
  /** Told of everything before the state takes it in. */
  readonly observers: Observer[] = []
  /** Where a snapshot and the events did not agree. */
  readonly reconciler = new Reconciler(this.state)
  capabilities: Capabilities | null = null
  hello: { program: string; build: string } | null = null
  /** Totals of the stream, newest. */
  totals: Heartbeat | null = null
  goodbye: Goodbye | null = null
  readonly logs: { time: number; level: number; text: string }[] = []
  /** What was sent and could not be taken in. */
  readonly faults: string[] = []
  /** Batches that never came. */
  gaps = 0
  /** Events were lost, and no complete snapshot has come since. */
  uncertain = false
  /** Events by kind. */
  readonly counts = new Map<number, number>()
  /** Lost events by kind. */
  readonly lost = new Map<number, { kernel: number; queue: number }>()
  events = 0
  snapshots = 0
  /** Newest time seen. */
  end = 0
  /** No loss was after this, seconds. */
  lossUntil = -Infinity
  /** What happened later than this is not taken in, seconds. */
  until = Infinity
  /** Grows with every frame: what was computed for the same number still holds. */
  version = 0

  private origin = 0n
  private schema: Schema = new Map()
  private group: BatchGroup | null = null
  private readonly cursor = new EventCursor(() => this.schema)
  /** Of the batch that is to come. */
  nextSeq = 1
  private parts: Snapshot[] = []
  private readonly came = new SnapshotParts()

  get kinds(): Schema {
    return this.schema
  }

  /** Nothing that came waits for more to come: the state is what all frames until now lead to. */
  get atRest(): boolean {
    return (this.group?.empty ?? true) && this.parts.length === 0
  }

  /**
   * Why a kind is not traced in this session; null where it is. A kind that several symbols stand for is traced while one is attached and
   * none was refused.
   */
  missing(kind: number): string | null {
    const { capabilities } = this
    const name = this.schema.get(kind)?.name
    if (!capabilities || !name) return `${kindName(kind)} is not sent by this daemon`
    const probes = capabilities.probes.filter((p) => (p.kinds ?? []).includes(kind))
    const attached = (state: number | null | undefined): boolean =>
      state === ProbeState.PROBE_STATE_ATTACHED || state === ProbeState.PROBE_STATE_ALTERNATIVE
    const refused = probes.find((p) => p.state === ProbeState.PROBE_STATE_DENIED)
    if (refused) return `${name}: ${refused.symbol} was refused: ${refused.reason}`
    if (probes.length === 0 || probes.some((p) => attached(p.state))) return null
    return `${name}: ${probes[0]!.symbol}: ${probes[0]!.reason || 'absent'}`
  }

  /** Whether events of a kind have a column. */
  hasColumn(kind: number, field: number): boolean {
    return this.schema.get(kind)?.columns.includes(field) ?? false
  }

  /** The board's CLOCK_MONOTONIC in ns as seconds of this session. */
  seconds(ns: bigint): number {
    return Number(ns - this.origin) / NS
  }

  /** Seconds of this session as the board's CLOCK_MONOTONIC in ns. */
  boardNs(seconds: number): number {
    return Number(this.origin) + Math.round(seconds * NS)
  }

  /**
   * Takes in one Frame message. Answers the events in it and their times, null for other frames. What a board sends never makes it
   * throw: what cannot be used becomes a fault.
   */
  take(message: Uint8Array): { events: number; first: number; last: number } | null {
    this.version++
    const batch = eventsOf(message)
    if (batch) return this.takeBatch(batch)
    const frame = decodeFrame(message)
    if (!frame) {
      this.fault(`a frame of ${message.length} bytes cannot be decoded`)
      return null
    }
    if (frame.hello) {
      this.hello = { program: frame.hello.program ?? '', build: frame.hello.build ?? '' }
      this.state.pageSize = frame.hello.pageSize || 4096
    } else if (frame.capabilities) this.takeCapabilities(frame.capabilities as Capabilities)
    else if (frame.snapshot) this.takeSnapshot(frame.snapshot as Snapshot)
    else if (frame.scenario) this.takeScenario(frame.scenario as ScenarioStatus)
    else if (frame.loss) this.takeLoss(frame.loss as Loss)
    else if (frame.heartbeat) {
      this.totals = frame.heartbeat as Heartbeat
      const time = this.seconds(big(frame.heartbeat.timeNs))
      this.reach(time)
      this.clock(time)
    } else if (frame.checkpoint) {
      const checkpoint = frame.checkpoint as Checkpoint
      for (const observer of this.observers) observer.checkpoint(checkpoint, this.seconds(big(checkpoint.timeNs)))
    } else if (frame.goodbye) {
      this.apply()
      this.goodbye = frame.goodbye as Goodbye
      this.reconciler.settle()
      if (frame.goodbye.totals) this.totals = frame.goodbye.totals as Heartbeat
    } else if (frame.log) {
      const { timeNs, level, text } = frame.log
      const time = this.seconds(big(timeNs))
      this.logs.push({ time, level: level ?? 0, text: text ?? '' })
      if ((level ?? 0) >= LogLevel.LOG_LEVEL_WARNING) this.note(text ?? '', time)
    }
    return null
  }

  /** Takes in what waits for more of its time to come, which never will. */
  settle(): void {
    this.apply()
  }

  /** Something the desktop itself has to say about a moment: the connection was lost, the disk was full. */
  note(text: string, time: number): void {
    this.version++
    this.state.markers.push({ time, until: time, kind: 'note', text })
  }

  private fault(text: string): void {
    this.faults.push(text)
    this.note(text, this.end)
  }

  private clock(time: number): void {
    this.reconciler.clock(time, true)
    for (const observer of this.observers) observer.clock(time)
  }

  private reach(time: number): void {
    if (time > this.end) this.end = Math.min(time, this.until)
  }

  private takeCapabilities(capabilities: Capabilities): void {
    this.capabilities = capabilities
    this.origin = big(capabilities.clock?.monotonicNs)
    this.schema = new Map(
      capabilities.schema.map(({ kind, name, columns }): [number, KindInfo] => [
        kind ?? 0,
        { kind: kind ?? 0, name: name ?? '', columns: (columns ?? []).map(Number) }
      ])
    )
    this.group = new BatchGroup(this.schema, this.origin)
    this.state.driver = capabilities.driver?.name ?? ''
    this.state.msmVersion = capabilities.modules.find((m) => m.name === 'msm')?.version ?? ''
    this.state.seesPtes = this.missing(Kind.PteMap) === null && this.missing(Kind.SmRemap) === null
    this.state.flagValues = new Map(capabilities.vmFlags.map((f) => [f.name ?? '', num(f.value)]))
  }

  private takeBatch(message: Uint8Array): { events: number; first: number; last: number } | null {
    if (!this.group) {
      this.fault('events came before the capabilities that describe them')
      return null
    }
    let batch: DecodedBatch
    try {
      batch = this.group.decode(message)
    } catch (error) {
      if (!(error instanceof BatchError)) throw error
      this.fault(`an event batch cannot be decoded: ${error.message}`)
      return null
    }
    const first = batch.count > 0 ? batch.time[0]! / NS : this.end
    const last = batch.count > 0 ? batch.time[batch.count - 1]! / NS : this.end
    for (const task of batch.tasks) this.state.tasks.set(task.id, task)
    for (const name of batch.names) this.state.names.set(name.id, name.text)
    if (batch.seq > this.nextSeq) {
      const missing = batch.seq - this.nextSeq
      this.gaps += missing
      this.lose(this.end, first)
      this.state.markers.push({
        time: this.end,
        until: Math.max(first, this.end),
        kind: 'loss',
        text: `${missing} batches missing`
      })
    }
    this.nextSeq = batch.seq + 1
    this.count(batch)
    if (this.group.add(batch)) this.apply()
    this.reach(last)
    return { events: batch.count, first, last }
  }

  private count({ count, kind, time }: DecodedBatch): void {
    const { counts, until } = this
    for (let i = 0; i < count; i++) {
      if (time[i]! / NS > until) continue
      this.events++
      counts.set(kind[i]!, (counts.get(kind[i]!) ?? 0) + 1)
    }
  }

  private apply(): void {
    const { state, cursor, observers, reconciler, until } = this
    let skipped = 0
    this.group?.take((batch, index) => {
      if (batch.time[index]! / NS > until) return
      cursor.move(batch, index, batch.time[index]! / NS)
      if (!makesId(cursor)) {
        skipped++
        return
      }
      for (const observer of observers) observer.event(cursor)
      applyEvent(state, cursor)
      if (reconciler.waiting) reconciler.clock(cursor.time)
    })
    if (skipped > 0) this.fault(`${skipped} events make objects with ids that no daemon gives: they were left out`)
  }

  private lose(first: number, last: number): void {
    this.uncertain = true
    this.lossUntil = Math.max(this.lossUntil, last)
    this.reconciler.lost()
    for (const observer of this.observers) observer.lost(first, last)
  }

  private takeSnapshot(part: Snapshot): void {
    this.apply()
    const { came } = this
    came.take(part)
    if (came.first) this.parts = []
    this.parts.push(part)
    if (!part.last) return
    const parts = this.parts.map((p) => this.withIds(p))
    this.parts = []
    this.snapshots++
    const begin = this.seconds(big(part.beginNs))
    const end = this.seconds(big(part.endNs))
    if (end > this.until) return
    const complete = part.complete && came.all
    // a walk that began before a loss had ended may itself be older than what was lost
    const whole = complete && begin >= this.lossUntil
    for (const observer of this.observers) observer.snapshot(parts, begin, end, whole)
    this.reconciler.snapshot(parts, begin, end, whole)
    // without events snapshots are all there is: what one does not show has gone
    const alone = !this.kinds.has(Kind.VaInsert)
    applySnapshot(this.state, parts, begin, end, (alone && came.all) || (this.uncertain && whole))
    if (whole) this.uncertain = false
    const vas = parts.reduce((n, p) => n + p.vas.length, 0)
    const text = `snapshot, ${vas} mappings${complete ? '' : ', incomplete'}`
    this.state.markers.push({ time: end, until: end, kind: 'snapshot', text })
    this.reach(end)
  }

  /** A part of a snapshot without the objects whose ids cannot be; most have none, and stay as they are. */
  private withIds(part: Snapshot): Snapshot {
    const good = ({ id }: { id?: unknown }): boolean => isId(num(id as never))
    if (part.vas.every(good) && part.vmBos.every(good)) return part
    const [vas, vmBos] = [part.vas.filter(good), part.vmBos.filter(good)]
    const left = part.vas.length - vas.length + part.vmBos.length - vmBos.length
    this.fault(`${left} objects of a snapshot have ids that no daemon gives: they were left out`)
    return { ...part, vas, vmBos } as Snapshot
  }

  private takeScenario(status: ScenarioStatus): void {
    const time = this.seconds(big(status.timeNs))
    this.reach(time)
    const { scenarios, markers } = this.state
    const runId = status.runId ?? 0
    let record = scenarios.find((s) => s.runId === runId)
    if (!record) {
      record = {
        runId,
        id: status.scenario,
        seed: num(status.seed),
        state: 0,
        started: time,
        ended: null,
        done: 0,
        total: 0,
        text: '',
        issued: {},
        pid: 0
      }
      scenarios.push(record)
      markers.push({ time, until: time, kind: 'scenario', text: record.id })
    }
    record.state = status.state ?? 0
    record.done = num(status.done)
    record.total = num(status.total) || record.total
    record.text = status.text || record.text
    record.pid = status.pid || record.pid
    for (const { name, value } of status.issued) record.issued[name ?? ''] = num(value)
    if (record.state < ScenarioState.SCENARIO_STATE_DONE || record.ended !== null) return
    record.ended = time
    markers.push({ time, until: time, kind: 'scenario', text: `${record.id} ${scenarioStateName(record.state)}` })
  }

  private takeLoss(loss: Loss): void {
    let total = 0
    for (const { kind, kernel, queue } of loss.kinds) {
      const entry = this.lost.get(kind ?? 0) ?? { kernel: 0, queue: 0 }
      entry.kernel += num(kernel)
      entry.queue += num(queue)
      total += num(kernel) + num(queue)
      this.lost.set(kind ?? 0, entry)
    }
    const [time, until] = [this.seconds(big(loss.firstNs)), this.seconds(big(loss.lastNs))]
    this.state.markers.push({ time, until, kind: 'loss', text: `lost ${total}` })
    this.lose(time, until)
  }
}

/** False for an event that makes an object whose id cannot be. */
function makesId(e: EventCursor): boolean {
  if (e.kind === Kind.VaInsert) return isId(e.get(Field.va))
  return e.kind !== Kind.VmBoCreate || isId(e.get(Field.vmBo))
}

export type ScenarioStateName = 'started' | 'running' | 'done' | 'failed' | 'cancelled' | 'refused'

/** ScenarioState of the wire as the engine's word for it. */
export function scenarioStateName(state: number): ScenarioStateName {
  return (['started', 'started', 'running', 'done', 'failed', 'cancelled', 'refused'] as const)[state] ?? 'failed'
}
