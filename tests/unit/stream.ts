import { delimit } from '../../engine/wire/frames'
import { EventBatch, Frame } from '../../engine/wire/messages'
import { DELTA_COLUMNS, Field, Kind } from '../../engine/wire/schema'

/** Columns by kind, as the daemon's Capabilities say them; proto/vascope/v1/event.proto lists them in brackets. */
export const SCHEMA: [number, string, number[]][] = [
  [Kind.VmCreate, 'vm-create', [Field.task, Field.vm, Field.name, Field.flags, Field.iova, Field.range]],
  [Kind.VmDestroy, 'vm-destroy', [Field.task, Field.vm]],
  [Kind.VmBoCreate, 'vm-bo-create', [Field.task, Field.vm, Field.vmBo, Field.bo, Field.refcount, Field.count]],
  [Kind.VmBoDestroy, 'vm-bo-destroy', [Field.task, Field.vm, Field.vmBo, Field.bo, Field.refcount]],
  [
    Kind.VaInsert,
    'va-insert',
    [Field.task, Field.vm, Field.va, Field.bo, Field.iova, Field.range, Field.offset, Field.flags]
  ],
  [Kind.VaRemove, 'va-remove', [Field.task, Field.vm, Field.va, Field.reason]],
  [Kind.VaLink, 'va-link', [Field.va, Field.vmBo]],
  [Kind.VaUnlink, 'va-unlink', [Field.va, Field.vmBo]],
  [Kind.BoCreate, 'bo-create', [Field.task, Field.bo, Field.size, Field.flags]],
  [Kind.BoDestroy, 'bo-destroy', [Field.task, Field.bo]],
  [Kind.BoName, 'bo-name', [Field.bo, Field.name]],
  [Kind.HandleOpen, 'handle-open', [Field.task, Field.file, Field.bo, Field.handle, Field.refcount]],
  [Kind.HandleClose, 'handle-close', [Field.task, Field.file, Field.bo, Field.handle, Field.refcount]],
  [Kind.VmMode, 'vm-mode', [Field.task, Field.vm, Field.mode]],
  [Kind.VmClose, 'vm-close', [Field.task, Field.vm]],
  [Kind.VmBind, 'vm-bind', [Field.task, Field.queue, Field.count, Field.flags, Field.result, Field.duration]],
  [Kind.Submit, 'submit', [Field.task, Field.submit, Field.ring]],
  [Kind.SubmitFlush, 'submit-flush', [Field.submit, Field.ring, Field.seqno]],
  [Kind.SubmitRetire, 'submit-retire', [Field.submit, Field.ring, Field.seqno, Field.duration]],
  [Kind.JobQueue, 'job-queue', [Field.task, Field.job, Field.name]],
  [Kind.JobRun, 'job-run', [Field.job, Field.name]],
  [Kind.JobDone, 'job-done', [Field.job]],
  [Kind.FbCreate, 'fb-create', [Field.task, Field.fb, Field.bo, Field.size]],
  [Kind.FbDestroy, 'fb-destroy', [Field.fb]],
  [Kind.FbPrepare, 'fb-prepare', [Field.fb, Field.count, Field.duration]],
  [Kind.FbCleanup, 'fb-cleanup', [Field.fb, Field.count, Field.duration]],
  [Kind.CommitBegin, 'commit-begin', [Field.task, Field.crtc]],
  [Kind.CommitEnd, 'commit-end', [Field.crtc]],
  [Kind.FlipDone, 'flip-done', [Field.crtc, Field.seqno]],
  [Kind.SmMap, 'sm-map', [Field.task, Field.vm, Field.bo, Field.iova, Field.range, Field.offset, Field.flags]],
  [Kind.SmUnmap, 'sm-unmap', [Field.task, Field.vm, Field.iova, Field.range]],
  [Kind.SmRemap, 'sm-remap', [Field.vm, Field.va, Field.iova, Field.range]],
  [Kind.SmKeep, 'sm-keep', [Field.vm, Field.va, Field.flags]],
  [Kind.VmBoObtain, 'vm-bo-obtain', [Field.vm, Field.vmBo, Field.bo]],
  [Kind.VmBoDefer, 'vm-bo-defer', [Field.vmBo]],
  [Kind.VmBoEvict, 'vm-bo-evict', [Field.vmBo, Field.count]],
  [Kind.VmBoValidate, 'vm-bo-validate', [Field.vmBo, Field.result]],
  [Kind.VmFile, 'vm-file', [Field.task, Field.vm, Field.file]],
  [Kind.VmCloseEnd, 'vm-close-end', [Field.vm]],
  [Kind.VmUnusable, 'vm-unusable', [Field.task, Field.vm]],
  [Kind.PteMap, 'pte-map', [Field.vm, Field.iova, Field.range, Field.queue, Field.result]],
  [Kind.PteUnmap, 'pte-unmap', [Field.vm, Field.iova, Field.range, Field.queue, Field.reason]],
  [Kind.VmBindRun, 'vm-bind-run', [Field.job, Field.vm, Field.result, Field.duration]],
  [Kind.VmBindFree, 'vm-bind-free', [Field.job, Field.count]],
  [Kind.Throttle, 'throttle', [Field.vm, Field.count]],
  [Kind.PreallocCleanup, 'prealloc-cleanup', [Field.count]],
  [Kind.BoEvict, 'bo-evict', [Field.task, Field.bo]],
  [Kind.BoPurge, 'bo-purge', [Field.task, Field.bo]],
  [Kind.BoMadvise, 'bo-madvise', [Field.task, Field.bo, Field.flags, Field.result]],
  [Kind.PagesGet, 'pages-get', [Field.bo]],
  [Kind.PagesPut, 'pages-put', [Field.bo]],
  [Kind.Pin, 'pin', [Field.bo, Field.count]],
  [Kind.Unpin, 'unpin', [Field.bo, Field.count]],
  [Kind.VmaRef, 'vma-ref', [Field.task, Field.bo, Field.count]],
  [Kind.HandleClosed, 'handle-closed', [Field.task, Field.file, Field.bo, Field.duration]],
  [Kind.Shrink, 'shrink', [Field.task, Field.reason, Field.size]],
  [Kind.PurgeVmaps, 'purge-vmaps', [Field.count]],
  [Kind.Export, 'export', [Field.task, Field.bo]],
  [Kind.ExportEnd, 'export-end', [Field.bo]],
  [Kind.Import, 'import', [Field.task, Field.file, Field.handle, Field.result]],
  [Kind.FbPlane, 'fb-plane', [Field.fb, Field.bo, Field.count]],
  [Kind.CommitWait, 'commit-wait', [Field.crtc, Field.duration]],
  [Kind.Vblank, 'vblank', [Field.crtc, Field.seqno]],
  [Kind.VblankSent, 'vblank-sent', [Field.crtc, Field.seqno]],
  [Kind.GpuFault, 'gpu-fault', [Field.iova, Field.flags]]
]

