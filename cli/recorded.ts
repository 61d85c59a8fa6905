import type { ScenarioRun } from '../engine/api'
import type { TraceLevel } from '../engine/deploy/deploy'
import { EXIT, VascopeError } from '../engine/problem'
import { writeReport } from '../engine/report/write'
import { newSessionFile } from '../engine/session/library'
import { LiveSession } from '../engine/session/live'
import { scenariosOf } from '../engine/session/preflight'
import { openRecording, type Recording } from '../engine/session/recording'
import { checkAll, checkRun, destructiveOf, expandAll, reproduce } from '../engine/session/scenario'
import { scenarioStateName } from '../engine/model/session'
import { balances } from '../engine/stats/balance'
import { askOnTerminal, confirmDestructive } from './ask'
import { countsText } from './findings'
import { LiveFigures, ProgressLine, say } from './output'
import { printInfo } from './info'

/** Violations that are printed at the end of a recording. */
const SHOWN = 5

export interface Recorded {
  recording: Recording
  exit: number
  findings: string[]
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
}): Promise<Recorded> {
  const { board, trace } = options
  let { runs } = options
  checkAll(runs)
  const title = runs.length > 0 ? runs.map((r) => r.id).join(' + ') : 'watch'
  const file = options.out ?? newSessionFile(title, board)
  const abort = new AbortController()
  const interrupt = (): void => {
    say('\nStopping. Ctrl-C again to stop at once.')
    process.once('SIGINT', () => process.exit(130))
    abort.abort()
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const progress = new ProgressLine()
  let failure: VascopeError | null = null
  const findings: string[] = []
  try {
    const session = await LiveSession.start({
      board,
      trace,
      file,
      title,
      command: reproduce(board, runs, options),
      ask: askOnTerminal,
      progress: (_phase, activity, fraction) => progress.show(activity, fraction),
      signal: abort.signal
    })
    progress.end()
    try {
      const catalogue = scenariosOf(session.model.capabilities!)
      const expanded = expandAll(options.runs, catalogue)
      runs = expanded.runs
      for (const { id, why } of expanded.left) say(`left out ${id}: ${why}`)
      for (const run of runs) checkRun(run, catalogue)
      const destructive = destructiveOf(runs, catalogue)
      if (destructive.length > 0 && !options.yes && !(await confirmDestructive(destructive, board)))
        throw new VascopeError(
          'destructive',
          `${destructive.join(', ')} may leave ${board} in need of a reboot, and nobody said yes to that.`,
          'Say yes to the question on a terminal, or give --yes.',
          EXIT.usage
        )
      await session.trace()
    } catch (error) {
      await session.stop()
      throw error
    }
    const figures = new LiveFigures(session)
    try {
      for (const run of runs) {
        if (abort.signal.aborted) break
        const record = await session.run(run, abort.signal)
        const state = scenarioStateName(record.state)
        if (state !== 'done') findings.push(`${run.id} ${state}: ${record.text || 'no reason given'}`)
      }
      if (runs.length === 0) await Promise.race([pause(options.seconds, abort.signal), session.ended])
    } catch (error) {
      if (!(error instanceof VascopeError)) throw error
      failure = error
    }
    if (runs.length > 0 && !failure && !abort.signal.aborted) await session.settle()
    figures.stop()
    await session.stop()
    failure ??= await session.ended
  } finally {
    progress.end()
    process.removeListener('SIGINT', interrupt)
    process.removeListener('SIGTERM', interrupt)
  }
  if (failure) say(`vascope: ${failure.message}\n${failure.remedy}`)
  const recording = openRecording(file)
  for (const b of balances(recording.model))
    if (b.holds === false)
      findings.push(
        `${b.scenario}: expected ${b.insertsExpected} inserts and ${b.removesExpected} removes, saw ${b.insertsSeen} and ${b.removesSeen}`
      )
  const page = recording.checker.page()
  const violations = page.findings.filter((f) => f.severity === 'violation')
  for (const { rule, what } of violations.slice(0, SHOWN)) findings.push(`${rule}: ${what}`)
  if (page.counts.violation > SHOWN)
    findings.push(`${page.counts.violation - SHOWN} more violations; vascope check has them all`)
  for (const finding of findings) say(`finding: ${finding}`)
  say(`checked  ${countsText(page)}`)
  return { recording, findings, exit: failure ? failure.exit : findings.length > 0 ? EXIT.findings : EXIT.fine }
}

/** Prints what was recorded, and writes the report where one is asked for. */
export function present({ recording }: Recorded, options: { json?: boolean; report?: string }): void {
  say(`session  ${recording.file}`)
  if (options.report) {
    writeReport(recording, options.report)
    say(`report   ${options.report}`)
  }
  printInfo(recording, options.json ?? false)
}

function pause(seconds: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = seconds === undefined ? null : setTimeout(resolve, seconds * 1000)
    signal.addEventListener('abort', () => {
      if (timer) clearTimeout(timer)
      resolve()
    })
  })
}
