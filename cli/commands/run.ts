import { Command } from 'commander'
import { boardOption, jsonOption, parameter, runsOf, scenario, seconds, traceOption, wholeNumber } from '../options'
import { present, recordSession } from '../recorded'

/** `vascope run`: scenarios on a board, traced and recorded. */
export function runCommand(): Command {
  return new Command('run')
    .description('run scenarios on a board while tracing it, and record the session')
    .addOption(boardOption())
    .requiredOption(
      '-s, --scenario <id[:name=value,...]>',
      'what to run, with its own seed and parameters (vm-bind-churn:ops=5000,seed=7), or all; may be given several times, run one after another',
      scenario
    )
    .option('--seed <number>', 'the same seed issues the same requests', wholeNumber, 1)
    .option('-p, --param <name=value>', 'a parameter for every scenario given; may be given several times', parameter)
    .option('-y, --yes', 'run scenarios that may leave the board in need of a reboot without asking')
    .option('-o, --out <file>', 'session file; without it one in the sessions folder')
    .option('--report <file>', 'write the HTML report too')
    .addOption(traceOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { board, out, trace, yes } = options
      const recorded = await recordSession({ board, runs: runsOf(options), out, trace, yes })
      present(recorded, options)
      process.exitCode = recorded.exit
    })
}

/** `vascope record`: only watch. */
export function recordCommand(): Command {
  return new Command('record')
    .description('trace a board without running anything there, until Ctrl-C')
    .addOption(boardOption())
    .option('--seconds <seconds>', 'stop after this long', seconds)
    .option('-o, --out <file>', 'session file; without it one in the sessions folder')
    .option('--report <file>', 'write the HTML report too')
    .addOption(traceOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { board, out, seconds, trace } = options
      const recorded = await recordSession({ board, runs: [], out, seconds, trace })
      present(recorded, options)
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
      const report = options.report ?? recorded.recording.file.replace(/(\.vascope)?$/, '.html')
      present(recorded, { ...options, report })
      process.exitCode = recorded.exit
    })
}