const COLUMN_NAME = Object.fromEntries(Object.entries(Field).map(([name, number]) => [number, name]))
const columnsOf = new Map(SCHEMA.map(([kind, , columns]) => [kind, columns]))

/** An event: when (ms), what, and its columns by name. */
export interface ScriptEvent {
  ms: number
  kind: number
  [column: string]: number
}

export const ORIGIN = 5_000_000_000

export const frame = {
  hello: (): Uint8Array =>
    Frame.encode({ hello: { magic: 0x50435356, major: 1, build: 'test', pageSize: 4096, program: 'test' } }).finish(),

  /** `without`: kinds that this board does not send. */
  capabilities: (
    options: { driver?: string; vmFlags?: Record<string, number>; without?: number[]; release?: string } = {}
  ): Uint8Array =>
    Frame.encode({
      capabilities: {
        schema: SCHEMA.filter(([kind]) => !options.without?.includes(kind)).map(([kind, name, columns]) => ({
          kind,
          name,
          columns
        })),
        clock: { monotonicNs: ORIGIN, realtimeNs: 0 },
        kernelRelease: options.release ?? '7.3.4-test',
        machine: 'aarch64',
        driver: { name: options.driver ?? 'msm', version: '1.13.0', vmBind: true },
        vmFlags: Object.entries(options.vmFlags ?? { DRM_GPUVM_RESV_PROTECTED: 1, DRM_GPUVM_IMMEDIATE_MODE: 2 }).map(
          ([name, value]) => ({ name, value })
        )
      }
    }).finish(),

  events: (seq: number, events: ScriptEvent[], extra: object = {}): Uint8Array =>
    Frame.encode({ events: EventBatch.create({ ...encodeColumns(events), ...extra, seq }) }).finish()
}

/** The columns of a batch, by the rules of event.proto. */
export function encodeColumns(events: ScriptEvent[]): Record<string, unknown> {
  const columns: Record<string, number[]> = { kind: [], time: [] }
  const previous = new Map<number, number>()
  let before = events[0]?.ms ?? 0
  for (const event of events) {
    columns.kind!.push(event.kind)
    columns.time!.push(Math.round((event.ms - before) * 1e6))
    before = event.ms
    for (const field of columnsOf.get(event.kind) ?? []) {
      const name = COLUMN_NAME[field]!
      const value = event[name] ?? 0
      const column = (columns[name] ??= [])
      if (DELTA_COLUMNS.has(field)) {
        column.push(value - (previous.get(field) ?? 0))
        previous.set(field, value)
      } else column.push(value)
    }
  }
  return { ...columns, baseNs: ORIGIN + Math.round((events[0]?.ms ?? 0) * 1e6) }
}

/** The events of one mapping's life in pages, ready to be mixed with others. */
export function insert(ms: number, va: number, page: number, pages: number, bo = 1, vm = 1): ScriptEvent {
  return { ms, kind: Kind.VaInsert, task: 1, vm, va, bo, iova: page, range: pages, offset: 0, flags: 0 }
}

export function remove(ms: number, va: number, vm = 1): ScriptEvent {
  return { ms, kind: Kind.VaRemove, task: 1, vm, va }
}

export function createVm(ms: number, vm: number, mode: 0 | 1 | 2, flags = 0): ScriptEvent[] {
  return [
    { ms, kind: Kind.VmCreate, task: 1, vm, name: vm, flags, iova: 0x100, range: 0x100000 },
    { ms, kind: Kind.VmMode, task: 1, vm, mode }
  ]
}

export function stream(frames: Uint8Array[]): Uint8Array {
  return Buffer.concat(frames.map(delimit))
}
