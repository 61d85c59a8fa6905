import type { CompareMeasure, CompareVm, CompareVmSide, Comparison } from '../api'
import { changeText, differenceText, sideText, sorted, valueText } from './words'

/** Rows of a table that are printed before the rest is only counted. */
const ROWS = 24
const UNSURE_ROWS = 8

/** The comparison as Markdown that reads well as it is: for a terminal, a mail, a commit message. `all`: every row. */
export function compareText(comparison: Comparison, all = false): string {
  const { sides, differs, vms, objects } = comparison
  const [a, b] = sides
  const lines = [`# ${a.label} against ${b.label}`, '', `* A is ${sideText(a)}`, `* B is ${sideText(b)}`]
  for (const { name, a: inA, b: inB } of differs) lines.push(`* ${name}: ${differenceText(inA, inB)}`)
  const kinds = sorted(comparison)
  lines.push('', verdict(comparison, kinds))

  const changed = vms.filter((vm) => vm.policyChanged || vm.a === null || vm.b === null)
  if (changed.length > 0) {
    lines.push('', '## Policy of each VM', '')
    table(lines, ['VM', 'mode', 'A', 'B'], changed.map(policyRow), changed.length)
  }
  if (objects.length > 0) {
    lines.push('', '## What became of BOs', '')
    const told = all ? objects : objects.slice(0, ROWS)
    lines.push(...told.map(({ text }) => `* ${text}`), ...more(objects.length - told.length))
  }
  section(lines, 'What differs', kinds.differs, all)
  section(lines, 'Moved, but not known to differ', kinds.unsure, all, UNSURE_ROWS)
  section(lines, 'Seen on one side alone', kinds.unseen, all)
  if (all) section(lines, 'Within the noise', kinds.noise, all)
  lines.push('', `Within the noise: ${kinds.noise.length} measures. Equal: ${kinds.equal.length}.`)
  return lines.join('\n')
}

function verdict({ vms, measures }: Comparison, { differs, unsure }: ReturnType<typeof sorted>): string {
  const policies = measures.find((m) => m.id === 'policy_changes')!
  const others = measures.find((m) => m.id === 'object_changes')!
  const bos =
    others.b === null ? `BOs are ${others.reason}` : `${plural(others.b, 'change', 'changes')} in what became of BOs`
  const changed =
    policies.b === null
      ? `policies are ${policies.reason}`
      : `${policies.atLeast ? 'at least ' : ''}${policies.b} of ${vms.length} VMs changed their policy`
  if (differs.length === 0) {
    const unseen = [policies.b === null ? changed : '', others.b === null ? bos : ''].filter(Boolean)
    const said =
      unsure.length === 0
        ? 'No difference'
        : 'No difference that is certain; some measures moved, and nothing tells whether that is noise'
    return `${[said, ...unseen].join('; ')}.`
  }
  return `${plural(differs.length, 'measure differs', 'measures differ')}; ${changed}; ${bos}.`
}

function policyRow({ key, a, b }: CompareVm): string[] {
  const policy = (side: CompareVmSide | null): string => (side === null ? 'not there' : side.policy)
  return [key, (a ?? b)!.mode, policy(a), policy(b)]
}

function section(
  lines: string[],
  title: string,
  measures: readonly CompareMeasure[],
  all: boolean,
  limit = ROWS
): void {
  if (measures.length === 0) return
  lines.push('', `## ${title}`, '')
  const rows = measures.map((m) => [
    m.label,
    valueText(m.unit, m.a),
    valueText(m.unit, m.b),
    changeText(m),
    how(m),
    m.id
  ])
  // what all rows have in common is said once, above them
  const reasons = new Set(measures.map(how))
  if (reasons.size === 1) lines.push(`${[...reasons][0]!.replace(/^./, (c) => c.toUpperCase())}.`, '')
  const head = ['measure', 'A', 'B', 'change', 'how sure', 'id']
  const columns = reasons.size === 1 ? [0, 1, 2, 3, 5] : [0, 1, 2, 3, 4, 5]
  const pick = (row: string[]): string[] => columns.map((i) => row[i]!)
  table(lines, pick(head), rows.map(pick), all ? rows.length : limit)
}

function how({ reason, interval, unit }: CompareMeasure): string {
  return interval === null ? reason : `${reason}, B − A ${valueOf(unit, interval[0])} to ${valueOf(unit, interval[1])}`
}

function valueOf(unit: CompareMeasure['unit'], value: number): string {
  return `${value < 0 ? '−' : ''}${valueText(unit, Math.abs(value))}`
}

/** A table of Markdown, padded so that it is one without a renderer too; columns of figures to the right. */
function table(lines: string[], head: string[], rows: string[][], limit: number): void {
  const shown = rows.slice(0, limit)
  const width = head.map((h, i) => Math.max(3, h.length, ...shown.map((row) => row[i]!.length)))
  const right = head.map((h) => h === 'change' || h === 'A' || h === 'B').map((r) => r && head.includes('change'))
  const line = (cells: string[]): string =>
    `| ${cells.map((c, i) => (right[i] ? c.padStart(width[i]!) : c.padEnd(width[i]!))).join(' | ')} |`
  lines.push(line(head), `|${width.map((w, i) => (right[i] ? `${'-'.repeat(w + 1)}:` : '-'.repeat(w + 2))).join('|')}|`)
  lines.push(...shown.map(line), ...more(rows.length - shown.length))
}

function more(n: number): string[] {
  return n > 0 ? ['', `… and ${n} more (--all).`] : []
}

function plural(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`
}
