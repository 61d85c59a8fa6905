import type { ScenarioRun, Severity } from '../api'
import type { TraceLevel } from '../deploy/deploy'

/** The longest limit, in seconds: a timer of more milliseconds than 31 bits fires at once. */
export const MOST_SECONDS = 2_147_483

/** Scenarios that are run on one board, one after another, and recorded together. None: the board is only watched. */
export interface Job {
  /** What it is called in results: a row. */
  name: string
  /** As --board takes it. */
  board: string
  runs: readonly ScenarioRun[]
  /** Session file; after a reboot the next is NAME.2.vascope beside it. */
  file: string
  trace?: TraceLevel
  /** Of one scenario, in seconds; it is cancelled then. */
  limit?: number
  /** Of watching, in seconds; without it until it is interrupted. */
  watch?: number
  /** The kernel that must run there, as a pattern of its release. */
  release?: string
  /** Scenarios that may leave the board in need of a reboot are run without asking. */
  yes?: boolean
}

export const RUN_STATES = ['done', 'failed', 'cancelled', 'refused', 'timed-out', 'rebooted', 'not-run'] as const

/** How one scenario of a job went. */
export interface RunOutcome {
  id: string
  seed: number
  state: (typeof RUN_STATES)[number]
  text: string
  /** From its start to its end, on the board's clock; null where it did not end. */
  seconds: number | null
}

/** Best first: what a job comes to. `skipped`: it did not have to run. `failed`: a scenario. `error`: the board, or what was asked of it. */
export const VERDICTS = [
  'skipped',
  'pass',
  'gap',
  'suspicion',
  'retention',
  'violation',
  'failed',
  'error',
  'interrupted'
] as const
export type Verdict = (typeof VERDICTS)[number]

export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS[Math.max(0, ...verdicts.map((v) => VERDICTS.indexOf(v)))]!
}

/** Whether a verdict makes a run fail when findings from `failOn` up do. */
export function fails(verdict: Verdict, failOn: Severity): boolean {
  return VERDICTS.indexOf(verdict) >= VERDICTS.indexOf(failOn)
}
