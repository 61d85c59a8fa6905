import { Command } from 'commander'
import { formatBytes, formatCount, formatTime, NOT_SEEN, quantityText } from '../../engine/format'
import type { Vm } from '../../engine/model/entities'
import type { SessionModel } from '../../engine/model/session'
import { EXIT } from '../../engine/problem'
import { Moments } from '../../engine/session/moment'
import { SessionReader } from '../../engine/store/reader'
import { Lines } from '../lines'
import { jsonOption } from '../options'
import { say } from '../output'

/** `vascope vm`: each VM of a session. */
export function vmCommand(): Command {
  return new Command('vm')
    .description(
      'each VM of a session: its policy and how that is known, its life, its mappings and bytes, now and at most'
    )
    .argument('<file>')
    .addOption(jsonOption('print each VM as one object of JSON on a line of its own'))
    .addHelpText(
      'after',
      `
--json prints, times in seconds and sizes in bytes:
  {vm, name, pid, comm, mode, policy, policySource, created, closed, destroyed, base, size, inserted, bytesMapped, mappings, bytes, vmBos,
   peak: {mappings, bytes, at}}
  created       null: before tracing; destroyed null: it lives
  inserted      mappings that it ever had; bytesMapped: of BOs, all of them together
  mappings      at the end of the session; peak: the most of each at once, and when there were most bytes

Exit codes: 0 printed, 2 usage, 4 the file is damaged: events that lead to these figures are lost.`
    )
    .action(print)
}

async function print(file: string, options: { json?: boolean }): Promise<void> {
  const reader = new SessionReader(file)
  try {
    const moments = new Moments(reader)
    const model = moments.at(Infinity)
    const lines = new Lines()
    if (model.state.vms.size === 0) say('No VM was seen in this session.')
    for (const vm of [...model.state.vms.values()].sort((a, b) => a.id - b.id))
      await lines.put(options.json ? line(model, vm) : text(model, vm))
    await lines.end()
    if (moments.lost === 0) return
    say(`vascope: ${file} is damaged: ${formatCount(moments.lost)} events that lead to these figures are lost.`)
    process.exitCode = EXIT.file
  } finally {
    reader.close()
  }
}

function line({ state }: SessionModel, vm: Vm): string {
  const { id, name, mode, verdict, traced, created, closed, destroyed, base, size, peak } = vm
  const task = state.tasks.get(vm.task)
  return JSON.stringify({
    ...{ vm: id, name, pid: task?.pid ?? 0, comm: task?.comm ?? '', mode },
    ...{ policy: verdict.policy, policySource: verdict.source, created: traced ? created : null, closed, destroyed },
    ...{ base: `0x${base.toString(16)}`, size, inserted: vm.inserted, bytesMapped: vm.mappedBytes },
    ...{ mappings: vm.live, bytes: vm.liveBytes, vmBos: vm.vmBos, peak }
  })
}

function text({ state }: SessionModel, vm: Vm): string {
  const bytes = (n: number): string => quantityText(formatBytes(n))
  const task = state.tasks.get(vm.task)
  const who = [vm.name, task && `${task.comm} ${task.pid}`].filter(Boolean).join(', ')
  const end =
    vm.destroyed !== null
      ? `destroyed at ${formatTime(vm.destroyed, 6)}`
      : vm.closed !== null
        ? `closed at ${formatTime(vm.closed, 6)}, not destroyed`
        : 'there at the end'
  return [
    `VM ${vm.id}${who ? `  ${who}` : ''}`,
    `  policy    ${vm.verdict.policy}: ${vm.verdict.source}`,
    `  life      ${vm.traced ? `from ${formatTime(vm.created, 6)}` : `its creation was ${NOT_SEEN}`}, ${end}`,
    `  mappings  ${formatCount(vm.live)} of ${formatCount(vm.inserted)} that it had, at most ${formatCount(vm.peak.mappings)}; ${formatCount(vm.vmBos)} vm_bos`,
    `  bytes     ${bytes(vm.liveBytes)}, at most ${bytes(vm.peak.bytes)}${vm.peak.bytes > 0 ? ` at ${formatTime(vm.peak.at, 6)}` : ''}; ${bytes(vm.mappedBytes)} mapped in all`
  ].join('\n')
}
