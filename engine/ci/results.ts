import path from 'node:path'
import type { Severity } from '../api'
import { junit, type JunitCase } from '../junit'
import { EXIT } from '../problem'
import { fails, worst, type RunOutcome, type Verdict } from './job'

/** One job's line in the results: a scenario (or several in one session) on one board with one kernel. Files are relative to the folder. */
export interface Result {
  board: string
  /** As --board took it. */
  address: string
  /** The kernel as the matrix calls it; empty where none was chosen. */
  kernel: string
  /** As the board says it; empty where it could not be asked. */
  release: string
  scenario: string
  /** Counted from 1. */
  repeat: number
  verdict: Verdict
  /** Why, one sentence each. */
  reasons: string[]
  /** What befell the board and did not end the job: reboots. */
  events: string[]
  counts: Record<Severity, number>
  runs: RunOutcome[]
  sessions: string[]
  reports: string[]
  /** On this machine's clock, with reaching the board. */
  seconds: number
  /** The exit code this would end with by itself. */
  exit: number
}

export interface Results {
  format: 'vascope-results'
  version: 1
  title: string
  failOn: Severity
  started: string
  seconds: number
  verdict: Verdict
  exit: number
  results: Result[]
}

/** From best to worst. What keeps a result from being complete is worse than what was found. */
export const EXIT_ORDER: readonly number[] = [
  EXIT.fine,
  EXIT.findings,
  EXIT.file,
  EXIT.board,
  EXIT.usage,
  EXIT.interrupted
]

export function worstExit(codes: readonly number[]): number {
  return codes.reduce((worst, code) => (EXIT_ORDER.indexOf(code) > EXIT_ORDER.indexOf(worst) ? code : worst), EXIT.fine)
}

/** The exit code of a job; `failure` is what its board ended with, if it did. */
export function exitOf(verdict: Verdict, failOn: Severity, failure: number | null): number {
  if (verdict === 'skipped') return EXIT.fine
  if (verdict === 'interrupted') return EXIT.interrupted
  if (verdict === 'error') return failure ?? EXIT.board
  return fails(verdict, failOn) ? EXIT.findings : EXIT.fine
}

/** Puts the results in the order of their boards, kernels and scenarios, and sums them up. */
export function summarizeResults(
  head: Pick<Results, 'title' | 'failOn' | 'started' | 'seconds'>,
  results: Result[]
): Results {
  return {
    format: 'vascope-results',
    version: 1,
    ...head,
    verdict: worst(results.map((r) => r.verdict)),
    exit: worstExit(results.map((r) => r.exit)),
    results
  }
}

/** One suite for each board and kernel, one case for each job; below `failOn` a case passes, and what was found is not in it. */
export function resultsJunit({ title, failOn, results }: Results): string {
  const suites = new Map<string, Result[]>()
  for (const r of results) {
    const name = columnName(r)
    suites.set(name, [...(suites.get(name) ?? []), r])
  }
  return junit(
    [...suites].map(([name, all]) => ({
      name: `${title} on ${name}`,
      cases: all.map((r) => caseOf(r, failOn))
    }))
  )
}

function caseOf(r: Result, failOn: Severity): JunitCase {
  const base: JunitCase = {
    name: rowName(r),
    className: ['vascope', r.board, r.kernel].filter(Boolean).join('.'),
    seconds: r.seconds
  }
  if (r.verdict === 'skipped') return { ...base, skipped: r.reasons.join('; ') }
  if (!fails(r.verdict, failOn)) return base
  const text = [...r.reasons, ...r.events, countsLine(r), ...r.sessions].filter(Boolean).join('\n')
  return { ...base, failure: { message: `${r.verdict}: ${r.reasons[0] ?? countsLine(r)}`, text } }
}

/** "rb3, weakref" */
export function columnName({ board, kernel }: Pick<Result, 'board' | 'kernel'>): string {
  return kernel ? `${board}, ${kernel}` : board
}

export function rowName({ scenario, runs, repeat }: Result): string {
  const seed = runs.length === 1 ? ` seed ${runs[0]!.seed}` : ''
  return `${scenario}${seed}${repeat > 1 ? ` repeat ${repeat}` : ''}`
}

/** "2 violations, 1 gap" */
export function countsLine({ counts }: Pick<Result, 'counts'>): string {
  return Object.entries(counts)
    .filter(([, n]) => n > 0)
    .map(([severity, n]) => `${n} ${severity}${n === 1 ? '' : 's'}`)
    .join(', ')
}

/** A name as part of a file's name. */
export function fileName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'unnamed'
}

/** With slashes, whatever the machine has. */
export function relative(folder: string, file: string): string {
  return path.relative(folder, file).split(path.sep).join('/')
}
