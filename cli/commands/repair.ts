import { Command } from 'commander'
import { formatCount } from '../../engine/format'
import { EXIT } from '../../engine/problem'
import { lostText } from '../../engine/session/recording'
import { repair, type Repair } from '../../engine/store/repair'
import { jsonOption } from '../options'
import { json, result } from '../output'

const DONE: Record<Repair['done'], string> = {
  nothing: 'has a sound index; nothing was changed',
  index: 'has an index again; it was appended, what is recorded was not touched',
  copy: 'has all that can be read'
}

/** `vascope repair`: an index for a file that was cut off or damaged. */
export function repairCommand(): Command {
  return new Command('repair')
    .description('make the index of a session file again, and say what it has lost')
    .argument('<file>')
    .option('-o, --out <file>', 'write what can be read into a new file, and leave this one as it is')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Exit codes: 0 nothing is lost, 2 usage, 4 the session has lost something, also when the repair itself succeeded, or nothing in it
can be read.`
    )
    .action((file: string, options: { out?: string; json?: boolean }) => {
      const found = repair(file, options.out)
      if (options.json) json(found)
      else result(text(found))
      // the exit code speaks of the session, not of the repair: a program must not take a part for the whole
      if (found.lost.events > 0 || !found.lost.exact) process.exitCode = EXIT.file
    })
}

function text({ file, done, events, lost, damage }: Repair): string {
  const lines = [
    `${file} ${DONE[done]}.`,
    `${formatCount(events)} events can be read. ${lostText(lost) || 'Nothing is lost.'}`
  ]
  for (const { offset, bytes, text: what } of damage)
    lines.push(`  ${what}: ${formatCount(bytes)} bytes at byte ${offset}`)
  return lines.join('\n')
}
