import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Severity } from '../api'
import { hold } from '../connect/reach'
import { asProblem, cancelled, EXIT, systemReason, VascopeError } from '../problem'
import { writeReport } from '../report/write'
import { openRecording } from '../session/recording'
import { runJob, type BoardOutcome, type Watcher } from './board-run'
import { indexPage } from './index-page'
import type { Job } from './job'
import { judge, sumCounts, verdictOf, type Judgement } from './judge'
import { exitOf, relative, resultsJunit, summarizeResults, type Result, type Results } from './results'

/** What one board does, one job after another; other boards do theirs meanwhile. */
export interface BoardPlan {
  name: string
  jobs: FarmJob[]
}

export interface FarmJob extends Job {
  /** The kernel as it is called in results; empty where none was chosen. */
  kernel: string
  repeat: number
  /** Brings the board into the state that the job needs, before it is reached. */
  before?: (signal: AbortSignal) => Promise<void>
  /** Leaves it as it was found. Called whatever became of the job. */
  after?: () => Promise<void>
}

export interface FarmOptions {
  title: string
  folder: string
  failOn: Severity
  signal: AbortSignal
  /** Who hears how a board fares. */
  watcher(board: string): Watcher
}

/**
 * Runs every board's jobs, the boards at the same time, and writes sessions, reports, results.json, junit.xml and index.html into the
 * folder. A board that fails does not end the others. Throws where the folder cannot be used.
 */
export async function runFarm(plans: readonly BoardPlan[], options: FarmOptions): Promise<Results> {
  const { folder, title, failOn } = options
  prepareFolder(folder)
  const began = new Date()
  const results = plans.map(() => [] as Result[])
  const write = (): Results => {
    const seconds = round((Date.now() - began.getTime()) / 1000)
    const all = summarizeResults({ title, failOn, started: began.toISOString(), seconds }, results.flat())
    writeResults(folder, {
      'results.json': `${JSON.stringify(all, null, 1)}\n`,
      'junit.xml': resultsJunit(all),
      'index.html': indexPage(all)
    })
    return all
  }
  const boards = await Promise.allSettled(
    plans.map(async (plan, i) => {
      const unreachable = new Map<string, VascopeError>()
      const holds = [...new Set(plan.jobs.map((job) => job.board))].map((board) => hold(board, options.signal))
      // a board that cannot be held is told by its jobs
      const held = (await Promise.allSettled(holds)).flatMap((h) => (h.status === 'fulfilled' ? [h.value] : []))
      try {
        for (const job of plan.jobs) {
          const known = unreachable.get(job.kernel)
          const { result, failure } = await runOne(plan, job, options, known)
          // a board that could not be had is not waited for again with the same kernel
          if (failure && failure.exit === EXIT.board && result.verdict === 'error' && result.sessions.length === 0)
            unreachable.set(job.kernel, failure)
          results[i]!.push(result)
          write() // so that the folder is of use while it runs, and after a crash
        }
      } finally {
        const { say } = options.watcher(plan.name)
        for (const release of held) await release().catch((error: unknown) => say(asProblem(error).message))
      }
    })
  )
  // every board has ended and was given back: only now may one's trouble end the rest
  for (const board of boards) if (board.status === 'rejected') throw board.reason
  return write()
}

function writeResults(folder: string, files: Record<string, string>): void {
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  } catch (error) {
    throw new VascopeError(
      'results-write',
      `The results could not be written: ${systemReason(error)}.`,
      `What was recorded is in ${folder}. Make room, and run the rest into another folder with --out.`,
      EXIT.usage
    )
  }
}

async function runOne(
  plan: BoardPlan,
  job: FarmJob,
  options: FarmOptions,
  unreachable: VascopeError | undefined
): Promise<{ result: Result; failure: VascopeError | null }> {
  const { folder, failOn, signal } = options
  const watcher = options.watcher(plan.name)
  const began = Date.now()
  let outcome: BoardOutcome = { files: [], runs: [], events: [], failure: null }
  const judged: Judgement[] = []
  const reports: string[] = []
  let release = ''
  try {
    watcher.say(job.name)
    mkdirSync(path.dirname(job.file), { recursive: true })
    if (signal.aborted) throw cancelled()
    if (unreachable) throw unreachable
    await job.before?.(signal)
    outcome = await runJob(job, watcher, signal)
    for (const file of outcome.files) {
      const recording = openRecording(file)
      release ||= recording.model.capabilities?.kernelRelease ?? ''
      judged.push(judge(recording))
      const report = file.replace(/(\.vascope)?$/, '.html')
      writeReport(recording, report)
      reports.push(relative(folder, report))
    }
  } catch (error) {
    // One board's trouble, of whatever kind, must not end the others.
    const { code, message, remedy } = asProblem(error)
    outcome.failure ??= error instanceof VascopeError ? error : new VascopeError(code, message, remedy)
    if (outcome.runs.length === 0)
      outcome.runs = job.runs.map(({ id, seed }) => ({ id, seed, state: 'not-run', text: message, seconds: null }))
  }
  await job.after?.().catch((error: unknown) => watcher.say(asProblem(error).message))
  const { verdict, reasons } = verdictOf(outcome, judged, signal.aborted)
  const counts = sumCounts(judged)
  watcher.say(`${verdict}: ${job.name}${reasons.length > 0 ? `\n  ${reasons.join('\n  ')}` : ''}`)
  const result: Result = {
    board: plan.name,
    address: job.board,
    kernel: job.kernel,
    release,
    scenario: job.name,
    repeat: job.repeat,
    verdict,
    reasons,
    events: outcome.events,
    counts,
    runs: outcome.runs,
    sessions: outcome.files.map((file) => relative(folder, file)),
    reports,
    seconds: round((Date.now() - began) / 1000),
    exit: exitOf(verdict, failOn, outcome.failure?.exit ?? null)
  }
  return { result, failure: outcome.failure }
}

/** Results of before would be mixed with those of now, and session files are never written over. */
function prepareFolder(folder: string): void {
  const refuse = (why: string, remedy: string): never => {
    throw new VascopeError('results-folder', `The results folder ${folder} ${why}.`, remedy, EXIT.usage)
  }
  try {
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0) refuse('is not empty', 'Give a new one with --out, or remove what is in it.')
    const probe = path.join(folder, '.vascope')
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    if (error instanceof VascopeError) throw error
    refuse(`cannot be used: ${systemReason(error)}`, 'Give a folder that can be written with --out.')
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
