import { Command, Option } from 'commander'
import type { ScenarioRun, Severity } from '../../engine/api'
import type { TraceLevel } from '../../engine/deploy/deploy'
import { EXIT, VascopeError } from '../../engine/problem'
import { runBoards, runMatrix } from '../farm'
import { SEVERITIES } from '../findings'
import { boardOption, jsonOption, parameter, runsOf, scenario, seconds, traceOption, wholeNumber } from '../options'
import { present, recordSession } from '../recorded'

interface RunOptions {
  board?: string[]
  scenario?: Parameters<typeof runsOf>[0]['scenario']
  matrix?: string
  seed: number
  param?: Record<string, number>
  yes?: boolean
  out?: string
  report?: string
  trace: TraceLevel
  failOn?: Severity
  json?: boolean
}

/** `vascope run`: scenarios on one board or several, traced and recorded. */
export function runCommand(): Command {
  const board = boardOption()
  return new Command('run')
    .description('run scenarios on a board while tracing it, and record the session')
    .addOption(
      new Option(
        board.flags,
        `${board.description}; may be given several times, for boards that run at the same time`
      ).argParser((text, before: string[] = []) => [...before, text])
    )
    .option(
      '-s, --scenario <id[:name=value,...]>',
      'what to run, with its own seed and parameters (vm-bind-churn:ops=5000,seed=7), or all; may be given several times, run one after another',
      scenario
    )
    .option(
      '--matrix <file>',
      'scenarios, kernels and boards from a YAML file (docs/farm.md), instead of --board and --scenario'
    )
    .option('--seed <number>', 'the same seed issues the same requests', wholeNumber, 1)
    .option('-p, --param <name=value>', 'a parameter for every scenario given; may be given several times', parameter)
    .option('-y, --yes', 'run scenarios that may leave the board in need of a reboot without asking')
    .option(
      '-o, --out <file>',
      'session file; without it one in the sessions folder. With several boards or a matrix: a new folder'
    )
    .option('--report <file>', 'write the report too: .html, .pdf, .md or .json')
    .addOption(
      new Option('--fail-on <severity>', 'findings from this on fail (default: violation)').choices([...SEVERITIES])
    )
    .addOption(traceOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
With several boards or a matrix the folder has a session file and a report for each job, index.html, results.json and junit.xml.
A board that reboots in the middle goes on with what is left, in NAME.2.vascope; the scenario that ran counts as failed.

Exit codes, best first; of several boards the worst counts: 0 fine, 1 findings or a scenario that failed, 4 a file is damaged,
3 board unreachable or refused, 2 usage, 130 interrupted.`
    )
    .action(run)
}

async function run(options: RunOptions): Promise<void> {
  const { board: boards = [], matrix } = options
  if (matrix !== undefined) {
    for (const name of ['board', 'scenario', 'param', 'report', 'yes'] as const)
      if (options[name] !== undefined) throw usage(`--${name} does not go with --matrix.`, 'Say it in the matrix file.')
    process.exitCode = await runMatrix(matrix, options)
    return
  }
  const [board] = boards
  if (board === undefined) throw usage('No board is given.', 'Give --board, or --matrix.')
  if (!options.scenario)
    throw usage('No scenario is given.', 'Give --scenario, or --matrix. vascope record only watches.')
  const runs: ScenarioRun[] = runsOf({ ...options, scenario: options.scenario })
  if (boards.length > 1) {
    if (options.report) throw usage('--report is for one board.', 'Several boards have their reports in the folder.')
    process.exitCode = await runBoards(boards, runs, options)
    return
  }
  const { out, trace, yes, failOn } = options
  const recorded = await recordSession({ board, runs, out, trace, yes, failOn })
  await present(recorded, options)
  process.exitCode = recorded.exit
}

function usage(message: string, remedy: string): VascopeError {
  return new VascopeError('usage', message, remedy, EXIT.usage)
}

/** `vascope record`: only watch. */
export function recordCommand(): Command {
  return new Command('record')
    .description('trace a board without running anything there, until Ctrl-C')
    .addOption(boardOption())
    .option('--seconds <seconds>', 'stop after this long', seconds)
    .option('-o, --out <file>', 'session file; without it one in the sessions folder')
    .option('--report <file>', 'write the report too: .html, .pdf, .md or .json')
    .addOption(traceOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { board, out, seconds, trace } = options
      const recorded = await recordSession({ board, runs: [], out, seconds, trace })
      await present(recorded, options)
      process.exitCode = recorded.exit
    })
}

/** `vascope demo`: the main job in a terminal, on the virtual board. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('bring up the virtual board, run a VM_BIND and a scanout workload there, record and report')
    .option('-o, --out <file>', 'session file; without it one in the sessions folder')
    .option('--report <file>', 'HTML report; without it beside the session file')
    .addOption(jsonOption())
    .action(async (options) => {
      const runs = [
        { id: 'vm-bind-churn', seed: 1, parameters: {} },
        { id: 'scanout-flip', seed: 1, parameters: {} }
      ]
      const recorded = await recordSession({ board: 'virtual', runs, out: options.out })
      const report = options.report ?? recorded.recordings[0]!.file.replace(/(\.vascope)?$/, '.html')
      await present(recorded, { ...options, report })
      process.exitCode = recorded.exit
    })
}
