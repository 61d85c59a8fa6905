import { Command } from 'commander'
import { formatCount } from '../../engine/format'
import { EXIT, VascopeError } from '../../engine/problem'
import { eventContext, EventStream, type EventContext } from '../../engine/store/events'
import { SessionReader } from '../../engine/store/reader'
import { Field } from '../../engine/wire/schema'
import { EventText } from '../event-text'
import { Lines } from '../lines'
import { jsonOption, moment, wholeNumber } from '../options'
import { say } from '../output'

interface Options {
  kind?: string
  from?: number
  to?: number
  vm?: number
  bo?: number
  json?: boolean
}

/** `vascope events`: the events of a session file, one a line. */
export function eventsCommand(): Command {
  return new Command('events')
    .description('the events of a session file in order of time, one a line; reads no more of the file than it must')
    .argument('<file>')
    .option('-k, --kind <kinds>', 'only these kinds, for example va-insert,va-remove; kind-123 for one without a name')
    .option('--from <time>', 'from this time of the session on: 1.2s, 350ms, 1:03.5', moment)
    .option('--to <time>', 'up to this time', moment)
    .option('--vm <id>', 'only events that name this VM', wholeNumber)
    .option('--bo <id>', 'only events that name this BO', wholeNumber)
    .addOption(jsonOption('print each event as one object of JSON on a line of its own'))
    .addHelpText(
      'after',
      `
Exit codes: 0 all that was asked for was printed, 2 usage, 4 the file is damaged: some events that were asked for are lost.`
    )
    .action(print)
}

async function print(file: string, options: Options): Promise<void> {
  if (options.from !== undefined && options.to !== undefined && options.from > options.to)
    throw new VascopeError(
      'usage',
      `--from ${options.from} s is later than --to ${options.to} s: there is nothing between them.`,
      'Give the earlier time with --from.',
      EXIT.usage
    )
  const reader = new SessionReader(file)
  try {
    const context = eventContext(reader)
    const where = new Map<number, number>()
    if (options.vm !== undefined) where.set(Field.vm, options.vm)
    if (options.bo !== undefined) where.set(Field.bo, options.bo)
    const { from, to } = options
    const stream = new EventStream(reader, context, { kinds: kindsOf(options.kind, context), from, to, where })
    const text = new EventText(context, reader.index())
    const lines = new Lines()
    for (const { count, time, kind, at, values } of stream.rows()) {
      for (let i = 0; i < count; i++)
        await lines.put(
          options.json ? text.json(time[i]!, kind[i]!, values, at[i]!) : text.line(time[i]!, kind[i]!, values, at[i]!)
        )
    }
    await lines.end()
    if (stream.lost === 0) return
    say(`vascope: ${file} is damaged: ${formatCount(stream.lost)} events of the chunks that were asked for are lost.`)
    process.exitCode = EXIT.file
  } finally {
    reader.close()
  }
}

/** "va-insert,kind-123" as numbers. Throws where the session has no such kind. */
function kindsOf(list: string | undefined, { schema }: EventContext): Set<number> | undefined {
  if (list === undefined) return undefined
  const known = new Map([...schema.values()].map(({ name, kind }) => [name, kind]))
  return new Set(
    list.split(',').map((word) => {
      const name = word.trim()
      const number = /^kind-(\d+)$/.exec(name)?.[1]
      const kind = known.get(name) ?? (number === undefined ? undefined : Number(number))
      if (kind === undefined)
        throw new VascopeError(
          'kind',
          `This session has no kind of event called "${name}".`,
          `It has: ${[...known.keys()].join(', ')}.`,
          EXIT.usage
        )
      return kind
    })
  )
}
