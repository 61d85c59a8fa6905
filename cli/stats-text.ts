import { formatBytes, formatCount, formatDuration, formatTime, NOT_SEEN, quantityText } from '../engine/format'
import type { ChurnFigures } from '../engine/stats/churn'
import type { Quantiles } from '../engine/stats/distribution'
import type { SpaceFigures } from '../engine/stats/space'
import type { Statistics, VmStatistics } from '../engine/stats/statistics'

/** The figures of a session as a terminal shows them. */
export function statsText(s: Statistics): string {
  const lines: string[] = []
  if (s.lossy)
    lines.push('Events are missing: counts are at least these, and durations that touch a loss are left out.', '')
  rates(lines, s)
  latencies(lines, s)
  lifetimes(lines, s)
  churn(lines, s)
  space(lines, s)
  steps(lines, s)
  const missing = Object.entries(s.notSeen)
  if (missing.length > 0) section(lines, 'not seen', ...missing.map(([name, why]) => `  ${name}: ${why}`))
  return lines.map((line) => line.trimEnd()).join('\n')
}

function section(lines: string[], title: string, ...rows: string[]): void {
  if (lines.length > 0 && lines.at(-1) !== '') lines.push('')
  lines.push(title, ...rows)
}

const count = (n: number | null): string => (n === null ? NOT_SEEN : formatCount(n))
const bytes = (n: number | null): string => (n === null ? NOT_SEEN : quantityText(formatBytes(n)))
const time = (n: number | null): string => (n === null ? '-' : quantityText(formatDuration(n)))
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`
const row = (name: string, ...cells: string[]): string => `  ${name.padEnd(24)}${cells.join('  ')}`

function rates(lines: string[], { seconds, events, rates: r, bytes: b, objects: o }: Statistics): void {
  const per = (n: number | null, text: (n: number) => string): string => (n === null ? '' : `${text(n)}/s`)
  const active = r.activeSeconds === null ? '' : `while active, ${time(r.activeSeconds)}`
  section(
    lines,
    'rates and bytes',
    row('length', formatTime(seconds), `${formatCount(events)} events`, per(r.eventsPerSecond, formatCount)),
    row('mappings made', count(o.mappings), per(r.insertsPerSecond, formatCount), active),
    row('bytes mapped', bytes(b.mapped), per(r.mappedBytesPerSecond, bytes)),
    row(
      'mapped at most',
      bytes(b.mappedPeak),
      b.mappedPeakAtSeconds === null ? '' : `at ${formatTime(b.mappedPeakAtSeconds)}`,
      `${bytes(b.mappedLive)} at the end`
    ),
    row(
      'retained at most',
      bytes(b.retainedPeak),
      b.retainedPeakAtSeconds === null ? '' : `at ${formatTime(b.retainedPeakAtSeconds)}`,
      `${bytes(b.retainedLive)} at the end`
    ),
    row('BOs, vm_bos, FBs', count(o.bos), count(o.vmBos), count(o.framebuffers))
  )
}

const HEAD = `  ${''.padEnd(24)}${['count', 'p50', 'p90', 'p99', 'max'].map((h) => h.padStart(11)).join('')}`

function quantiles(name: string, q: Quantiles | null): string {
  if (q === null) return row(name, NOT_SEEN.padStart(11))
  const cells = [formatCount(q.count), time(q.p50Seconds), time(q.p90Seconds), time(q.p99Seconds), time(q.maxSeconds)]
  return row(name, cells.map((c) => c.padStart(11)).join(''))
}

function latencies(lines: string[], { vmBind: v, flips: f }: Statistics): void {
  section(
    lines,
    'latency',
    HEAD,
    quantiles('VM_BIND ioctl', v.ioctl),
    quantiles('  queued to run', v.queue),
    quantiles('  run', v.run),
    quantiles('  run to done', v.done),
    quantiles('  queued to done', v.whole),
    quantiles('commit to flip', f.commitToFlip),
    quantiles('commit', f.commit),
    quantiles('FB prepare (map)', f.map),
    quantiles('FB cleanup (unmap)', f.unmap)
  )
  const per = (n: number | null): string => (n === null ? NOT_SEEN : n.toFixed(2))
  if (f.count !== null && f.count > 0)
    lines.push(
      row(
        'each of the flips',
        `${per(f.mappingsPerFlip)} mappings made, ${per(f.pageTableOperationsPerFlip)} page-table operations`
      )
    )
}

const vmName = ({ id, name, comm }: VmStatistics): string =>
  `VM ${id} ${[name, comm].filter(Boolean).join(', ')}`.slice(0, 23)

function lifetimes(lines: string[], { lifetimes: l, vms }: Statistics): void {
  section(lines, 'lifetimes', HEAD, quantiles('mappings', l.mappings))
  for (const vm of vms)
    if (vm.lifetimes && vm.lifetimes.count > 0) lines.push(quantiles(`  ${vmName(vm)}`, vm.lifetimes))
  lines.push(quantiles('vm_bos', l.vmBos), quantiles('BOs', l.bos))
  const held = vms.filter((vm) => vm.withoutHandle && vm.withoutHandle.count + vm.withoutHandle.live > 0)
  if (held.length > 0) section(lines, 'mappings without a handle to their BO', HEAD)
  for (const vm of held)
    lines.push(
      `${quantiles(vmName(vm), vm.withoutHandle)}  ${vm.withoutHandle!.outlived} outlive it, ${vm.withoutHandle!.live} live, at most ${bytes(vm.withoutHandle!.peakBytes)}`
    )
}

function churn(lines: string[], { churn: all, teardown }: Statistics): void {
  const text = (c: ChurnFigures): string[] => [
    row('made again as before', count(c.madeAgain), bytes(c.madeAgainBytes)),
    row('asked for while there', count(c.identicalRequests), bytes(c.identicalRequestBytes))
  ]
  section(lines, 'churn', ...(all ? text(all) : [row('', NOT_SEEN)]))
  const reasons = Object.entries(teardown ?? {}).sort(([, a], [, b]) => b - a)
  section(lines, 'why mappings went', ...(teardown ? reasons.map(([r, n]) => row(r, count(n))) : [row('', NOT_SEEN)]))
}

function space(lines: string[], { vms }: Statistics): void {
  const seen = vms.filter((vm) => vm.space.fullest !== null || vm.space.atEnd !== null)
  if (seen.length === 0) return
  const cells = (s: SpaceFigures): string =>
    [
      formatCount(s.mappings),
      bytes(s.spanBytes),
      formatCount(s.holes),
      bytes(s.largestHoleBytes),
      percent(s.holeShare),
      percent(s.scatter)
    ]
      .map((c) => c.padStart(12))
      .join('')
  const head = ['mappings', 'span', 'holes', 'largest', 'of span', 'scatter'].map((h) => h.padStart(12)).join('')
  section(lines, 'VA space, fullest and at the end', row('', head))
  for (const vm of seen) {
    if (vm.space.fullest) lines.push(row(vmName(vm), cells(vm.space.fullest)))
    if (vm.space.atEnd) lines.push(row('  at the end', cells(vm.space.atEnd)))
  }
}

function steps(lines: string[], { steps: all }: Statistics): void {
  if (all.length === 0) return
  const head = ['time', 'inserts', 'removes', 'flips', 'mapped', 'retained'].map((h) => h.padStart(12)).join('')
  section(lines, 'steps', row('', head))
  for (const s of all) {
    const cells = [
      time(s.seconds),
      count(s.inserts),
      count(s.removes),
      count(s.flips),
      bytes(s.mappedPeakBytes),
      bytes(s.retainedPeakBytes)
    ]
    lines.push(row(s.scenario, cells.map((c) => c.padStart(12)).join('')))
  }
}
