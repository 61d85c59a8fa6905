import type { ScenarioRun, Severity } from '../engine/api'
import type { TraceLevel } from '../engine/deploy/deploy'
import { runJob } from '../engine/ci/board-run'
import { judge, runText, verdictOf } from '../engine/ci/judge'
import { exitOf, worstExit } from '../engine/ci/results'
import { EXIT } from '../engine/problem'
import { formatOf, writeReportAs } from '../engine/report/write'
import { newSessionFile } from '../engine/session/library'
import { openRecording, type Recording } from '../engine/session/recording'
import { checkAll } from '../engine/session/scenario'
import { countsText } from './findings'
import { json, say } from './output'
import { infoJson, printInfo } from './info'
import { interruptible, terminalWatcher } from './terminal'

export interface Recorded {
  /** One, and another for each reboot of the board. */
  recordings: Recording[]
  exit: number
}

/**
 * Records a session: scenarios one after another, or, with none, until `seconds` have passed or it is interrupted. Ctrl-C ends it in
 * order, a second one at once. Whatever happens, what was recorded until then stays in the file.
 */
export async function recordSession(options: {
  board: string
  runs: ScenarioRun[]
  out?: string
  seconds?: number
  trace?: TraceLevel
  /** Scenarios that may leave the board in need of a reboot are run without asking. */
  yes?: boolean
  failOn?: Severity
}): Promise<Recorded> {
  const { board, runs, trace, yes, seconds, failOn = 'violation' } = options
  checkAll(runs)
  const title = runs.length > 0 ? runs.map((r) => r.id).join(' + ') : 'watch'
  const file = options.out ?? newSessionFile(title, board)
  const abort = new AbortController()
  const done = interruptible(abort)
  const watcher = terminalWatcher()
  const outcome = await runJob(
    { name: title, board, runs, file, trace, watch: seconds, yes },
    watcher,
    abort.signal
  ).finally(done)
  const { failure } = outcome
  if (failure && outcome.files.length === 0) throw failure
  if (failure) say(`vascope: ${failure.message}\n${failure.remedy}`)
  const recordings = outcome.files.map((file) => openRecording(file))
  const judged = recordings.map(judge)
  const findings = [
    ...outcome.runs.filter((r) => r.state !== 'done').map((r) => `${r.id} ${runText(r)}`),
    ...judged.flatMap((j) => j.violations)
  ]
  for (const finding of findings) say(`finding: ${finding}`)
  for (const { checker } of recordings) say(`checked  ${countsText(checker.page())}`)
  const { verdict } = verdictOf(outcome, judged, abort.signal.aborted)
  const exit = failure ? failure.exit : exitOf(verdict, failOn, null)
  return { recordings, exit: worstExit([exit, findings.length > 0 ? EXIT.findings : EXIT.fine]) }
}

/** Prints what was recorded, and writes the report where one is asked for: its name says the format. */
export async function present({ recordings }: Recorded, options: { json?: boolean; report?: string }): Promise<void> {
  for (const [i, recording] of recordings.entries()) {
    say(`session  ${recording.file}`)
    if (!options.report) continue
    const report = i === 0 ? options.report : options.report.replace(/(\.\w+)?$/, `.${i + 1}$1`)
    await writeReportAs(recording, report, formatOf(report))
    say(`report   ${report}`)
  }
  const [first, ...more] = recordings
  if (options.json && more.length > 0) json(recordings.map(infoJson))
  else if (first) for (const recording of recordings) printInfo(recording, options.json ?? false)
}
