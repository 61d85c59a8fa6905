/** How a column's values are written: addresses as text in CSV and JSON, since spreadsheets and JSON have doubles only. */
export type ColumnType = 'text' | 'int' | 'address' | 'seconds' | 'bool' | 'date-time'

export type Cell = string | number | bigint | boolean | null

export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly text: string
}

export interface TableInfo {
  readonly name: string
  readonly text: string
  readonly columns: readonly Column[]
}

type Row = [name: string, type: ColumnType, text: string]

function table(name: string, text: string, rows: readonly Row[]): TableInfo {
  const session: Row = ['session', 'text', 'which session: the same in every table of it']
  return { name, text, columns: [session, ...rows].map(([n, type, t]) => ({ name: n, type, text: t })) }
}

const TASK: Row[] = [
  ['pid', 'int', 'process'],
  ['tid', 'int', 'thread'],
  ['comm', 'text', 'its name']
]

/**
 * The tables of an export. A name ends with its unit: _s seconds of the session, _bytes; every other number is a count, an id or a mask.
 * A cell is null where something is not so, or was not seen. docs/export.md is made from this list.
 */
export const TABLES = {
  sessions: table('sessions', 'one row: who recorded what, when, how it was seen, and what is missing', [
    ['board', 'text', 'as it was asked for'],
    ['title', 'text', 'what was run'],
    ['kernel', 'text', 'uname -r'],
    ['kernel_version', 'text', 'uname -v'],
    ['machine', 'text', 'uname -m'],
    ['model', 'text', 'of the board'],
    ['driver', 'text', 'of the render node'],
    ['gpu', 'text', ''],
    ['trace_level', 'text', 'bpf, kprobes, debugfs'],
    ['program', 'text', 'that recorded it'],
    ['command', 'text', 'that records it again'],
    ['started_at', 'date-time', 'time 0 of the session'],
    ['duration_s', 'seconds', ''],
    ['events', 'int', 'that were read'],
    ['events_dropped', 'int', 'on the board, as it says itself'],
    ['events_unreadable', 'int', 'in damaged parts of the file'],
    ['complete', 'bool', 'false: the recording was cut off']
  ]),
  vms: table('vms', 'GPU virtual address spaces', [
    ['vm', 'int', 'id'],
    ['name', 'text', ''],
    ['mode', 'text', 'vm-bind, kernel-managed, unknown'],
    ['policy', 'text', 'what keeps its BOs: hard, weak, handle-counted, unknown (docs/policies.md)'],
    ['flags', 'int', 'drm_gpuvm.flags'],
    ...TASK,
    ['base', 'address', 'of the managed space'],
    ['bytes', 'int', 'of the managed space'],
    ['created_s', 'seconds', 'null: before tracing'],
    ['closed_s', 'seconds', ''],
    ['destroyed_s', 'seconds', ''],
    ['inserted', 'int', 'mappings'],
    ['live', 'int', 'mappings at the end'],
    ['peak_bytes', 'int', 'mapped at once']
  ]),
  bos: table('bos', 'buffer objects', [
    ['bo', 'int', 'id'],
    ['name', 'text', ''],
    ['bytes', 'int', ''],
    ['flags', 'int', 'of the driver'],
    ...TASK,
    ['created_s', 'seconds', 'null: before tracing'],
    ['destroyed_s', 'seconds', ''],
    ['handles', 'int', 'opened'],
    ['last_closed_s', 'seconds', 'last close of a handle']
  ]),
  vm_bos: table('vm_bos', 'a BO in a VM (drm_gpuvm_bo)', [
    ['vm_bo', 'int', 'id'],
    ['vm', 'int', ''],
    ['bo', 'int', ''],
    ['created_s', 'seconds', 'null: before tracing'],
    ['destroyed_s', 'seconds', '']
  ]),
  mappings: table('mappings', 'mappings (drm_gpuva), one row for the life of each', [
    ['va', 'int', 'id'],
    ['vm', 'int', ''],
    ['bo', 'int', 'null: MAP_NULL'],
    ['vm_bo', 'int', ''],
    ['iova', 'address', 'where it begins'],
    ['bytes', 'int', ''],
    ['offset_bytes', 'int', 'into the BO'],
    ['flags', 'int', 'drm_gpuva.flags'],
    ['start_s', 'seconds', 'inserted'],
    ['start_seen', 'bool', 'false: found by a snapshot, so older than start_s'],
    ['written_s', 'seconds', 'its page tables were written'],
    ['end_s', 'seconds', 'null: lives at the end'],
    ['end_seen', 'bool', 'false: its removal was lost, end_s is when a snapshot told'],
    ['reason', 'text', 'why it went'],
    ['ended_by_pid', 'int', ''],
    ['ended_by_tid', 'int', ''],
    ['ended_by_comm', 'text', '']
  ]),
  vm_binds: table('vm_binds', 'VM_BIND ioctls', [
    ['time_s', 'seconds', 'when it returned'],
    ['duration_s', 'seconds', ''],
    ...TASK,
    ['queue', 'int', 'submitqueue'],
    ['operations', 'int', ''],
    ['flags', 'int', ''],
    ['errno', 'int', '0: done']
  ]),
  bind_jobs: table('bind_jobs', 'VM_BIND jobs of the scheduler', [
    ['job', 'int', 'id'],
    ['vm', 'int', 'null: not known'],
    ...TASK,
    ['queued_s', 'seconds', ''],
    ['run_s', 'seconds', ''],
    ['done_s', 'seconds', ''],
    ['run_duration_s', 'seconds', 'of msm_vma_job_run'],
    ['errno', 'int', ''],
    ['killed_operations', 'int', 'never run, because the job was killed']
  ]),
  submits: table('submits', 'command submissions', [
    ['submit', 'int', 'id'],
    ['ring', 'int', ''],
    ['seqno', 'int', ''],
    ...TASK,
    ['submitted_s', 'seconds', ''],
    ['flushed_s', 'seconds', 'written to the ring'],
    ['retired_s', 'seconds', ''],
    ['gpu_duration_s', 'seconds', 'as the driver measured it']
  ]),
  flips: table('flips', 'completed page flips', [
    ['time_s', 'seconds', ''],
    ['crtc', 'int', 'mask of CRTC indices'],
    ['seqno', 'int', 'vblank'],
    ['interval_s', 'seconds', 'since the flip before on the same CRTC']
  ]),
  framebuffers: table('framebuffers', 'framebuffers', [
    ['fb', 'int', 'KMS id, given again'],
    ['bo', 'int', 'of the first plane'],
    ['bytes', 'int', ''],
    ...TASK,
    ['created_s', 'seconds', ''],
    ['destroyed_s', 'seconds', '']
  ]),
  faults: table('faults', 'GPU faults', [
    ['time_s', 'seconds', ''],
    ['iova', 'address', ''],
    ['flags', 'int', 'of the IOMMU']
  ]),
  losses: table('losses', 'where events are missing', [
    ['from_s', 'seconds', ''],
    ['to_s', 'seconds', ''],
    ['place', 'text', 'kernel, queue (of the daemon), batches (on the way), file (damaged)'],
    ['kind', 'text', 'null: of several kinds'],
    ['events', 'int', 'null: not known']
  ]),
  scenarios: table('scenarios', 'what Vascope ran', [
    ['run', 'int', ''],
    ['scenario', 'text', ''],
    ['seed', 'int', ''],
    ['state', 'text', ''],
    ['started_s', 'seconds', ''],
    ['ended_s', 'seconds', ''],
    ['done', 'int', 'units of work'],
    ['total', 'int', ''],
    ['message', 'text', '']
  ]),
  findings: table('findings', 'what the checks found (docs/findings.md); at most 500 of each rule', [
    ['rule', 'text', ''],
    ['severity', 'text', 'violation, retention, suspicion, gap'],
    ['time_s', 'seconds', ''],
    ['what', 'text', ''],
    ['objects', 'text', '"vm 3, bo 5"'],
    ['key', 'text', 'the same in every reading of the session']
  ]),
  events: table('events', 'every event; a column is null where its kind does not have it', [
    ['time_s', 'seconds', ''],
    ['kind', 'text', 'va-insert, …; kind-123 for one without a name'],
    ...TASK,
    ['vm', 'int', ''],
    ['va', 'int', ''],
    ['vm_bo', 'int', ''],
    ['bo', 'int', ''],
    ['iova', 'address', ''],
    ['range_bytes', 'int', ''],
    ['offset_bytes', 'int', ''],
    ['flags', 'int', ''],
    ['size_bytes', 'int', ''],
    ['refcount', 'int', 'sampled'],
    ['name', 'text', ''],
    ['file', 'int', 'an open DRM file'],
    ['handle', 'int', ''],
    ['mode', 'int', ''],
    ['queue', 'int', ''],
    ['count', 'int', ''],
    ['errno', 'int', ''],
    ['duration_s', 'seconds', ''],
    ['submit', 'int', ''],
    ['ring', 'int', ''],
    ['seqno', 'int', ''],
    ['job', 'int', ''],
    ['fb', 'int', ''],
    ['crtc', 'int', ''],
    ['reason', 'text', '']
  ])
} as const satisfies Record<string, TableInfo>

export type TableName = keyof typeof TABLES

export const TABLE_NAMES = Object.keys(TABLES) as TableName[]

/** Rows of one table that wait to be written, as columns. */
export class Rows {
  readonly columns: Cell[][]
  count = 0

  constructor(readonly info: TableInfo) {
    this.columns = info.columns.map(() => [])
  }

  /** The cells in the order of the columns. */
  add(...cells: Cell[]): void {
    for (let i = 0; i < cells.length; i++) this.columns[i]!.push(cells[i]!)
    this.count++
  }

  clear(): void {
    for (const column of this.columns) column.length = 0
    this.count = 0
  }
}
