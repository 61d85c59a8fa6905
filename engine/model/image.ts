import { StreamImage } from '../wire/messages'
import { Bytes, encodeTable, type TableSpec } from '../wire/table'
import { isNamed } from './bos'
import type { Bo, Sample } from './entities'
import type { Gone } from './gone'
import * as t from './image-tables'
import type { SessionModel } from './session'
import type { State } from './state'

/** What ended so shortly before is in the image all the same: events of that time may still come, seconds. */
export const RECENT = 0.2
/** Closed handles of a BO that an image has. */
const CLOSED_HANDLES = 8
const MODES = ['unknown', 'kernel-managed', 'vm-bind'] as const

/**
 * All that lives in a model at this moment as a StateImage of session.proto, from which restoreImage goes on as if it had seen all frames.
 * Only for a model at rest (SessionModel.atRest).
 */
export function encodeImage(model: SessionModel): Uint8Array {
  const { state } = model
  const since = model.end - RECENT
  const out = new Bytes()
  const texts = new Texts()
  const put = <Spec extends TableSpec>(table: number, spec: Spec, rows: Rows<Spec>): void =>
    out.field(table, encodeTable(spec, rows.count, rows.columns))
  const requests = requestRows(state)
  out.field(t.STREAM, streamImage(model))
  put(t.TABLE.vms, t.VM, vmRows(state, texts))
  put(t.TABLE.vmFiles, t.VM_FILE, fileRows(state))
  const bos = [...state.bos.values()].filter((bo) => bo.destroyed === null || bo.destroyed >= since || isNamed(bo))
  put(t.TABLE.bos, t.BO, boRows(bos, state.pageSize, texts))
  put(t.TABLE.handles, t.HANDLE, handleRows(bos))
  put(t.TABLE.vmBos, t.VM_BO, vmBoRows(state, bos, since))
  put(t.TABLE.vas, t.VA, vaRows(state, since, requests.rowOf))
  put(t.TABLE.requests, t.REQUEST, requests.rows)
  put(t.TABLE.spans, t.SPAN, spanRows(state))
  fbTables(state, since, put)
  const { goneVas, goneVmBos, goneBos } = state
  put(t.TABLE.gone, t.GONE, goneRows([1, goneVas], [2, goneVmBos]))
  put(t.TABLE.goneBos, t.GONE, goneRows([3, goneBos]))
  put(t.TABLE.counts, t.COUNT, countRows(model))
  put(t.TABLE.rows, t.ROW, layoutRows(state))
  for (const text of texts.all) out.field(t.TEXT, encoder.encode(text))
  return out.taken()
}

const encoder = new TextEncoder()

/** Rows that are collected before they are written as columns. */
class Rows<Spec extends TableSpec> {
  count = 0
  readonly columns: { [Name in keyof Spec]: number[] }

  constructor(spec: Spec) {
    this.columns = Object.fromEntries(Object.keys(spec).map((name) => [name, []])) as never
  }

  /** null: there is no such time. */
  add(row: { [Name in keyof Spec]: number | null }): void {
    for (const name in row) this.columns[name].push(row[name] ?? NaN)
    this.count++
  }
}

class Texts {
  readonly all: string[] = []
  private readonly known = new Map<string, number>()

  /** Its place from 1; 0 for none. */
  at(text: string): number {
    if (text === '') return 0
    let place = this.known.get(text)
    if (place === undefined) this.known.set(text, (place = this.all.push(text)))
    return place
  }
}

function streamImage(model: SessionModel): Uint8Array {
  const { state, end, lossUntil } = model
  const { retained, memory } = state
  return StreamImage.encode({
    nextSeq: model.nextSeq,
    events: model.events,
    snapshots: model.snapshots,
    gaps: model.gaps,
    uncertain: model.uncertain,
    end,
    lossUntil: lossUntil === -Infinity ? undefined : lossUntil,
    retainedBytes: retained.bytes,
    retainedPeak: retained.peak,
    retainedPeakAt: retained.peakAt,
    ...memory,
    scenarios: state.scenarios.map(({ issued, ended, ...s }) => ({
      ...s,
      ended: ended ?? undefined,
      issued: Object.entries(issued).map(([name, value]) => ({ name, value }))
    })),
    totals: model.totals ?? undefined,
    goodbye: model.goodbye ?? undefined,
    recentPtes: state.recentPtes.from(end - 1)
  }).finish()
}

function vmRows({ vms, pageSize }: State, texts: Texts): Rows<typeof t.VM> {
  const rows = new Rows(t.VM)
  for (const vm of vms.values()) {
    const { id, flags, task, created, closed, destroyed, closeEnded, unusable, changed, ordinal, evictions } = vm
    rows.add({
      ...{ id, flags, task, created, closed, destroyed, closeEnded, unusable, changed, ordinal, evictions },
      name: texts.at(vm.name),
      mode: MODES.indexOf(vm.mode),
      traced: vm.traced ? 1 : 0,
      base: vm.base / pageSize,
      size: vm.size / pageSize,
      inserted: vm.inserted,
      mapped: vm.mappedBytes / pageSize,
      peak: vm.peak.mappings,
      peakPages: vm.peak.bytes / pageSize,
      peakAt: vm.peak.at
    })
  }
  return rows
}

