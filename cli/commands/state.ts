import { Command } from 'commander'
import { formatBytes, formatCount, formatIova, formatOffset, formatTime, quantityText } from '../../engine/format'
import type { Bo, Vm } from '../../engine/model/entities'
import type { SessionModel } from '../../engine/model/session'
import { EXIT, VascopeError } from '../../engine/problem'
import { Moments } from '../../engine/session/moment'
import { SessionReader } from '../../engine/store/reader'
import { Lines } from '../lines'
import { jsonOption, moment, wholeNumber } from '../options'
import { say } from '../output'

const STATES = { 1: 'live', 2: 'pending', 3: 'evicted' } as const

interface Options {
  at?: number
  vm?: number
  json?: boolean
}

/** `vascope state`: all that lives at a time. */
export function stateCommand(): Command {
  return new Command('state')
    .description('all that lives at a time: VMs and their mappings, BOs, framebuffers, jobs; from the nearest keyframe')
    .argument('<file>')
    .option('--at <time>', 'the time of the session: 12.5s, 350ms, 1:03.5; without it its end', moment)
    .option('--vm <id>', 'only this VM, with its mappings and their BOs', wholeNumber)
    .addOption(jsonOption('print each object as one object of JSON on a line of its own'))
    .addHelpText(
      'after',
      `
--json prints a line for each object, times in seconds, sizes in bytes, addresses as hexadecimal strings:
  {kind: "state", at, vms, mappings, bytes, bos, vmBos, framebuffers, jobs, submits}   first, the sums (of the one VM with --vm)
  {kind: "vm", vm, name, pid, comm, mode, policy, policySource, created, mappings, bytes, vmBos}   created null: before tracing
  {kind: "mapping", va, vm, vmBo, bo, iova, bytes, offset, state, since, traced}   bo 0: MAP_NULL; state live, pending or evicted;
                                                                                traced false: older than since
  {kind: "bo", bo, name, bytes, created, handles, refcount, exported, framebuffers, retainedSince}
  {kind: "framebuffer", fb, bos, created}

Exit codes: 0 printed, 2 usage, 4 the file is damaged: events that lead to the state are lost.`
    )
    .action(print)
}

async function print(file: string, options: Options): Promise<void> {
  const reader = new SessionReader(file)
  try {
    if (options.at !== undefined && options.at < 0)
      throw new VascopeError(
        'usage',
        `--at ${options.at} s is before the session's beginning.`,
        'Give a time from 0 on, or none for its end.',
        EXIT.usage
      )
    const moments = new Moments(reader)
    const model = moments.at(options.at ?? Infinity)
    const end = moments.end
    if (options.at !== undefined && options.at > end)
      throw new VascopeError(
        'usage',
        `--at ${options.at} s is behind the session's end at ${formatTime(end, 6)}.`,
        'Give a time of the session.',
        EXIT.usage
      )
    const at = options.at ?? end
    const vms = [...model.state.vms.values()].filter((vm) => vm.destroyed === null && vm.created <= at)
    vms.sort((a, b) => a.id - b.id)
    const chosen = options.vm === undefined ? vms : vms.filter((vm) => vm.id === options.vm)
    if (options.vm !== undefined && chosen.length === 0) throw noVm(model, options.vm, at)
    const lines = new Lines()
    const bos = options.vm === undefined ? [...model.state.aliveBos] : bosOf(model, chosen)
    await (options.json ? printJson : printText)(
      model,
      { at, vms: chosen, bos, whole: options.vm === undefined },
      lines
    )
    await lines.end()
    if (moments.lost === 0) return
    say(`vascope: ${file} is damaged: ${formatCount(moments.lost)} events that lead to this state are lost.`)
    process.exitCode = EXIT.file
  } finally {
    reader.close()
  }
}

function noVm({ state }: SessionModel, id: number, at: number): VascopeError {
  const vm = state.vms.get(id)
  const when = vm?.destroyed != null ? `: it was destroyed at ${formatTime(vm.destroyed, 6)}` : ''
  const ids = [...state.vms.values()].filter((v) => v.destroyed === null).map((v) => v.id)
  return new VascopeError(
    'no-vm',
    `There is no VM ${id} at ${formatTime(at, 6)}${when}.`,
    ids.length > 0 ? `There are the VMs ${ids.join(', ')}.` : 'There is none at all then.',
    EXIT.usage
  )
}

function bosOf({ state }: SessionModel, vms: Vm[]): number[] {
  const bos = new Set<number>()
  for (const vm of vms) for (const i of vm.mappings) if (state.mappings.bo.at(i) !== 0) bos.add(state.mappings.bo.at(i))
  return [...bos]
}

interface Shown {
  at: number
  vms: Vm[]
  bos: number[]
  /** Of the whole session, and not of one VM. */
  whole: boolean
}

/** Indices of a VM's mappings by address. */
function byAddress({ state: { mappings: m } }: SessionModel, vm: Vm): number[] {
  return [...vm.mappings].sort((a, b) => m.iova.at(a) - m.iova.at(b))
}

