import type { Finding, FindingPage, Severity } from '../api'
import { QUIET } from '../model/reconcile'
import type { EventCursor, Observer } from '../model/observer'
import type { SessionModel } from '../model/session'
import type { Checkpoint, Snapshot } from '../wire/messages'
import { Field, Kind } from '../wire/schema'
import { Bench, SETTLED } from './bench'
import { Expectations } from './expectations'
import type { Family } from './family'
import { Fences } from './fences'
import { Handles } from './handles'
import { Hard } from './hard'
import { Leaks } from './leaks'
import { OracleRule } from './oracle'
import { PageTables } from './pagetables'
import { RULES } from './rules'
import { Structure } from './structure'
import { Weak } from './weak'

/**
 * Looks on while a session is built and holds it against the rules (rules.ts). Works live and in replay alike; `finish` when the stream is
 * over. Findings grow, and those of a time that turns out to have a loss are taken back.
 */
export class Checker implements Observer {
  readonly bench: Bench
  private readonly expectations: Expectations
  private readonly families: readonly Family[]
  private prepared = false
  private reported = 0
  private done = false
  /** Newest close of a VM, and whether a sweep after one waits. */
  private closed = -Infinity
  private sweeping = false

  constructor(private readonly model: SessionModel) {
    this.bench = new Bench(model.state)
    this.expectations = new Expectations(this.bench)
    this.families = [
      new Structure(this.bench),
      new Hard(this.bench),
      new Weak(this.bench),
      new Handles(this.bench),
      new Fences(this.bench),
      new PageTables(this.bench),
      new Leaks(this.bench),
      new OracleRule(this.bench)
    ]
    model.observers.push(this)
  }

  get findings(): readonly Finding[] {
    return this.bench.findings
  }

  event(e: EventCursor): void {
    if (!this.prepared) this.prepare()
    this.bench.clock(e.time)
    this.expectations.event(e)
    for (const family of this.families) family.event?.(e)
    if (e.kind === Kind.VmCloseEnd || e.kind === Kind.VmClose) this.sweepAfter(e.time)
  }

  snapshot(parts: readonly Snapshot[], begin: number, end: number, complete: boolean): void {
    if (!this.prepared) this.prepare()
    const whole = this.bench.wholeSince !== Infinity
    this.bench.snapshot(end, complete)
    if (!complete) return
    if (!whole) {
      for (const family of this.families) family.forget?.(true)
      this.expectations.resync(parts)
    }
    for (const family of this.families) family.snapshot?.(parts, begin, end)
    this.sweep(begin, false)
  }

  lost(first: number, last: number): void {
    this.bench.lost(first, last)
    for (const family of this.families) family.forget?.(false)
    this.expectations.lost()
    this.bench.say(
      'G2',
      `${first}`,
      first,
      [],
      `Events between ${first.toFixed(3)} s and ${last.toFixed(3)} s are lost: what they touched is not judged until a snapshot has told it`,
      { first, last }
    )
  }

  checkpoint(checkpoint: Checkpoint, time: number): void {
    this.expectations.checkpoint(checkpoint, time)
  }

  clock(time: number): void {
    this.bench.clock(time - QUIET)
    this.disagreements()
  }

  /** The stream is over. `orderly`: nothing of it is missing, so that its last moment counts as passed. */
  finish(orderly: boolean): void {
    if (this.done) return
    this.done = true
    const end = orderly ? this.model.end : this.bench.now
    this.model.reconciler.settle()
    this.disagreements()
    this.bench.finish(end)
    this.sweep(end, true)
    this.bench.finish(end)
  }

  /** What was found until now, and every rule with why it was not judged. */
  page(): FindingPage {
    const { bench } = this
    const none =
      bench.unknownUntil === Infinity ? 'no snapshot of the board came, so that nothing is known for certain' : ''
    const counts: Record<Severity, number> = { violation: 0, retention: 0, suspicion: 0, gap: 0 }
    for (const list of [bench.findings, bench.overflow]) for (const { severity } of list) counts[severity]++
    const rules = RULES.map(({ id, title, text, severity }) => {
      const hits = bench.counts.get(id) ?? 0
      const reason = bench.silent.get(id) ?? (severity === 'gap' ? '' : none)
      return { id, title, text, severity, checked: reason === '', reason, hits }
    })
    const total = Object.values(counts).reduce((a, b) => a + b, 0)
    return { counts, total, findings: [...bench.findings], rules }
  }

  /** A sweep goes over everything: one at a time waits, and the next is for all that closed meanwhile. */
  private sweepAfter(close: number): void {
    if (close > this.closed) this.closed = close
    if (this.sweeping) return
    this.sweeping = true
    const due = close + 2 * SETTLED
    const run = (): void => {
      this.sweeping = false
      this.sweep(due, false)
      if (this.closed > close) this.sweepAfter(this.closed)
    }
    this.bench.later(due, run, false)
  }

  private sweep(now: number, final: boolean): void {
    this.disagreements()
    for (const family of this.families) family.sweep?.(now, final)
  }

  /** G1. */
  private disagreements(): void {
    const { found } = this.model.reconciler
    for (; this.reported < found.length; this.reported++) {
      const { time, snapshot, kind, id, text } = found[this.reported]!
      this.bench.say('G1', `${snapshot} ${kind} ${id} ${this.reported}`, time, [{ kind, id }], text, { snapshot })
    }
  }

  /** Which rules can be judged, as the board's Capabilities say. */
  private prepare(): void {
    this.prepared = true
    const { model, bench } = this
    bench.keepsTraced = model.missing(Kind.SmKeep) === null
    bench.closesTraced = model.missing(Kind.HandleClosed) === null
    for (const { id, needs } of RULES) {
      const missing = needs.map((kind) => model.missing(kind)).filter((why) => why !== null)
      if (missing.length > 0) bench.silent.set(id, missing.join('; '))
    }
    if (model.state.driver !== 'msm' && !bench.silent.has('O1')) bench.silent.set('O1', 'the reference model is msm’s')
    const counts = model.hasColumn(Kind.VmBoCreate, Field.count)
    for (const id of ['W1', 'W5'])
      if (!counts && !bench.silent.has(id))
        bench.silent.set(id, 'vm-bo-create does not tell the reference count of before')
  }
}