function fileRows({ vms }: State): Rows<typeof t.VM_FILE> {
  const rows = new Rows(t.VM_FILE)
  for (const vm of vms.values()) for (const file of vm.files) rows.add({ vm: vm.id, file })
  return rows
}

function boRows(bos: Bo[], pageSize: number, texts: Texts): Rows<typeof t.BO> {
  const rows = new Rows(t.BO)
  const value = (sample: Sample | null): number => sample?.value ?? 0
  const at = (sample: Sample | null): number | null => sample?.sampledAt ?? null
  for (const bo of bos) {
    const { id, flags, task, created, destroyed, handleCount, lastClosed, exported, fbPlanes, purged } = bo
    const { retainedSince, ordinal, changed, handles, forgotten } = bo
    const left = leftOut(bo)
    rows.add({
      ...{ id, flags, task, created, destroyed, handleCount, lastClosed, exported, fbPlanes, purged },
      ...{ retainedSince, ordinal, changed },
      name: texts.at(bo.name),
      size: bo.bytes / pageSize,
      refcount: value(bo.refcount),
      refcountAt: at(bo.refcount),
      hadHandle: bo.hadHandle ? 1 : 0,
      pins: value(bo.pins),
      pinsAt: at(bo.pins),
      vmaRef: value(bo.vmaRef),
      vmaRefAt: at(bo.vmaRef),
      forgotten: forgotten.handles + left.size,
      forgottenUntil: handles.reduce((time, h) => (left.has(h) ? Math.max(time, h.closed!) : time), forgotten.until)
    })
  }
  return rows
}

/** Closed handles of a BO that the image does not have: all but the newest. */
function leftOut(bo: Bo): ReadonlySet<Bo['handles'][number]> {
  if (bo.closedHandles <= CLOSED_HANDLES) return NONE
  const closed = bo.handles.filter((h) => h.closed !== null).sort((a, b) => a.closed! - b.closed!)
  return new Set(closed.slice(0, -CLOSED_HANDLES))
}
const NONE: ReadonlySet<Bo['handles'][number]> = new Set()

function handleRows(bos: Bo[]): Rows<typeof t.HANDLE> {
  const rows = new Rows(t.HANDLE)
  for (const bo of bos) {
    const left = leftOut(bo)
    for (const h of bo.handles) {
      if (left.has(h)) continue
      const { handle, file, task, opened, closed, done } = h
      const doneNs = Math.round((done?.seconds ?? 0) * 1e9)
      rows.add({ bo: bo.id, handle, file, task, opened, closed, doneAt: done?.time ?? null, doneNs })
    }
  }
  return rows
}

function vmBoRows({ vmBos: all, vms }: State, bos: Bo[], since: number): Rows<typeof t.VM_BO> {
  const rows = new Rows(t.VM_BO)
  const indices = new Set(bos.flatMap((bo) => bo.vmBos))
  // those that ended a moment ago are no more with their BO
  const first = all.ordered ? Math.max(0, all.id.length - 4096) : 0
  for (let i = first; i < all.id.length; i++)
    if (all.destroyed.at(i) >= since && vms.has(all.vm.at(i)) && all.byId.get(all.id.at(i)) === i) indices.add(i)
  for (const i of [...indices].sort((a, b) => all.id.at(a) - all.id.at(b))) {
    const times = all.evictions.get(i) ?? []
    const even = times.length % 2 === 0
    rows.add({
      id: all.id.at(i),
      vm: all.vm.at(i),
      bo: all.bo.at(i),
      created: all.created.at(i),
      destroyed: all.destroyed.at(i),
      linked: all.linked.at(i),
      bits: all.bits.at(i),
      evictedAt: times.at(even ? -2 : -1) ?? null,
      restoredAt: even ? (times.at(-1) ?? null) : null
    })
  }
  return rows
}

