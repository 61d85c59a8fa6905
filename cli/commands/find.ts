import { Command, InvalidArgumentError } from 'commander'
import { formatBytes, formatCount, formatIova, formatTime, quantityText } from '../../engine/format'
import { REASONS } from '../../engine/model/state'
import { EXIT } from '../../engine/problem'
import { findCovering, type Covering } from '../../engine/session/find'
import { lostText } from '../../engine/session/recording'
import { SessionReader } from '../../engine/store/reader'
import type { Index } from '../../engine/store/session-index'
import { Lines } from '../lines'
import { jsonOption, wholeNumber } from '../options'
import { say } from '../output'

/** `vascope find`: every mapping that ever covered an address. */
export function findCommand(): Command {
  return new Command('find')
    .description('every mapping that ever covered an address: in which VM, from when to when, and why it ended')
    .argument('<file>')
    .requiredOption('--iova <address>', 'the GPU address, in hexadecimal: 0x1_0021_0000', address)
    .option('--vm <id>', 'only of this VM', wholeNumber)
    .addOption(jsonOption('print each mapping as one object of JSON on a line of its own'))
    .addHelpText(
      'after',
      `
Mappings come in the order of their starts. vascope why FILE --va NUMBER says more of the end of one.

--json prints {va, vm, bo, iova, bytes, offset, traced, start, end, reason, by}: addresses as hexadecimal strings, times in seconds;
  bo      0 for MAP_NULL
  traced  false: a snapshot found it, it is older than start
  end     null: it is there at the end of the session
  reason  null while it is there, and where its end was lost; by: {pid, tid, comm} of who removed it, null where nobody saw

Exit codes: 0 also where nothing covered the address, 2 usage, 4 the file is damaged: mappings may be missing.`
    )
    .action(print)
}

async function print(file: string, options: { iova: bigint; vm?: number; json?: boolean }): Promise<void> {
  const reader = new SessionReader(file)
  try {
    const found = findCovering(reader, options.iova, options.vm)
    const { tasks } = reader.index()
    const lines = new Lines()
    for (const one of found) await lines.put(options.json ? line(one, tasks) : text(one, tasks))
    await lines.end()
    if (found.length === 0)
      say(
        `No mapping${options.vm === undefined ? '' : ` of VM ${options.vm}`} ever covered 0x${options.iova.toString(16)}.`
      )
    const lost = reader.lost()
    if (reader.damage.length === 0 && lost.events === 0 && lost.exact) return
    say(
      `vascope: ${file} is damaged or was cut off: ${formatCount(reader.damage.length)} parts cannot be read. ${lostText(lost)}`
    )
    process.exitCode = EXIT.file
  } finally {
    reader.close()
  }
}

function address(text: string): bigint {
  if (!/^0x[0-9a-f_]+$/i.test(text))
    throw new InvalidArgumentError('Give an address in hexadecimal, for example 0x100210000.')
  const value = BigInt(text.replaceAll('_', ''))
  if (value >= 1n << 64n) throw new InvalidArgumentError('A GPU address has 64 bits.')
  return value
}

function reasonOf({ end, reason }: Covering): string | null {
  return end === null || reason === null ? null : (REASONS[reason] ?? `reason ${reason}`)
}

function line(one: Covering, tasks: Index['tasks']): string {
  const { va, vm, bo, iova, bytes, offset, traced, start, end, by } = one
  const task = tasks.get(by)
  return JSON.stringify({
    ...{ va, vm, bo, iova: hex(iova), bytes, offset: hex(offset), traced },
    ...{ start, end, reason: reasonOf(one) },
    by: task ? { pid: task.pid, tid: task.tid, comm: task.comm } : null
  })
}

function text(one: Covering, tasks: Index['tasks']): string {
  const task = tasks.get(one.by)
  const from = `${one.traced ? '' : 'before '}${formatTime(one.start, 6)}`
  const why = reasonOf(one) ?? 'its end was lost'
  const end =
    one.end === null
      ? 'there at the end'
      : `${formatTime(one.end, 6)}  ${why}${task ? `, by ${task.comm} ${task.pid}` : ''}`
  const range = `${formatIova(Number(one.iova))} ${quantityText(formatBytes(one.bytes))}`
  const what = one.bo === 0 ? 'MAP_NULL' : `BO ${one.bo} + ${hex(one.offset)}`
  return `VM ${one.vm}  VA ${one.va}  ${range}  ${what}  ${from} to ${end}`
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
