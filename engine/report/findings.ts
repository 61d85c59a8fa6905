import type { FindingPage, Severity } from '../api'
import { formatTime } from '../format'
import { cell, type Block, type Column, type Section } from './model'

const SEVERITIES: readonly Severity[] = ['violation', 'retention', 'suspicion', 'gap']
/** Findings of one rule in a report; the rest is in the session file. */
const SHOWN = 20

const COLUMNS: Column[] = [
  { id: 'rule', title: 'rule' },
  { id: 'time', title: 'time', align: 'right' },
  { id: 'what', title: 'what' },
  { id: 'evidence', title: 'evidence' }
]

/** What the checker found, by severity, and every rule that was not checked with the reason. */
export function findingSection({ findings, rules, total, counts }: FindingPage): Section {
  const silent = rules.filter((r) => !r.checked)
  const blocks: Block[] = [
    {
      kind: 'facts',
      facts: [
        ...SEVERITIES.map((s) => ({ id: s, label: `${s}s`, value: counts[s], text: String(counts[s]) })),
        {
          id: 'rules-checked',
          label: 'rules',
          value: rules.length - silent.length,
          text: `${rules.length - silent.length} of ${rules.length} rules were checked`
        }
      ]
    }
  ]
  if (total === 0) blocks.push({ kind: 'remark', mark: 'note', text: 'Nothing: every rule that was checked holds.' })
  for (const severity of SEVERITIES) {
    const rows = rules.flatMap((rule) => {
      const found = findings.filter((f) => f.rule === rule.id && f.severity === severity)
      const shown = found.slice(0, SHOWN).map((f) => [
        cell(rule.id, `${rule.id} ${rule.title}`),
        cell(f.time, formatTime(f.time)),
        cell(f.what, f.what, severity === 'violation' ? 'failed' : undefined),
        cell(
          Object.entries(f.evidence)
            .map(([name, value]) => `${name} ${value}`)
            .join(', ')
        )
      ])
      const more = rule.hits - SHOWN
      if (found.length > SHOWN) shown.push([cell(rule.id), cell(null), cell(more, `and ${more} more`), cell('')])
      return shown
    })
    if (rows.length > 0) blocks.push({ kind: 'table', id: severity, title: severity, columns: COLUMNS, rows })
  }
  if (silent.length > 0)
    blocks.push({
      kind: 'table',
      id: 'not-checked',
      columns: [
        { id: 'rule', title: 'not checked' },
        { id: 'reason', title: 'because' }
      ],
      rows: silent.map((r) => [cell(r.id, `${r.id} ${r.title}`), cell(r.reason)])
    })
  return { id: 'findings', title: 'Findings', query: 'vascope check FILE --json', blocks }
}
