/**
 * EventKind and Column by name, for code that must not wait for the generated module (the hot path, the renderer's types). The
 * numbers are those of proto/vascope/v1/event.proto; tests/unit/wire/batch.test.ts compares them.
 */
export const Kind = {
  VmCreate: 1,
  VmDestroy: 2,
  VmBoCreate: 3,
  VmBoDestroy: 4,
  VaInsert: 5,
  VaRemove: 6,
  VaLink: 7,
  VaUnlink: 8,
  BoCreate: 9,
  BoDestroy: 10,
  BoName: 11,
  HandleOpen: 12,
  HandleClose: 13,
  VmMode: 14,
  VmClose: 15,
  VmBind: 16,
  Submit: 17,
  SubmitFlush: 18,
  SubmitRetire: 19,
  JobQueue: 20,
  JobRun: 21,
  JobDone: 22,
  FbCreate: 23,
  FbDestroy: 24,
  FbPrepare: 25,
  FbCleanup: 26,
  CommitBegin: 27,
  CommitEnd: 28,
  FlipDone: 29,
  Mark: 30,
  SmMap: 31,
  SmUnmap: 32,
  SmRemap: 33,
  SmKeep: 34,
  VmBoObtain: 35,
  VmBoDefer: 36,
  VmBoEvict: 37,
  VmBoValidate: 38,
  VmFile: 39,
  VmCloseEnd: 40,
  VmUnusable: 41,
  PteMap: 42,
  PteUnmap: 43,
  VmBindRun: 44,
  VmBindFree: 45,
  Throttle: 46,
  PreallocCleanup: 47,
  BoEvict: 48,
  BoPurge: 49,
  BoMadvise: 50,
  PagesGet: 51,
  PagesPut: 52,
  Pin: 53,
  Unpin: 54,
  VmaRef: 55,
  HandleClosed: 56,
  Shrink: 57,
  PurgeVmaps: 58,
  Export: 59,
  ExportEnd: 60,
  Import: 61,
  FbPlane: 62,
  CommitWait: 63,
  Vblank: 64,
  VblankSent: 65,
  GpuFault: 66
} as const

/** "va-insert"; what a daemon calls a kind, for kinds that it does not send. */
export function kindName(kind: number): string {
  const name = Object.entries(Kind).find(([, number]) => number === kind)?.[0]
  return name ? name.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase() : `unknown-${kind}`
}

/** Field numbers of EventBatch. */
export const Field = {
  seq: 1,
  base: 2,
  tasks: 3,
  names: 4,
  kind: 5,
  time: 6,
  task: 10,
  vm: 11,
  va: 12,
  vmBo: 13,
  bo: 14,
  iova: 15,
  range: 16,
  offset: 17,
  flags: 18,
  size: 19,
  refcount: 20,
  name: 21,
  file: 22,
  handle: 23,
  mode: 24,
  queue: 25,
  count: 26,
  result: 27,
  duration: 28,
  submit: 29,
  ring: 30,
  seqno: 31,
  job: 32,
  fb: 33,
  crtc: 34,
  reason: 35
} as const

/** EventBatch.more, which is no column. */
export const MORE = 100

export const FIRST_COLUMN = Field.task
export const LAST_COLUMN = Field.reason

/** Whether a field that a schema names is a column that this version decodes. */
export function isColumn(field: number): boolean {
  return field >= FIRST_COLUMN && field <= LAST_COLUMN
}

/** Columns whose entries are differences from the entry before (sint64 in the proto). */
export const DELTA_COLUMNS: ReadonlySet<number> = new Set([Field.va, Field.vmBo, Field.bo, Field.iova, Field.job])

/** Which columns each kind carries, as Capabilities.schema says. */
export interface KindInfo {
  kind: number
  /** "va-insert" */
  name: string
  columns: number[]
}

export type Schema = ReadonlyMap<number, KindInfo>
