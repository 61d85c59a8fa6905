import type { FindingPage, Severity } from '../api'
import type { Recording } from '../session/recording'
import { balances } from '../stats/balance'
import type { RunOutcome, Verdict } from './job'
import type { BoardOutcome } from './board-run'

/** Violations that are told one by one; the rest is counted. */
const SHOWN = 5

/** What one session file says about its job. */
export interface Judgement {
  counts: Record<Severity, number>
  /** What makes it a violation, one sentence each. */
  violations: string[]
}

/** Judges a recording: the checker's findings, and what scenarios expected against what was traced. */
export function judge({ model, checker }: Recording): Judgement {
  const page = checker.page()
  const violations = balances(model)
    .filter((b) => b.holds === false)
    .map(
      (b) =>
        `${b.scenario}: expected ${b.insertsExpected} inserts and ${b.removesExpected} removes, saw ${b.insertsSeen} and ${b.removesSeen}`
    )
  return { counts: { ...page.counts }, violations: [...violations, ...violationTexts(page)] }
}

function violationTexts({ findings, counts }: FindingPage): string[] {
  const texts = findings.filter((f) => f.severity === 'violation').map(({ rule, what }) => `${rule}: ${what}`)
  const more = counts.violation - SHOWN
  return more > 0 ? [...texts.slice(0, SHOWN), `${more} more violations; vascope check has them all`] : texts
}

export function sumCounts(all: readonly Judgement[]): Record<Severity, number> {
  const sum = { violation: 0, retention: 0, suspicion: 0, gap: 0 }
  for (const { counts } of all) for (const severity of SEVERITIES) sum[severity] += counts[severity]
  return sum
}

const SEVERITIES = ['violation', 'retention', 'suspicion', 'gap'] as const

/** Codes of what a board or a matrix cannot do, which is no failure of either. */
const CANNOT = new Set(['scenario-needs'])

/** The verdict of a job, and the sentences that explain it. */
export function verdictOf(
  { runs, failure }: Pick<BoardOutcome, 'runs' | 'failure'>,
  judged: readonly Judgement[],
  aborted: boolean
): { verdict: Verdict; reasons: string[] } {
  const reasons = [
    ...runs.filter((r) => r.state !== 'done' && r.state !== 'not-run').map((r) => `${r.id} ${runText(r)}`),
    ...judged.flatMap((j) => j.violations)
  ]
  if (failure && CANNOT.has(failure.code)) return { verdict: 'skipped', reasons: [failure.message] }
  if (failure && failure.code !== 'cancelled') return { verdict: 'error', reasons: [failure.message, ...reasons] }
  if (aborted && (failure || runs.some((r) => r.state === 'not-run' || r.state === 'cancelled')))
    return { verdict: 'interrupted', reasons: ['interrupted', ...reasons] }
  if (runs.some((r) => r.state !== 'done')) return { verdict: 'failed', reasons }
  const counts = sumCounts(judged)
  if (judged.some((j) => j.violations.length > 0)) return { verdict: 'violation', reasons }
  return { verdict: SEVERITIES.find((s) => counts[s] > 0) ?? 'pass', reasons }
}

/** "timed-out: not done within 10 s" */
export function runText({ state, text }: RunOutcome): string {
  return `${state}: ${text || 'no reason given'}`
}
