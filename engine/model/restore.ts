import { num, StreamImage, type Goodbye, type Heartbeat } from '../wire/messages'
import { decodeTable, type Columns, type TableSpec } from '../wire/table'
import { skip, varint, WireError, type Cursor } from '../wire/varint'
import { modeName } from './apply-msm'
import { isId } from './columns'
import * as t from './image-tables'
import { BUCKET_BYTES } from './rows'
import type { SessionModel } from './session'
import type { State } from './state'

/**
 * Puts an image (encodeImage) into a model that has taken in Hello and Capabilities and nothing else. Frames go on from there. Throws
 * WireError where the bytes are no image; the model is not to be used then.
 */
export function restoreImage(model: SessionModel, image: Uint8Array): void {
  const { state } = model
  state.rates.kept = false
  const parts = partsOf(image)
  const rows = <Spec extends TableSpec>(
    table: number,
    spec: Spec,
    take: (c: Columns<Spec>, i: number) => void
  ): void => {
    const { count, columns } = decodeTable(spec, parts.tables.get(table) ?? EMPTY)
    for (let i = 0; i < count; i++) take(columns, i)
  }
  restoreStream(model, parts.tables.get(t.STREAM) ?? EMPTY)
  const text = (place: number): string => parts.texts[place - 1] ?? ''
  restoreVms(state, rows, text)
  restoreBos(state, rows, text)
  restoreRequests(state, rows)
  restoreVmBos(state, rows)
  restoreVas(state, rows)
  restoreRest(model, rows)
}

const EMPTY = new Uint8Array(0)
type EachRow = <Spec extends TableSpec>(table: number, spec: Spec, take: (c: Columns<Spec>, i: number) => void) => void

/** Reads one table of an image alone. Throws WireError. */
export function imageTable<Spec extends TableSpec>(
  image: Uint8Array,
  table: number,
  spec: Spec
): { count: number; columns: Columns<Spec> } {
  return decodeTable(spec, partsOf(image).tables.get(table) ?? EMPTY)
}

function partsOf(image: Uint8Array): { tables: Map<number, Uint8Array>; texts: string[] } {
  const tables = new Map<number, Uint8Array>()
  const texts: string[] = []
  const utf8 = new TextDecoder()
  const c: Cursor = { data: image, at: 0 }
  while (c.at < image.length) {
    const tag = varint(c)
    if (tag % 8 !== 2) {
      skip(c, tag)
      continue
    }
    const length = varint(c)
    if (c.at + length > image.length) throw new WireError('a table ends behind the image')
    const bytes = image.subarray(c.at, c.at + length)
    c.at += length
    if (Math.floor(tag / 8) === t.TEXT) texts.push(utf8.decode(bytes))
    else tables.set(Math.floor(tag / 8), bytes)
  }
  return { tables, texts }
}

