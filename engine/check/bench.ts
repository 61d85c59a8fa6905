import type { Finding, FindingObject, Severity } from '../api'
import { FOUND, type State } from '../model/state'
import { Agenda } from './agenda'
import { ruleOf } from './rules'

/** Findings of one rule that are kept whole; of the rest only what it takes to count and to withdraw them. */
const KEPT = 500
/** Events arrive per CPU: those of one moment are all in after this, seconds. */
export const REORDER = 0.1
/** Work that the kernel puts off (workers, RCU, the last close) is done after this, seconds. */
export const SETTLED = 1

export interface Ref {
  kind: FindingObject['kind']
  id: number
}

/**
 * Where the rules say what they found. It knows what may be judged: an object that lived through a loss is not, until a snapshot has told
 * the truth; a rule whose kinds are not traced is not; and what was found at a time of which something turns out to be lost is withdrawn.
 */
export class Bench {
  readonly findings: Finding[] = []
  /** Those that are not kept whole. */
  readonly overflow: Pick<Finding, 'rule' | 'key' | 'time' | 'severity'>[] = []
  /** By rule: all findings. */
  readonly counts = new Map<string, number>()
  /** Rules that are not judged in this session, and why. */
  readonly silent = new Map<string, string>()
  /** Newest event, seconds. */
  now = -Infinity
  /** Events of before this may be missing. */
  unknownUntil = Infinity
  /** All live objects are known since this: the end of a complete snapshot without a loss after it. */
  wholeSince = Infinity
  /** In-place remaps, and the end of a handle's close, are traced. */
  keepsTraced = false
  closesTraced = false
  /** VMs with a failed VM_BIND or a killed job: their page tables are no longer what the requests say. */
  readonly failed = new Set<number>()
  private readonly keys = new Set<string>()
  private readonly agenda = new Agenda()
  private readonly kept = new Map<string, number>()
  /** Newest time of which something is lost. */
  private lostUntil = -Infinity

  constructor(readonly state: State) {}

  /** `key` tells one finding of a rule from another; the same is said once. */
  say(
    id: string,
    key: string,
    time: number,
    objects: Ref[],
    what: string,
    evidence: Finding['evidence'],
    severity: Severity = ruleOf(id).severity
  ): void {
    const rule = ruleOf(id)
    const full = `${id}:${key}`
    if (this.silent.has(id) || this.keys.has(full)) return
    if (rule.severity !== 'gap' && !objects.every((o) => this.certain(o, rule.history, time))) return
    this.keys.add(full)
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1)
    const kept = this.kept.get(id) ?? 0
    if (kept >= KEPT) {
      this.overflow.push({ rule: id, key: full, time, severity })
      return
    }
    this.kept.set(id, kept + 1)
    this.findings.push({
      rule: id,
      severity,
      time,
      objects: objects.map((o) => ({ ...o, label: this.label(o) })),
      what,
      evidence,
      key: full
    })
  }

  /**
   * Judges again when events of `due` must have arrived. `atEnd`: also when the stream ends before that, for what only later events could
   * explain away; false for what the kernel may still have been about to do.
   */
  later(due: number, run: () => void, atEnd = true): void {
    this.agenda.add({ due, run, atEnd })
  }

  /** An event, or (`heartbeat`) a sign of life without one. */
  clock(time: number): void {
    if (time > this.now) this.now = time
    if (this.now > this.agenda.next) for (const { run } of this.agenda.takeBefore(this.now)) run()
  }

  finish(end: number): void {
    for (const { due, run, atEnd } of this.agenda.takeAll()) if (atEnd || due <= end) run()
    this.agenda.takeAll()
  }

  snapshot(end: number, complete: boolean): void {
    if (this.unknownUntil === Infinity) this.unknownUntil = Math.max(end, this.lostUntil)
    if (complete && this.wholeSince === Infinity) this.wholeSince = end
  }

  lost(first: number, last: number): void {
    this.wholeSince = Infinity
    this.lostUntil = Math.max(this.lostUntil, last)
    if (this.unknownUntil !== Infinity) this.unknownUntil = Math.max(this.unknownUntil, last)
    for (const { rule } of this.withdraw(this.findings, first)) this.kept.set(rule, this.kept.get(rule)! - 1)
    this.withdraw(this.overflow, first)
  }

  /** Takes out of a list what was found since `first` and could be otherwise; answers it. */
  private withdraw<T extends Pick<Finding, 'rule' | 'key' | 'time' | 'severity'>>(list: T[], first: number): T[] {
    const stays = (f: T): boolean => f.severity === 'gap' || f.time < first - REORDER
    const gone = list.filter((f) => !stays(f))
    for (const { rule, key } of gone) {
      this.keys.delete(key)
      this.counts.set(rule, this.counts.get(rule)! - 1)
    }
    let n = 0
    for (const f of list) if (stays(f)) list[n++] = f
    list.length = n
    return gone
  }

  /** Whether all that the rule needs to know of the object is known. */
  certain({ kind, id }: Ref, history: boolean, time: number): boolean {
    const born = this.born(kind, id)
    if (born !== null && born > this.unknownUntil) return true
    return !history && time > this.wholeSince
  }

  /** When the object's creation was seen; null where it was not. */
  private born(kind: Ref['kind'], id: number): number | null {
    const { state } = this
    if (kind === 'bo') return state.bos.get(id)?.created ?? null
    if (kind === 'vm') return state.vms.get(id)?.traced ? state.vms.get(id)!.created : null
    if (kind === 'fb') return state.fbs.get(id)?.created ?? null
    if (kind === 'va') {
      const index = state.mappings.byVa.get(id)
      return index >= 0 && state.mappings.traced.at(index) === 1 ? state.mappings.start.at(index) : null
    }
    if (kind === 'vm_bo') {
      const index = state.vmBos.byId.get(id)
      return index >= 0 && (state.vmBos.bits.at(index) & FOUND) === 0 ? state.vmBos.created.at(index) : null
    }
    if (kind === 'job' || kind === 'process') return this.now
    return null
  }

  private label({ kind, id }: Ref): string {
    const { state } = this
    if (kind === 'vm') {
      const vm = state.vms.get(id)
      const task = state.tasks.get(vm?.task ?? 0)
      return ['VM ' + id, vm?.name, task && `${task.comm} ${task.pid}`].filter(Boolean).join(', ')
    }
    if (kind === 'bo') {
      const name = state.bos.get(id)?.name
      return `BO ${id}${name ? ` "${name}"` : ''}`
    }
    if (kind === 'va') {
      const index = state.mappings.byVa.get(id)
      return index < 0 ? `VA ${id}` : `VA ${id} at 0x${state.mappings.iova.at(index).toString(16)}`
    }
    return `${kind} ${id}`
  }
}
