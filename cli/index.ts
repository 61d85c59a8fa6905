import { Command } from 'commander'
import { boardCommand } from './commands/board'
import { checkCommand } from './commands/check'
import { diffCommand } from './commands/diff'
import { eventsCommand } from './commands/events'
import { exportCommand } from './commands/export'
import { importCommand } from './commands/import'
import { infoCommand, reportCommand } from './commands/file'
import { findCommand } from './commands/find'
import { openCommand } from './commands/open'
import { probeCommand } from './commands/probe'
import { repairCommand } from './commands/repair'
import { demoCommand, recordCommand, runCommand } from './commands/run'
import { statsCommand } from './commands/stats'
import { stateCommand } from './commands/state'
import { vmCommand } from './commands/vm'
import { whyCommand } from './commands/why'
import { fail } from './exit'
import { guardOutput } from './output'

const program = new Command('vascope')
  .description('A scope for GPU virtual address spaces: what drm_gpuvm did on a Linux board.')
  .version('0.1.0')
  .showHelpAfterError('Try --help.')
  .addHelpText(
    'after',
    '\nExit codes: 0 fine, 1 findings, 2 usage, 3 board unreachable or refused, 4 session file damaged, 130 interrupted.'
  )

for (const command of [
  probeCommand(),
  runCommand(),
  recordCommand(),
  demoCommand(),
  infoCommand(),
  statsCommand(),
  diffCommand(),
  checkCommand(),
  stateCommand(),
  vmCommand(),
  findCommand(),
  whyCommand(),
  reportCommand(),
  openCommand(),
  eventsCommand(),
  exportCommand(),
  importCommand(),
  repairCommand(),
  boardCommand()
])
  program.addCommand(command)

// every level throws instead of exiting, so that the exit code is decided in one place
const throwing = (command: Command): void => {
  command.exitOverride().showHelpAfterError('Try --help.')
  command.commands.forEach(throwing)
}
throwing(program)

guardOutput(process.stdout, process.stderr)

try {
  // the packed app's Node would else be taken for an app with no file of its own in the arguments
  await program.parseAsync(process.argv, { from: 'node' })
} catch (error) {
  process.exitCode = fail(error)
}