function sums({ state }: SessionModel, { at, vms, bos }: Shown): Record<string, number> {
  const sum = (of: (vm: Vm) => number): number => vms.reduce((n, vm) => n + of(vm), 0)
  return {
    at,
    vms: vms.length,
    mappings: sum((vm) => vm.live),
    bytes: sum((vm) => vm.liveBytes),
    bos: bos.length,
    vmBos: sum((vm) => vm.vmBos),
    framebuffers: state.fbHistory.filter((fb) => fb.destroyed === null).length,
    jobs: [...state.jobs.unfinished()].length,
    submits: [...state.submits.unfinished()].length
  }
}

async function printJson(model: SessionModel, shown: Shown, lines: Lines): Promise<void> {
  const { state } = model
  const { mappings: m, tasks } = state
  const put = (value: object): Promise<void> => lines.put(JSON.stringify(value))
  await put({ kind: 'state', ...sums(model, shown) })
  for (const vm of shown.vms) {
    const { id, name, mode, verdict, traced, created, live, liveBytes, vmBos } = vm
    const task = tasks.get(vm.task)
    await put({
      ...{ kind: 'vm', vm: id, name, pid: task?.pid ?? 0, comm: task?.comm ?? '', mode },
      ...{ policy: verdict.policy, policySource: verdict.source, created: traced ? created : null },
      ...{ mappings: live, bytes: liveBytes, vmBos }
    })
    for (const i of byAddress(model, vm))
      await put({
        ...{ kind: 'mapping', va: m.va.at(i), vm: id, vmBo: m.vmBo.at(i), bo: m.bo.at(i) },
        ...{ iova: hex(m.iova.at(i)), bytes: m.bytes.at(i), offset: hex(m.offset.at(i)) },
        ...{ state: STATES[state.mappingState(i, shown.at)], since: m.start.at(i), traced: m.traced.at(i) !== 0 }
      })
  }
  for (const id of shown.bos) {
    const { name, bytes, created, handleCount, refcount, exported, fbPlanes, retainedSince } = state.bos.get(id)!
    await put({
      ...{ kind: 'bo', bo: id, name, bytes, created, handles: handleCount, refcount, exported: exported !== null },
      ...{ framebuffers: fbPlanes, retainedSince }
    })
  }
  if (!shown.whole) return
  for (const fb of state.fbHistory)
    if (fb.destroyed === null) await put({ kind: 'framebuffer', fb: fb.id, bos: fb.planes, created: fb.created })
}

async function printText(model: SessionModel, shown: Shown, lines: Lines): Promise<void> {
  const { state } = model
  const { mappings: m, tasks } = state
  const s = sums(model, shown)
  const bytes = (n: number): string => quantityText(formatBytes(n))
  await lines.put(
    `at ${formatTime(shown.at, 6)}  ${formatCount(s.vms!)} VMs  ${formatCount(s.mappings!)} mappings  ${bytes(s.bytes!)}  ` +
      `${formatCount(s.bos!)} BOs  ${formatCount(s.vmBos!)} vm_bos  ${s.framebuffers!} framebuffers  ${s.jobs!} VM_BIND jobs  ${s.submits!} submits`
  )
  for (const vm of shown.vms) {
    const task = tasks.get(vm.task)
    const who = [vm.name, task && `${task.comm} ${task.pid}`].filter(Boolean).join(', ')
    await lines.put(`\nVM ${vm.id}${who ? `  ${who}` : ''}  ${vm.verdict.policy}: ${vm.verdict.source}`)
    await lines.put(`  ${formatCount(vm.live)} mappings, ${bytes(vm.liveBytes)}, ${formatCount(vm.vmBos)} vm_bos`)
    for (const i of byAddress(model, vm)) {
      const bo = m.bo.at(i)
      const what = bo === 0 ? 'MAP_NULL' : `${boName(state.bos.get(bo), bo)} + ${formatOffset(m.offset.at(i))}`
      const since = `${m.traced.at(i) === 0 ? 'before' : 'since'} ${formatTime(m.start.at(i), 6)}`
      const row = [
        formatIova(m.iova.at(i)),
        bytes(m.bytes.at(i)).padStart(10),
        STATES[state.mappingState(i, shown.at)].padEnd(7)
      ]
      await lines.put(`  ${row.join('  ')}  VA ${m.va.at(i)}  ${what}  ${since}`)
    }
  }
  if (shown.bos.length > 0) await lines.put('')
  for (const id of shown.bos) {
    const bo = state.bos.get(id)!
    const refs = bo.refcount ? `${bo.refcount.value} references at ${formatTime(bo.refcount.sampledAt, 6)}` : ''
    const retained = bo.retainedSince === null ? '' : `only mappings keep it since ${formatTime(bo.retainedSince, 6)}`
    const parts = [`${bo.handleCount} handles`, refs, bo.exported === null ? '' : 'exported', retained]
    await lines.put(`${boName(bo, id)}  ${bytes(bo.bytes)}  ${parts.filter(Boolean).join(', ')}`)
  }
}

function boName(bo: Bo | undefined, id: number): string {
  return `BO ${id}${bo?.name ? ` "${bo.name}"` : ''}`
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
