import { policyOf } from '../model/policy'
import { scenarioStateName } from '../model/session'
import { REASONS } from '../model/state'
import type { EventCursor } from '../model/observer'
import { num } from '../wire/messages'
import { Field, isColumn, Kind } from '../wire/schema'
import { seconds, seen } from './events'
import type { Bo, Fb, Job, LossSpan, Mapping, Scenario, Submit, Vm, VmBo, Watcher } from './objects'
import type { Replay } from './replay'
import { Rows, TABLES, type Cell, type TableName } from './tables'

/** An id or 0, as "none" is written. */
const id = (value: number): number | null => value || null

/** Puts what a replay tells into the rows of the tables that are wanted. */
export class Fill implements Watcher {
  readonly tables = new Map<TableName, Rows>()
  /** Set before the replay begins. */
  replay!: Replay
  private readonly session: string
  private readonly lastFlip = new Map<number, number>()
  private readonly events: Rows | undefined
  private readonly cells: Cell[] = []

  constructor(wanted: Iterable<TableName>, session: string) {
    this.session = session
    for (const name of wanted) this.tables.set(name, new Rows(TABLES[name]))
    this.events = this.tables.get('events')
  }

  event(e: EventCursor): void {
    if (this.events) this.addEvent(this.events, e)
    if (e.kind === Kind.VmBind)
      this.add('vm_binds', () => [
        ...[e.time, seconds(e), ...this.task(e.get(Field.task)), seen(e, Field.queue), seen(e, Field.count)],
        ...[seen(e, Field.flags), seen(e, Field.result)]
      ])
    else if (e.kind === Kind.FlipDone) {
      const crtc = e.get(Field.crtc)
      const before = this.lastFlip.get(crtc)
      this.lastFlip.set(crtc, e.time)
      this.add('flips', () => [e.time, crtc, seen(e, Field.seqno), before === undefined ? null : e.time - before])
    } else if (e.kind === Kind.GpuFault)
      this.add('faults', () => [e.time, this.address(e.get(Field.iova)), seen(e, Field.flags)])
  }

  mapping(m: Mapping): void {
    const page = this.replay.source.pageSize
    this.add('mappings', () => [
      ...[m.va, m.vm, id(m.bo), id(m.vmBo), this.address(m.iovaPages), m.pages * page, m.offsetPages * page, m.flags],
      ...[m.start, m.traced, m.written, m.end, m.end === null ? null : m.removed],
      m.end === null || !m.removed ? null : (REASONS[m.reason] ?? `reason ${m.reason}`),
      ...this.task(m.removedBy)
    ])
  }

  vm(vm: Vm): void {
    const { driver, vmFlags, modules } = this.replay.source.capabilities
    const { policy } = policyOf({
      ...{ driver: driver?.name ?? '', flags: vm.flags, mode: vm.mode, name: vm.name },
      flagValues: new Map(vmFlags.map((f) => [f.name ?? '', num(f.value)])),
      msmVersion: modules.find((m) => m.name === 'msm')?.version ?? ''
    })
    this.add('vms', () => [
      ...[vm.id, vm.name, vm.mode, policy, vm.flags, ...this.task(vm.task), this.address(vm.basePages), vm.bytes],
      ...[vm.created, vm.closed, vm.destroyed, vm.inserted, vm.live, vm.peakBytes]
    ])
  }

  bo(bo: Bo): void {
    this.add('bos', () => [
      ...[bo.id, bo.name, bo.bytes, bo.flags, ...this.task(bo.task), bo.created, bo.destroyed, bo.handles],
      bo.lastClosed
    ])
  }

  vmBo(v: VmBo): void {
    this.add('vm_bos', () => [v.id, v.vm, v.bo, v.created, v.destroyed])
  }

  job(job: Job): void {
    this.add('bind_jobs', () => [
      ...[job.id, id(job.vm), ...this.task(job.task), job.queued, job.run, job.done, job.seconds, job.result],
      job.killed
    ])
  }

  submit(s: Submit): void {
    this.add('submits', () => [s.id, s.ring, s.seqno, ...this.task(s.task), s.queued, s.flushed, s.retired, s.seconds])
  }