function vaRows(state: State, since: number, requestOf: (index: number) => number): Rows<typeof t.VA> {
  const rows = new Rows(t.VA)
  const { mappings: m, pageSize } = state
  const split = new Set(state.split.values())
  const indices = new Set([...m.live, ...split])
  for (const vm of state.vms.values())
    for (let n = vm.ended.length - 1; n >= 0 && m.end.at(vm.ended.at(n)) >= since; n--) indices.add(vm.ended.at(n))
  for (const i of [...indices].sort((a, b) => m.start.at(a) - m.start.at(b) || m.va.at(a) - m.va.at(b)))
    rows.add({
      va: m.va.at(i),
      vm: m.vm.at(i),
      bo: m.bo.at(i),
      vmBo: m.vmBo.at(i),
      iova: m.iova.at(i) / pageSize,
      range: m.bytes.at(i) / pageSize,
      offset: m.offset.at(i) / pageSize,
      flags: m.flags.at(i),
      traced: m.traced.at(i),
      start: m.start.at(i),
      end: m.end.at(i),
      row: m.row.at(i),
      written: m.written.at(i),
      linked: m.linked.at(i),
      reason: m.reason.at(i),
      removedBy: m.removedBy.at(i),
      request: requestOf(m.request.at(i)),
      part: state.parts.has(i) ? 1 : 0,
      split: split.has(i) ? 1 : 0
    })
  return rows
}

/** The newest request of each VM; `rowOf` answers its row from 1, 0 for an index that is not among them. */
function requestRows(state: State): { rows: Rows<typeof t.REQUEST>; rowOf: (index: number) => number } {
  const rows = new Rows(t.REQUEST)
  const { requests: r, pageSize } = state
  const rowOf = new Map<number, number>()
  for (const [vm, i] of r.lastOfVm) {
    if (state.vms.get(vm)?.destroyed != null) continue
    rows.add({
      time: r.time.at(i),
      map: r.map.at(i),
      task: r.task.at(i),
      vm,
      bo: r.bo.at(i),
      iova: r.iova.at(i) / pageSize,
      range: r.bytes.at(i) / pageSize,
      offset: r.offset.at(i) / pageSize,
      newest: 1
    })
    rowOf.set(i, rows.count)
  }
  return { rows, rowOf: (index) => rowOf.get(index) ?? 0 }
}

function spanRows({ jobs, submits, commits, flips }: State): Rows<typeof t.SPAN> {
  const rows = new Rows(t.SPAN)
  for (const [lane, spans] of [
    [t.Lane.job, jobs],
    [t.Lane.submit, submits],
    [t.Lane.commit, commits]
  ] as const)
    for (const [id, i] of spans.unfinished())
      rows.add({ lane, id, queued: spans.queued.at(i), start: spans.start.at(i), vm: lane === 1 ? jobs.vmOf(id) : 0 })
  for (const [crtc, time] of flips.newest()) rows.add({ lane: t.Lane.flip, id: crtc, queued: time, start: null, vm: 0 })
  return rows
}

function fbTables(
  { fbs, fbHistory }: State,
  since: number,
  put: <Spec extends TableSpec>(table: number, spec: Spec, rows: Rows<Spec>) => void
): void {
  const rows = new Rows(t.FB)
  const planes = new Rows(t.FB_PLANE)
  for (const fb of fbHistory) {
    if (fb.destroyed !== null && fb.destroyed < since) continue
    const { id, created, destroyed, prepared } = fb
    const newest = fbs.get(id) === fb ? 1 : 0
    rows.add({
      id,
      created,
      destroyed,
      newest,
      prepared: prepared?.value ?? 0,
      preparedAt: prepared?.sampledAt ?? null
    })
    for (const bo of fb.planes) planes.add({ fb: rows.count, bo })
  }
  put(t.TABLE.fbs, t.FB, rows)
  put(t.TABLE.fbPlanes, t.FB_PLANE, planes)
}

function goneRows(...all: [what: number, gone: Gone][]): Rows<typeof t.GONE> {
  const rows = new Rows(t.GONE)
  for (const [what, gone] of all) {
    for (const [id, time] of gone.unheard()) rows.add({ what, id, time, known: 0 })
    for (const [id, time] of gone.ended()) rows.add({ what, id, time, known: 1 })
  }
  return rows
}

function countRows(model: SessionModel): Rows<typeof t.COUNT> {
  const rows = new Rows(t.COUNT)
  const add = (what: number, id: number, value: number): void => {
    if (value > 0) rows.add({ what, id, value })
  }
  for (const [kind, n] of model.counts) add(t.CountOf.kind, kind, n)
  for (const [kind, { kernel, queue }] of model.lost) {
    add(t.CountOf.kernel, kind, kernel)
    add(t.CountOf.queue, kind, queue)
  }
  for (const [key, made] of model.state.ordinals) {
    const [what, pid] = key.split(' ')
    add(what === 'vm' ? t.CountOf.vms : t.CountOf.bos, Number(pid), made.length)
  }
  for (const [task, vm] of model.state.requests.vmOfTask) add(t.CountOf.vmOfTask, task, vm)
  return rows
}

function layoutRows({ vms }: State): Rows<typeof t.ROW> {
  const rows = new Rows(t.ROW)
  for (const vm of vms.values())
    for (const { bucket, rows: n } of vm.rows.layout()) rows.add({ vm: vm.id, bucket, rows: n })
  return rows
}
