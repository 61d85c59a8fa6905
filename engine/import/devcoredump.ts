import { EXIT, VascopeError } from '../problem'
import { TraceLevel } from '../wire/messages'
import { Field, Kind, kindName } from '../wire/schema'
import { SessionBuilder } from './builder'

const PAGE = 4096
const VM = 1
/** The dump's time is put here on the session's clock, which it does not say. */
const DUMP_NS = 1e9
/** The VM log has an order and no times: its entries are put this far apart. */
const STEP_NS = 1000

/** TeardownReason by the driver's word (vm_log in msm_gem_vma.c, 7.3). */
const REASONS: Record<string, number> = { unmap: 1, close: 2, vma_put: 3, purge: 4, evict: 5, free: 6 }

const SCHEMA = new Map<number, readonly number[]>([
  [Kind.PteMap, [Field.vm, Field.iova, Field.range, Field.queue]],
  [Kind.PteUnmap, [Field.vm, Field.iova, Field.range, Field.queue, Field.reason]],
  [Kind.GpuFault, [Field.iova]]
])

/** Kinds that a session is poorer without. */
const MISSING = [Kind.VaInsert, Kind.VaRemove, Kind.SmMap, Kind.VmBind, Kind.JobRun, Kind.HandleOpen, Kind.BoCreate]

interface Dump {
  facts: Map<string, string>
  log: { op: string; queue: number; from: bigint; to: bigint }[]
  bos: { iova: bigint; bytes: number; flags: number; name: string }[]
  fault: bigint | null
}

export function isDevcoredump(text: string): boolean {
  return /^---\r?\nkernel: .*\r?\nmodule: /.test(text)
}

/**
 * Makes a session of msm's devcoredump (adreno_gpu.c, adreno_show, 7.3): the VM log as what was written to page tables, and the BOs of the
 * submit that hung as a snapshot. Answers what is in it. Throws VascopeError where the dump has neither.
 */
export function importDevcoredump(text: string, input: string, file: string): { events: number; notes: string[] } {
  const dump = parseDump(text)
  const { facts, log, bos, fault } = dump
  if (log.length === 0 && bos.length === 0)
    throw new VascopeError(
      'import-empty',
      `${input} has no VM log and no BOs.`,
      'The kernel keeps a VM log for VM_BIND VMs that were made while msm.vm_log_shift was above 0: set it, and provoke the fault again.',
      EXIT.usage
    )
  const notes = [
    'Imported from a devcoredump: a VM log has the order of what was done to the page tables, and no times. Entries are put 1 µs apart.',
    log.length > 0
      ? `The log has the newest ${log.length} operations of one VM; what was before is not known, nor who asked for them, nor of which BO.`
      : 'There is no VM log: msm.vm_log_shift was 0, or the VM is no VM_BIND one.',
    ...(bos.length > 0
      ? [
          `The ${bos.length} BOs of the submit that hung are a snapshot, an incomplete one: of BOs outside of it nothing is known.`
        ]
      : [])
  ]
  const reason = 'made from a devcoredump, not traced'
  const realtimeNs = Math.round(Number(facts.get('time') ?? 0) * 1e9)
  const comm = facts.get('comm') ?? ''
  const builder = new SessionBuilder({
    ...{ file, kernel: facts.get('kernel') ?? '', driver: facts.get('module') ?? 'msm', reason },
    head: {
      ...{ program: 'vascope import', board: 'devcoredump', title: `devcoredump ${comm}`.trim() },
      ...{ command: '', startedRealtimeNs: realtimeNs, facts: { imported: 'devcoredump' } }
    },
    level: TraceLevel.TRACE_LEVEL_UNSPECIFIED,
    monotonicNs: DUMP_NS - log.length * STEP_NS,
    realtimeNs: realtimeNs > 0 ? realtimeNs - log.length * STEP_NS : 0,
    schema: SCHEMA,
    probes: [
      { symbol: 'vm_log', how: 'devcoredump', kinds: [Kind.PteMap, Kind.PteUnmap] },
      ...MISSING.map((kind) => ({
        symbol: kindName(kind),
        how: 'devcoredump',
        kinds: [kind],
        missing: 'a devcoredump does not have it'
      }))
    ]
  })
  try {
    for (const [i, { op, queue, from, to }] of log.entries()) {
      const values: number[] = []
      values[Field.vm] = VM
      values[Field.iova] = pages(from)
      values[Field.range] = pages(to - from)
      values[Field.queue] = queue
      values[Field.reason] = REASONS[op] ?? 0
      builder.event(op === 'map' ? Kind.PteMap : Kind.PteUnmap, DUMP_NS - (log.length - i) * STEP_NS, values)
    }
    if (fault !== null) {
      const values: number[] = []
      values[Field.iova] = pages(fault)
      builder.event(Kind.GpuFault, DUMP_NS, values)
    }
    builder.snapshot(DUMP_NS, snapshotOf(dump))
    for (const note of notes) builder.warning(DUMP_NS, note)
    builder.finish(DUMP_NS, reason)
  } catch (error) {
    builder.discard()
    throw error
  }
  return { events: builder.events, notes }
}

