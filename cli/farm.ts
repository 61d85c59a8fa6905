import path from 'node:path'
import type { ScenarioRun, Severity } from '../engine/api'
import type { TraceLevel } from '../engine/deploy/deploy'
import { boardKey } from '../engine/connect/reach'
import { runFarm, type BoardPlan } from '../engine/ci/farm'
import { readMatrix } from '../engine/ci/matrix-file'
import { planMatrix } from '../engine/ci/plan'
import { columnName, countsLine, fileName, rowName, type Results } from '../engine/ci/results'
import { EXIT, VascopeError } from '../engine/problem'
import { checkAll } from '../engine/session/scenario'
import { json, result, say } from './output'
import { interruptible, terminalWatcher } from './terminal'

interface FarmOptions {
  out?: string
  failOn?: Severity
  json?: boolean
}

/** `vascope run` on several boards at the same time, the same scenarios on each. Answers the exit code. */
export async function runBoards(
  boards: readonly string[],
  runs: ScenarioRun[],
  options: FarmOptions & { trace?: TraceLevel; yes?: boolean }
): Promise<number> {
  const { trace, yes, failOn = 'violation' } = options
  checkAll(runs)
  const keys = boards.map(boardKey)
  const twice = boards.find((_, i) => keys.indexOf(keys[i]!) !== i)
  if (twice !== undefined)
    throw new VascopeError('board-twice', `The board ${twice} is given twice.`, 'Give each board once.', EXIT.usage)
  const folder = folderOf(options)
  const name = runs.map((run) => run.id).join(' + ')
  const plans: BoardPlan[] = boards.map((board) => ({
    name: board,
    jobs: [{ name, board, runs, file: sessionFile(folder, board, boards), trace, yes, kernel: '', repeat: 1 }]
  }))
  return run(plans, { title: name, folder, failOn, ...options })
}

/** `vascope run --matrix`. Answers the exit code. */
export async function runMatrix(file: string, options: FarmOptions): Promise<number> {
  const read = readMatrix(file)
  const { matrix } = read
  const folder = folderOf(options)
  const failOn = options.failOn ?? matrix['fail-on'] ?? 'violation'
  const title = matrix.title ?? path.basename(file).replace(/\.ya?ml$/, '')
  return run(planMatrix(read, folder), { ...options, title, folder, failOn })
}

async function run(
  plans: BoardPlan[],
  options: { title: string; folder: string; failOn: Severity; json?: boolean }
): Promise<number> {
  const abort = new AbortController()
  const done = interruptible(abort)
  try {
    const results = await runFarm(plans, { ...options, signal: abort.signal, watcher: terminalWatcher })
    if (options.json) json(results)
    else result(resultsText(results))
    say(`results  ${path.join(options.folder, 'index.html')}`)
    return results.exit
  } finally {
    done()
  }
}

/** One line for each job: board, kernel, scenario, verdict, why. */
function resultsText({ results, verdict }: Results): string {
  const rows = results.map((r) => [
    columnName(r),
    rowName(r),
    r.verdict,
    r.reasons[0] ?? (countsLine(r) || r.events[0] || '')
  ])
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]!.length)))
  const lines = rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  )
  return [...lines, '', `worst: ${verdict}`].join('\n')
}

function folderOf({ out }: FarmOptions): string {
  if (out) return path.resolve(out)
  throw new VascopeError(
    'results-folder',
    'Several boards or a matrix need a folder for their results.',
    'Give a new one with --out DIR.',
    EXIT.usage
  )
}

/** Two names may become one as files. */
function sessionFile(folder: string, board: string, boards: readonly string[]): string {
  const same = boards.filter((other) => fileName(other) === fileName(board))
  const number = same.length > 1 ? `-${same.indexOf(board) + 1}` : ''
  return path.join(folder, `${fileName(board)}${number}.vascope`)
}
