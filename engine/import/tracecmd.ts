import { EXIT, VascopeError } from '../problem'
import { TraceLevel } from '../wire/messages'
import { Field, Kind, kindName } from '../wire/schema'
import { SessionBuilder } from './builder'
import {
  CALL_ENDS,
  CALLS,
  columnsOf,
  IN_BYTES,
  MAP_WORD,
  POINTERS,
  PROBE_EVENTS,
  WORDS,
  type ProbeEvent
} from './kprobes'

const PAGE = 4096n
/** "msm" as an event's `device` has it. */
const MSM = 0x6d736dn
const MSM_OWN = new Set(['bo_create', 'sm_map'])
const LINE = /^\s*(.+)-(\d+)\s+\[(\d+)\]\s+(?:\S+\s+)?(\d+)\.(\d+):\s+(?:\w+:)?(\w+):\s+\(.*?\)\s*(.*)$/
const LOST = /^CPU:?\s*\d+ \[(?:LOST )?(\d+) EVENTS? (?:DROPPED|LOST)\]|\[LOST (\d+) EVENTS?\]/i

/** The text of `trace-cmd report`. */
export function isTraceReport(text: string): boolean {
  return /^cpus=\d+\r?\n/.test(text)
}

/** An event, or that some are missing before this time; 0: it is not said how many. */
export type Traced = Line | { ns: number; lost: number }

export interface Line {
  name: string
  tid: number
  comm: string
  ns: number
  args: Map<string, string>
}

/** The text that `trace-cmd report` prints, as events. */
export function readTraceReport(text: string): Traced[] {
  const traced: Traced[] = []
  let ns = 0
  for (const raw of text.split('\n')) {
    const lost = LOST.exec(raw)
    if (lost) traced.push({ ns, lost: Number(lost[1] ?? lost[2]) })
    const line = parseLine(raw)
    if (!line) continue
    ns = Math.max(ns, line.ns)
    traced.push(line)
  }
  return traced
}

/**
 * Makes a session of the kprobe events of the daemon's fallback that trace-cmd recorded; `precision` says what their times are. Answers what is
 * in it; throws VascopeError where none of the events is known.
 */
export function importTraced(
  traced: readonly Traced[],
  precision: string,
  input: string,
  file: string
): { events: number; notes: string[] } {
  const seen = new Set<string>()
  let [first, unknown, broken, unsaid] = [0, 0, 0, 0]
  for (const line of traced) {
    first ||= line.ns
    if ('lost' in line) unsaid += line.lost === 0 ? 1 : 0
    else if (line.name in PROBE_EVENTS) seen.add(line.name)
    else if (!(line.name in CALLS) && !(line.name in CALL_ENDS) && !/_begin$|^msm_walk|^file_free$/.test(line.name))
      unknown++
  }
  if (seen.size === 0)
    throw new VascopeError(
      'import-empty',
      `${input} has none of the events that vascoped's kprobe fallback makes.`,
      'Record while vascope record --trace kprobes runs: trace-cmd record -C mono -e vascope_PID (docs/import.md).',
      EXIT.usage
    )
  const schema = new Map([...seen].map((name) => [PROBE_EVENTS[name]!.kind, columnsOf(PROBE_EVENTS[name]!)]))
  const absent = Object.entries(PROBE_EVENTS).filter(([, { kind }]) => !schema.has(kind))
  const notes = [
    `Imported from trace-cmd: times are ${precision}, and what is older than the recording has no beginning.`,
    'No snapshot of the board is in it, so no rule can judge what was there before, and BOs, VMs and mappings of then are unknown.',
    ...(unsaid > 0 ? [`Events are lost in ${unsaid} places where it is not said how many.`] : []),
    ...(unknown > 0 ? [`${unknown} events are of kinds that an import does not take, and were left out.`] : [])
  ]
  const reason = 'made from kprobe events of trace-cmd'
  const builder = new SessionBuilder({
    ...{ file, kernel: '', driver: 'msm', reason, level: TraceLevel.TRACE_LEVEL_KPROBES },
    head: {
      program: 'vascope import',
      board: 'trace-cmd',
      title: 'trace-cmd',
      command: '',
      facts: { imported: 'trace-cmd' }
    },
    ...{ monotonicNs: first, realtimeNs: 0, schema },
    probes: [
      ...[...seen].map((name) => ({ symbol: name, how: 'kprobe', kinds: [PROBE_EVENTS[name]!.kind] })),
      ...absent.map(([name, { kind }]) => ({
        symbol: name,
        how: 'kprobe',
        kinds: [kind],
        missing: `no ${kindName(kind)} in the recording`
      }))
    ]
  })
  let last = first
  try {
    const reader = new ReportReader(builder)
    for (const line of traced) {
      if ('lost' in line) {
        builder.loss(last, Math.max(last, line.ns), line.lost)
        continue
      }
      last = Math.max(last, line.ns)
      try {
        reader.take(line)
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error
        broken++ // a number that is none
      }
    }
    if (broken > 0) notes.push(`${broken} events have arguments that are no numbers, and were left out.`)
    for (const note of notes) builder.warning(last, note)
    builder.finish(last, reason)
  } catch (error) {
    builder.discard()
    throw error
  }
  return { events: builder.events, notes }
}