function snapshotOf({ facts, log, bos }: Dump): object {
  const bind = log.some(({ queue }) => queue > 0)
  return {
    tasks: [{ id: 1, pid: 0, tid: 0, comm: facts.get('comm') ?? '' }],
    vms: [{ id: VM, name: 'of the submit that hung', mode: bind ? 2 : 0, task: 1 }],
    bos: bos.map(({ bytes, flags, name }, i) => ({ id: i + 1, size: Math.ceil(bytes / PAGE), flags, name })),
    vmBos: bos.map((_, i) => ({ id: i + 1, vm: VM, bo: i + 1 })),
    vas: bos.map(({ iova, bytes }, i) => ({
      ...{ id: i + 1, vm: VM, vmBo: i + 1, bo: i + 1, mapped: true },
      ...{ iova: pages(iova), range: Math.ceil(bytes / PAGE) }
    }))
  }
}

/** Reads what is known of a dump and passes over the rest; nothing of it makes it throw. */
function parseDump(text: string): Dump {
  const dump: Dump = { facts: new Map(), log: [], bos: [], fault: null }
  let section = ''
  for (const line of text.split(/\r?\n/)) {
    const top = /^([a-z-]+):\s*(.*)$/.exec(line)
    if (top) {
      section = top[1]!
      if (top[2]) dump.facts.set(section, top[2])
    } else if (section === 'vm-log') {
      const [, op, queue, from, to] = /^ {2}- ([\w-]+):(-?\d+): (0x[0-9a-f]+)-(0x[0-9a-f]+)$/.exec(line) ?? []
      if (op && BigInt(to!) > BigInt(from!))
        dump.log.push({ op, queue: Math.max(0, Number(queue)), from: BigInt(from!), to: BigInt(to!) })
    } else if (section === 'bos') takeBo(dump, line)
    else if (section === 'fault-info') {
      const iova = /^ {2}- iova=([0-9a-f]+)$/.exec(line)
      if (iova) dump.fault ??= BigInt(`0x${iova[1]!}`)
    }
  }
  dump.bos = dump.bos.filter(({ bytes }) => bytes > 0)
  return dump
}

function takeBo({ bos }: Dump, line: string): void {
  const [, key, value] = /^ {2}[- ] ([a-z]+): (.*)$/.exec(line) ?? []
  if (key === 'iova' && /^0x[0-9a-f]+$/.test(value!)) bos.push({ iova: BigInt(value!), bytes: 0, flags: 0, name: '' })
  const bo = bos.at(-1)
  if (!bo || !value) return
  if (key === 'size') bo.bytes = Number(value) || 0
  else if (key === 'flags') bo.flags = Number(value) || 0
  else if (key === 'name') bo.name = value.trim()
}

function pages(bytes: bigint): number {
  return Number(bytes / BigInt(PAGE))
}