  fb(fb: Fb): void {
    this.add('framebuffers', () => [fb.id, id(fb.bo), fb.bytes, ...this.task(fb.task), fb.created, fb.destroyed])
  }

  loss({ from, to, where, kind, events }: LossSpan): void {
    this.add('losses', () => [from, to, where, kind === null ? null : this.kind(kind), events])
  }

  scenario(s: Scenario): void {
    this.add('scenarios', () => [
      ...[s.run, s.id, s.seed, scenarioStateName(s.state), s.started, s.ended, s.done, s.total, s.text]
    ])
  }

  /** Once the replay is over. */
  finish(): void {
    const { source, events, dropped, unreadable, end } = this.replay
    const { capabilities: c, head, traceLevel, startedAt, reader } = source
    this.add('sessions', () => [
      ...[head.board ?? '', head.title ?? '', c.kernelRelease, c.kernelVersion, c.machine, c.model],
      ...[c.driver?.name ?? null, c.driver?.gpu || null, traceLevel, head.program ?? '', head.command ?? ''],
      ...[startedAt, end, events, dropped, unreadable, reader.complete]
    ])
  }

  /** A row of any table; it is made only where the table is wanted. */
  add(name: TableName, row: () => Cell[]): void {
    const rows = this.tables.get(name)
    if (rows) rows.add(this.session, ...row())
  }

  private addEvent(rows: Rows, e: EventCursor): void {
    const { cells } = this
    cells.length = rows.columns.length
    cells.fill(null)
    cells[0] = this.session
    cells[1] = e.time
    cells[2] = this.kind(e.kind)
    for (const field of this.replay.source.schema.get(e.kind)?.columns ?? [])
      if (isColumn(field)) this.cell(e, field, e.get(field))
    rows.add(...cells)
  }

  private cell(e: EventCursor, field: number, value: number): void {
    const { cells, replay } = this
    const { pageSize } = replay.source
    if (field === Field.task) {
      const task = replay.tasks.get(value)
      if (!task) return
      cells[PID] = task.pid
      cells[PID + 1] = task.tid
      cells[PID + 2] = task.comm
      return
    }
    const at = COLUMN_OF[field]!
    if (field === Field.iova) cells[at] = this.address(value)
    else if (field === Field.range || field === Field.offset || field === Field.size) cells[at] = value * pageSize
    else if (field === Field.name) cells[at] = replay.name(value) || null
    else if (field === Field.duration) cells[at] = value / 1e9
    else if (field === Field.reason)
      cells[at] = e.kind === Kind.Shrink ? `stage ${value}` : (REASONS[value] ?? `reason ${value}`)
    else cells[at] = value
  }

  private kind(kind: number): string {
    return this.replay.source.schema.get(kind)?.name || `kind-${kind}`
  }

  private address(pages: number): bigint {
    return BigInt(pages) * BigInt(this.replay.source.pageSize)
  }

  private task(number: number): [pid: Cell, tid: Cell, comm: Cell] {
    const task = this.replay.tasks.get(number)
    return task ? [task.pid, task.tid, task.comm] : [null, null, null]
  }
}

const EVENTS = TABLES.events.columns.map(({ name }) => name)
const PID = EVENTS.indexOf('pid')

/** Where each field of an event stands in its row. */
const COLUMN_OF = Object.entries({
  ...{ vm: 'vm', va: 'va', vmBo: 'vm_bo', bo: 'bo', iova: 'iova', range: 'range_bytes', offset: 'offset_bytes' },
  ...{ flags: 'flags', size: 'size_bytes', refcount: 'refcount', name: 'name', file: 'file', handle: 'handle' },
  ...{ mode: 'mode', queue: 'queue', count: 'count', result: 'errno', duration: 'duration_s', submit: 'submit' },
  ...{ ring: 'ring', seqno: 'seqno', job: 'job', fb: 'fb', crtc: 'crtc', reason: 'reason' }
}).reduce<number[]>((all, [field, column]) => {
  all[Field[field as keyof typeof Field]] = EVENTS.indexOf(column)
  return all
}, [])