function parseLine(raw: string): Line | null {
  const [, comm, tid, , seconds, fraction, name, rest] = LINE.exec(raw) ?? []
  if (!name) return null
  const ns = Number(seconds) * 1e9 + Number(fraction!.padEnd(9, '0').slice(0, 9))
  const args = new Map([...rest!.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S+)/g)].map(([, key, value]) => [key!, value!]))
  return { name, tid: Number(tid), comm: comm!.trim(), ns, args }
}

/** Turns addresses into ids, and calls around an event into its reason. */
class ReportReader {
  private readonly ids = new Map<number, Map<bigint, number>>()
  private readonly made = new Map<number, number>()
  private readonly calls = new Map<number, string[]>()
  private readonly begun = new Map<string, number>()

  constructor(private readonly builder: SessionBuilder) {}

  /** Throws SyntaxError where an argument is no number. */
  take(line: Line): void {
    const { name, tid, ns, args } = line
    this.begun.set(`${tid} ${name}`, ns)
    const event = PROBE_EVENTS[name]
    const number = (key: string): bigint => BigInt(args.get(key) ?? 0)
    if (event && this.wanted(name, event, number)) {
      const values: number[] = []
      for (const [i, field] of event.values.entries())
        if (field !== null) values[field] = this.value(event, field, number(`a${i}`))
      if (event.task) values[Field.task] = this.task(line)
      if (event.name) values[Field.name] = this.builder.name((args.get('text') ?? '""').slice(1, -1))
      if (event.since) values[Field.duration] = Math.max(0, ns - (this.begun.get(`${tid} ${event.since}`) ?? ns))
      if (event.reason) values[Field.reason] = this.reason(tid) || (WORDS[Number(number('g'))] ?? 0)
      this.builder.event(event.kind, ns, values)
    }
    if (name in CALLS) this.stack(tid).push(name)
    const ends = CALL_ENDS[name]
    if (ends === undefined) return
    const at = this.stack(tid).lastIndexOf(ends)
    if (at >= 0) this.stack(tid).length = at
  }

  private wanted(name: string, event: ProbeEvent, number: (key: string) => bigint): boolean {
    const guard = number('g')
    if (MSM_OWN.has(name) && number('device') !== MSM) return false
    if (event.kind === Kind.PteUnmap && Number(guard) === MAP_WORD) return false
    if (event.guard === 'zero') return guard === 0n
    if (event.guard === 'pointer') return guard !== 0n && guard < 0xfffffffffffff000n
    return event.guard !== 'present' || guard !== 0n
  }

  private value(event: ProbeEvent, field: number, value: bigint): number {
    if (IN_BYTES.has(field)) return Number(value / PAGE)
    if (field === Field.mode) return value % 256n === 0n ? 2 : 1
    // the kernel's negative errno; of a job only whether its VM became unusable
    if (field === Field.result) return Math.abs(Number(BigInt.asIntN(32, value)))
    if (!POINTERS.has(field)) return Number(value)
    return value === 0n ? 0 : this.id(field, value, event)
  }

  private id(field: number, address: bigint, { makes, inside }: ProbeEvent): number {
    let ids = this.ids.get(field)
    if (!ids) this.ids.set(field, (ids = new Map()))
    const at = address - (inside ?? 0n)
    const known = ids.get(at)
    if (known !== undefined && makes !== field) return known
    const id = (this.made.get(field) ?? 0) + 1
    this.made.set(field, id)
    ids.set(at, id)
    return id
  }

  private task({ tid, comm, args }: Line): number {
    const said = args.get('comm')?.slice(1, -1)
    return this.builder.task(Number(args.get('tgid') ?? tid), tid, said ?? comm)
  }

  private reason(tid: number): number {
    const call = this.stack(tid).at(-1)
    return call === undefined ? 0 : CALLS[call]!
  }

  private stack(tid: number): string[] {
    let stack = this.calls.get(tid)
    if (!stack) this.calls.set(tid, (stack = []))
    return stack
  }
}
