import { Command, InvalidArgumentError } from 'commander'
import type { WhyAlive, WhyGone } from '../../engine/api'
import { formatBytes, formatTime, quantityText } from '../../engine/format'
import type { SessionModel } from '../../engine/model/session'
import { EXIT, VascopeError } from '../../engine/problem'
import { mappingsAt, whyAlive, whyGone } from '../../engine/query/why'
import { openRecording } from '../../engine/session/recording'
import { jsonOption, wholeNumber } from '../options'
import { json, result } from '../output'
import { finish } from './file'

/** `vascope why`: who keeps a BO alive, and why a mapping went. */
export function whyCommand(): Command {
  return new Command('why')
    .description('who keeps a BO alive at a time, or why a mapping went')
    .argument('<file>')
    .option('--bo <number>', 'why is this BO alive', wholeNumber)
    .option('--va <address|id>', 'why did this mapping go: an address (0x100004000) or the number of a VA')
    .option('--vm <number>', 'with an address: only of this VM; with the number of a VA it has no effect', wholeNumber)
    .option(
      '--at <seconds>',
      'at this time of the session, 12.5 or 12.5s; without it at its end. Of an address: mappings that began by then; with the number of a VA it has no effect',
      time
    )
    .addOption(jsonOption())
    .action((file: string, options: { bo?: number; va?: string; vm?: number; at?: number; json?: boolean }) => {
      if ((options.bo === undefined) === (options.va === undefined))
        throw new VascopeError('usage', 'why needs a BO or a mapping.', 'Give --bo NUMBER or --va ADDRESS.', EXIT.usage)
      const recording = openRecording(file)
      const { model } = recording
      const at = options.at ?? model.end
      if (options.bo !== undefined) {
        if (!model.state.bos.has(options.bo)) throw noBo(model, options.bo)
        const why = whyAlive(model, options.bo, at)
        if (options.json) json(why)
        else result(aliveText(why))
      } else {
        const address = /^0x/i.test(options.va!)
        const ids = address ? mappingsAt(model, Number(options.va), at, options.vm) : [Number(options.va)]
        const all = ids.map((id) => whyGone(model, id)).filter((w) => w !== null)
        if (all.length === 0)
          throw new VascopeError(
            'no-mapping',
            `There was no mapping ${address ? `at ${options.va}` : options.va} until ${formatTime(at)}.`,
            'vascope info says which VMs there are; addresses are in hexadecimal with 0x.',
            EXIT.usage
          )
        if (options.json) json(all)
        else result(all.map(goneText).join('\n\n'))
      }
      finish(recording)
    })
}

function time(text: string): number {
  const value = Number(text.replace(/s$/, ''))
  if (text === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Give a time in seconds.')
  return value
}

function noBo({ state }: SessionModel, bo: number): VascopeError {
  const ids = [...state.bos.keys()].filter((id) => id !== 0).sort((a, b) => a - b)
  const some = ids.length > 20 ? `${ids.length} BOs, ${ids[0]} to ${ids.at(-1)}` : `the BOs ${ids.join(', ')}`
  return new VascopeError(
    'no-bo',
    `There never was a BO ${bo} in this session.`,
    ids.length === 0 ? 'It has no BOs at all.' : `It has ${some}. vascope events --kind bo-create lists them.`,
    EXIT.usage
  )
}

function aliveText(why: WhyAlive): string {
  const lines = [why.answer]
  for (const h of why.holders) {
    const since = h.since === null ? '' : `since ${formatTime(h.since)}`
    const edge = h.policy ? `${h.policy}: ${h.policySource}` : ''
    lines.push(`  ${h.references > 0 ? 'holds' : '     '}  ${[h.who, since, edge].filter(Boolean).join(', ')}`)
  }
  if (why.state === 'alive') {
    const { refcount, explained } = why
    if (refcount)
      lines.push(
        `  ${refcount.value} references at ${formatTime(refcount.sampledAt)}, ${explained} of now are explained`
      )
    if (why.retainedSince !== null)
      lines.push(`  ${quantityText(formatBytes(why.bytes))} retained by mapping since ${formatTime(why.retainedSince)}`)
  } else if (why.destroyed !== null) lines.push(`  destroyed at ${formatTime(why.destroyed)}`)
  return lines.join('\n')
}

function goneText(why: WhyGone): string {
  const lines = [why.answer]
  lines.push(
    `  VM ${why.vm}, ${why.bo === 0 ? 'MAP_NULL' : `BO ${why.bo}`}, 0x${why.iova.toString(16)}, ${quantityText(formatBytes(why.bytes))}`
  )
  lines.push(`  from ${formatTime(why.start)}${why.end === null ? '' : ` to ${formatTime(why.end)}`}`)
  for (const step of why.steps) lines.push(`  ${formatTime(step.time)}  ${step.text}`)
  if (why.parts.length > 0) lines.push(`  goes on in ${why.parts.map((va) => `VA ${va}`).join(' and ')}`)
  return lines.join('\n')
}