/** NaN, a time that there is none of, as null. */
function time(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

function sample(value: number, at: number): { value: number; sampledAt: number } | null {
  return Number.isNaN(at) ? null : { value, sampledAt: at }
}

function restoreStream(model: SessionModel, bytes: Uint8Array): void {
  const s = StreamImage.decode(bytes)
  const { state } = model
  model.nextSeq = num(s.nextSeq) || 1
  model.events = num(s.events)
  model.snapshots = num(s.snapshots)
  model.gaps = num(s.gaps)
  model.uncertain = s.uncertain ?? false
  model.end = s.end ?? 0
  model.lossUntil = s.lossUntil || -Infinity
  model.totals = (s.totals as Heartbeat | null | undefined) ?? null
  model.goodbye = (s.goodbye as Goodbye | null | undefined) ?? null
  Object.assign(state.retained, {
    bytes: num(s.retainedBytes),
    peak: num(s.retainedPeak),
    peakAt: s.retainedPeakAt ?? 0
  })
  Object.assign(state.memory, {
    evictions: num(s.evictions),
    purges: num(s.purges),
    shrinks: num(s.shrinks),
    shrunkBytes: num(s.shrunkBytes),
    throttlePeak: num(s.throttlePeak)
  })
  for (const one of s.scenarios)
    state.scenarios.push({
      runId: one.runId ?? 0,
      id: one.id ?? '',
      seed: num(one.seed),
      state: one.state ?? 0,
      started: one.started ?? 0,
      ended: one.ended ?? null,
      done: num(one.done),
      total: num(one.total),
      text: one.text ?? '',
      issued: Object.fromEntries((one.issued ?? []).map(({ name, value }) => [name ?? '', num(value)])),
      pid: one.pid ?? 0
    })
  for (const at of s.recentPtes) state.recentPtes.push(at)
}

function restoreVms(state: State, rows: EachRow, text: (place: number) => string): void {
  const { pageSize } = state
  rows(t.TABLE.vms, t.VM, (c, i) => {
    const vm = state.vm(c.id[i]!, c.created[i]!)
    vm.name = text(c.name[i]!)
    vm.flags = c.flags[i]!
    vm.mode = modeName(c.mode[i]!)
    vm.task = c.task[i]!
    vm.traced = c.traced[i] === 1
    vm.closed = time(c.closed[i]!)
    vm.destroyed = time(c.destroyed[i]!)
    vm.closeEnded = time(c.closeEnded[i]!)
    vm.unusable = time(c.unusable[i]!)
    vm.changed = c.changed[i]!
    vm.base = c.base[i]! * pageSize
    vm.size = c.size[i]! * pageSize
    vm.ordinal = c.ordinal[i]!
    vm.evictions = c.evictions[i]!
    vm.inserted = c.inserted[i]!
    vm.mappedBytes = c.mapped[i]! * pageSize
    vm.peak = { mappings: c.peak[i]!, bytes: c.peakPages[i]! * pageSize, at: c.peakAt[i]! }
    state.judge(vm)
  })
  rows(t.TABLE.vmFiles, t.VM_FILE, (c, i) => {
    state.vms.get(c.vm[i]!)?.files.push(c.file[i]!)
    state.vmOfFile.set(c.file[i]!, c.vm[i]!)
  })
  rows(t.TABLE.rows, t.ROW, (c, i) => {
    if (isId(c.rows[i]!)) state.vms.get(c.vm[i]!)?.rows.resume(c.bucket[i]!, c.rows[i]!)
  })
}

function restoreBos(state: State, rows: EachRow, text: (place: number) => string): void {
  rows(t.TABLE.bos, t.BO, (c, i) => {
    const bo = state.bo(c.id[i]!)
    bo.name = text(c.name[i]!)
    bo.bytes = c.size[i]! * state.pageSize
    bo.flags = c.flags[i]!
    bo.task = c.task[i]!
    bo.created = time(c.created[i]!)
    bo.destroyed = time(c.destroyed[i]!)
    if (bo.destroyed !== null) state.aliveBos.delete(bo.id)
    bo.refcount = sample(c.refcount[i]!, c.refcountAt[i]!)
    bo.handleCount = c.handleCount[i]!
    bo.hadHandle = c.hadHandle[i] === 1
    bo.lastClosed = time(c.lastClosed[i]!)
    bo.exported = time(c.exported[i]!)
    bo.fbPlanes = c.fbPlanes[i]!
    bo.pins = sample(c.pins[i]!, c.pinsAt[i]!)
    bo.vmaRef = sample(c.vmaRef[i]!, c.vmaRefAt[i]!)
    bo.purged = time(c.purged[i]!)
    bo.retainedSince = time(c.retainedSince[i]!)
    bo.ordinal = c.ordinal[i]!
    bo.changed = c.changed[i]!
    if (c.forgotten[i]! > 0) bo.forgotten = { handles: c.forgotten[i]!, until: c.forgottenUntil[i]! }
  })
  rows(t.TABLE.handles, t.HANDLE, (c, i) => {
    const bo = state.bos.get(c.bo[i]!)
    if (!bo) return
    const closed = time(c.closed[i]!)
    const done = Number.isNaN(c.doneAt[i]!) ? null : { time: c.doneAt[i]!, seconds: c.doneNs[i]! / 1e9 }
    bo.handles.push({ handle: c.handle[i]!, file: c.file[i]!, task: c.task[i]!, opened: c.opened[i]!, closed, done })
    if (closed !== null) bo.closedHandles++
  })
}

function restoreRequests({ requests: r, pageSize }: State, rows: EachRow): void {
  rows(t.TABLE.requests, t.REQUEST, (c, i) => {
    r.map.push(c.map[i]!)
    r.task.push(c.task[i]!)
    r.vm.push(c.vm[i]!)
    r.bo.push(c.bo[i]!)
    r.iova.push(c.iova[i]! * pageSize)
    r.bytes.push(c.range[i]! * pageSize)
    r.offset.push(c.offset[i]! * pageSize)
    const index = r.time.push(c.time[i]!)
    if (c.newest[i] === 1) r.lastOfVm.set(c.vm[i]!, index)
  })
}

function restoreVmBos(state: State, rows: EachRow): void {
  const { vmBos: all } = state
  rows(t.TABLE.vmBos, t.VM_BO, (c, i) => {
    if (!isId(c.id[i]!)) throw new WireError('an id that no daemon gives')
    const destroyed = time(c.destroyed[i]!) ?? Infinity
    all.vm.push(c.vm[i]!)
    all.bo.push(c.bo[i]!)
    all.created.push(c.created[i]!)
    all.destroyed.push(destroyed)
    all.linked.push(c.linked[i]!)
    all.bits.push(c.bits[i]!)
    const index = all.id.push(c.id[i]!)
    all.byId.set(c.id[i]!, index)
    const times = [c.evictedAt[i]!, c.restoredAt[i]!].filter((at) => !Number.isNaN(at))
    if (times.length > 0) all.evictions.set(index, times)
    if (destroyed !== Infinity) return
    all.size++
    const vm = state.vms.get(c.vm[i]!)
    if (vm) vm.vmBos++
    state.bos.get(c.bo[i]!)?.vmBos.push(index)
  })
}

function restoreVas(state: State, rows: EachRow): void {
  const { mappings: m, pageSize } = state
  const ended: number[] = []
  rows(t.TABLE.vas, t.VA, (c, i) => {
    const vm = state.vms.get(c.vm[i]!)
    if (!vm || !isId(c.va[i]!) || !isId(c.row[i]!)) throw new WireError('a mapping that no daemon tells')
    const end = time(c.end[i]!) ?? Infinity
    const iova = c.iova[i]! * pageSize
    const bytes = c.range[i]! * pageSize
    m.vm.push(vm.id)
    m.bo.push(c.bo[i]!)
    m.vmBo.push(c.vmBo[i]!)
    m.iova.push(iova)
    m.bytes.push(bytes)
    m.offset.push(c.offset[i]! * pageSize)
    m.flags.push(c.flags[i]!)
    m.traced.push(c.traced[i]!)
    m.start.push(c.start[i]!)
    m.end.push(end)
    m.bucket.push(end === Infinity ? vm.rows.occupy(iova, c.row[i]!) : bucketOf(iova))
    m.row.push(c.row[i]!)
    m.written.push(c.written[i]!)
    m.linked.push(c.linked[i]!)
    m.reason.push(c.reason[i]!)
    m.removedBy.push(c.removedBy[i]!)
    m.request.push(c.request[i]! - 1)
    const index = m.va.push(c.va[i]!)
    m.byVa.set(c.va[i]!, index)
    if (c.split[i] === 1) state.split.set(vm.id, index)
    if (end !== Infinity) {
      ended.push(index)
      return
    }
    if (c.part[i] === 1) state.parts.add(index)
    m.live.add(index)
    vm.live++
    vm.mappings.add(index)
    vm.space.insert(iova, index)
    if (c.bo[i] === 0) return
    vm.liveBytes += bytes
    state.liveBytes += bytes
    // older images leave out a BO that was destroyed: a mapping of it makes none that lives
    const bo = state.bos.get(c.bo[i]!)
    if (bo) (bo.mappings ??= new Set()).add(index)
  })
  // the rows stand in the order of their starts
  for (const i of ended.sort((a, b) => m.end.at(a) - m.end.at(b))) state.vms.get(m.vm.at(i))!.ended.push(i)
}

function restoreRest(model: SessionModel, rows: EachRow): void {
  const { state } = model
  rows(t.TABLE.spans, t.SPAN, (c, i) => {
    const [id, queued, start] = [c.id[i]!, c.queued[i]!, c.start[i]!]
    if (c.lane[i] === t.Lane.job) state.jobs.resumeFor(id, queued, start, c.vm[i]!)
    else if (c.lane[i] === t.Lane.submit) state.submits.resume(id, queued, start)
    else if (c.lane[i] === t.Lane.commit) state.commits.resume(id, queued, start)
    else if (c.lane[i] === t.Lane.flip) state.flips.newest().set(id, queued)
  })
  const fbs: (typeof state.fbHistory)[number][] = []
  rows(t.TABLE.fbs, t.FB, (c, i) => {
    const prepared = sample(c.prepared[i]!, c.preparedAt[i]!)
    const fb = { id: c.id[i]!, bo: 0, planes: [], created: c.created[i]!, destroyed: time(c.destroyed[i]!), prepared }
    fbs.push(fb)
    state.fbHistory.push(fb)
    if (c.newest[i] === 1) state.fbs.set(fb.id, fb)
  })
  rows(t.TABLE.fbPlanes, t.FB_PLANE, (c, i) => {
    const fb = fbs[c.fb[i]! - 1]
    if (!fb) return
    if (fb.planes.length === 0) fb.bo = c.bo[i]!
    fb.planes.push(c.bo[i]!)
  })
  rows(t.TABLE.gone, t.GONE, (c, i) =>
    (c.what[i] === 1 ? state.goneVas : state.goneVmBos).add(c.id[i]!, c.time[i]!, c.known[i] === 1)
  )
  rows(t.TABLE.goneBos, t.GONE, (c, i) => state.goneBos.add(c.id[i]!, c.time[i]!, c.known[i] === 1))
  restoreCounts(model, rows)
}

function restoreCounts(model: SessionModel, rows: EachRow): void {
  const { state, lost } = model
  const lostOf = (kind: number): { kernel: number; queue: number } => {
    const entry = lost.get(kind) ?? { kernel: 0, queue: 0 }
    lost.set(kind, entry)
    return entry
  }
  const made = (what: string, pid: number, n: number): void => {
    if (isId(n)) state.ordinals.set(`${what} ${pid}`, new Array<number>(n).fill(0))
  }
  rows(t.TABLE.counts, t.COUNT, (c, i) => {
    const [what, id, value] = [c.what[i]!, c.id[i]!, c.value[i]!]
    if (what === t.CountOf.kind) model.counts.set(id, value)
    else if (what === t.CountOf.kernel) lostOf(id).kernel = value
    else if (what === t.CountOf.queue) lostOf(id).queue = value
    else if (what === t.CountOf.vms) made('vm', id, value)
    else if (what === t.CountOf.bos) made('bo', id, value)
    else if (what === t.CountOf.vmOfTask) state.requests.vmOfTask.set(id, value)
  })
}

function bucketOf(iova: number): number {
  return Math.floor(iova / BUCKET_BYTES)
}
