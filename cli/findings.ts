import type { Finding, FindingPage, Severity } from '../engine/api'
import { formatTime } from '../engine/format'

export const SEVERITIES: readonly Severity[] = ['violation', 'retention', 'suspicion', 'gap']

/** "VIOLATION S2  0:01.234  VA 5 was inserted over VA 3" */
export function findingLine(finding: Finding): string {
  return `${finding.severity.padEnd(10)} ${finding.rule.padEnd(4)} ${formatTime(finding.time).padStart(10)}  ${finding.what}`
}

/** "2 violations, 14 retentions", or that there are none. */
export function countsText({ counts, total }: FindingPage): string {
  if (total === 0) return 'nothing was found'
  return SEVERITIES.filter((s) => counts[s] > 0)
    .map((s) => `${counts[s]} ${s}${counts[s] === 1 ? '' : 's'}`)
    .join(', ')
}
