import { readFileSync } from 'node:fs'
import path from 'node:path'
import { vascope } from '../proto/gen/vascope'
import { resource } from '../engine/paths'
import { SessionModel } from '../engine/model/session'
import { Recorder } from '../engine/session/recorder'
import { SessionWriter } from '../engine/store/writer'
import { eachMessage } from '../engine/wire/frames'
import { Frame, num } from '../engine/wire/messages'
import { Field, Kind, type KindInfo, type Schema } from '../engine/wire/schema'
import { BatchEncoder } from './columns'
import { Random } from './random'

export interface GenerateOptions {
  events: number
  seed?: number
  vms?: number
  /** Mappings that a VM has at most. */
  slots?: number
  /** Events per second of the board's time. */
  rate?: number
  /** A batch is sent after so much of the board's time, in ns. */
  batchNs?: number
  /** Written as a session is recorded, with the model beside it and its keyframes; false: frames alone, as files of before 1.2. */
  recorded?: boolean
}

/** What is in a generated session, known without reading it. */
export interface Truth {
  events: number
  bytes: number
  /** Events by kind. */
  counts: Record<number, number>
  firstNs: number
  lastNs: number
  vms: { id: number; inserts: number; removes: number; live: number; livePages: number }[]
  /** Of all inserts, pages. */
  iovaSum: number
  /** The state right after some events: how many mappings there are and what they cover. */
  samples: { ns: number; live: number; livePages: number }[]
  tasks: Record<number, string>
  names: Record<number, string>
}

const ORIGIN = 5_000_000_000
const SLOT_PAGES = 64
const FIRST_PAGE = 0x100000
const BATCH_EVENTS = 4096
const BATCH_NS = 100e6
const SAMPLES = 16
const GOLDEN = resource('proto/golden')

/** The frame that describes the events, as the daemon sends it. */
export function capabilitiesFrame(): Uint8Array {
  let frame: Uint8Array | null = null
  eachMessage(readFileSync(path.join(GOLDEN, 'capabilities.bin')), (message) => (frame = message))
  return frame!
}

export function schemaOf(capabilities: Uint8Array): Schema {
  const { schema } = Frame.decode(capabilities).capabilities!
  return new Map(
    (schema ?? []).map(({ kind, name, columns }): [number, KindInfo] => [
      kind ?? 0,
      { kind: kind ?? 0, name: name ?? '', columns: (columns ?? []).map(Number) }
    ])
  )
}

/** Writes a session of a seeded workload: VMs that map and unmap, jobs, submits, BOs and handles that come and go. */
export function generate(file: string, options: GenerateOptions): Truth {
  const writer = new SessionWriter(file, {
    program: 'vascope generate',
    board: 'generated',
    title: `${options.events} generated events, seed ${options.seed ?? 1}`,
    command: '',
    pageSize: 4096,
    startedRealtimeNs: 1_790_000_000_000_000_000
  })
  const model = new SessionModel()
  const recorder = new Recorder(writer, model)
  const record = (frame: Uint8Array): void => {
    model.take(frame)
    recorder.frame(frame)
  }
  const truth = new Workload(options.recorded === false ? (frame) => writer.frame(frame) : record, options).run()
  if (options.recorded !== false) recorder.finish()
  writer.close(true)
  if (writer.problem) throw writer.problem
  return { ...truth, bytes: writer.bytes }
}

interface Slot {
  va: number
  iova: number
  pages: number
  bo: number
}

interface GeneratedVm {
  id: number
  task: number
  free: number[]
  live: Slot[]
  slotOf: number[]
  bos: { id: number; vmBo: number; handle: number; mappings: number }[]
  nextHandle: number
  inserts: number
  removes: number
  livePages: number
}

/** The workload itself; frames go wherever `send` puts them, with the board's time at which they are sent. */
export class Workload {
  private readonly random: Random
  private readonly lifecycle: BatchEncoder
  private readonly activity: BatchEncoder
  private readonly capabilities = capabilitiesFrame()
  private readonly vms: GeneratedVm[] = []
  private readonly counts: number[] = new Array<number>(128).fill(0)
  private readonly step: number
  private readonly truth: Truth
  private ns = ORIGIN
  private events = 0
  private delivered = 0
  private seq = 0
  private nextBeat = ORIGIN + 1e9
  private nextSample: number
  private ids = { va: 1, vmBo: 1, bo: 1, job: 1, submit: 1, name: 1 }
  private live = 0
  private livePages = 0

  constructor(
    private readonly send: (frame: Uint8Array, ns: number) => void,
    private readonly options: GenerateOptions
  ) {
    const schema = schemaOf(this.capabilities)
    this.random = new Random(options.seed ?? 1)
    this.lifecycle = new BatchEncoder(schema)
    this.activity = new BatchEncoder(schema)
    this.step = Math.max(1, Math.floor(2e9 / (options.rate ?? 100_000)) - 1)
    this.nextSample = Math.ceil(options.events / SAMPLES)
    this.truth = {
      events: 0,
      bytes: 0,
      counts: {},
      firstNs: 0,
      lastNs: 0,
      vms: [],
      iovaSum: 0,
      samples: [],
      tasks: {},
      names: {}
    }
  }

  run(): Truth {
    const { options, truth } = this
    this.send(
      Frame.encode({ hello: { magic: 0x50435356, major: 1, pageSize: 4096, program: 'generated' } }).finish(),
      this.ns
    )
    this.send(this.capabilities, this.ns)
    const walk = { id: 1, last: true, complete: true, beginNs: ORIGIN, endNs: ORIGIN }
    this.send(Frame.encode({ snapshot: walk }).finish(), this.ns)
    for (let id = 1; id <= (options.vms ?? 6); id++) this.createVm(id)
    while (this.events < options.events) this.operate()
    this.flush()
    this.beat({ goodbye: { reason: 1, totals: this.totals() } })
    truth.events = this.events
    truth.lastNs = this.ns
    truth.counts = Object.fromEntries(this.counts.flatMap((n, kind) => (n > 0 ? [[kind, n]] : [])))
    truth.vms = this.vms.map(({ id, inserts, removes, live, livePages }) => ({
      id,
      inserts,
      removes,
      live: live.length,
      livePages
    }))
    return truth
  }

  private operate(): void {
    const vm = this.vms[this.random.below(this.vms.length)]!
    const choice = this.random.below(100)
    if (choice < 46) this.map(vm)
    else if (choice < 90) this.unmap(vm)
    else if (choice < 98) this.submit(vm)
    else this.recycle(vm)
    if (this.events < this.nextSample) return
    this.nextSample += Math.ceil(this.options.events / SAMPLES)
    this.truth.samples.push({ ns: this.ns, live: this.live, livePages: this.livePages })
  }

  private createVm(id: number): void {
    const slots = this.options.slots ?? 512
    const task = this.task(id)
    const name = this.name(`vm ${id}`)
    const { row } = this.lifecycle
    row[Field.task] = task
    row[Field.vm] = id
    row[Field.name] = name
    row[Field.flags] = 0
    row[Field.iova] = FIRST_PAGE
    row[Field.range] = slots * SLOT_PAGES
    this.event(this.lifecycle, Kind.VmCreate)
    row[Field.mode] = 2
    this.event(this.lifecycle, Kind.VmMode)
    const free = Array.from({ length: slots }, (_, i) => slots - 1 - i)
    const vm: GeneratedVm = {
      id,
      task,
      free,
      live: [],
      slotOf: [],
      bos: [],
      nextHandle: 1,
      inserts: 0,
      removes: 0,
      livePages: 0
    }
    this.vms.push(vm)
    for (let i = 0; i < 32; i++) vm.bos.push(this.createBo(vm))
  }

  private createBo(vm: GeneratedVm): GeneratedVm['bos'][number] {
    const bo = { id: this.ids.bo++, vmBo: this.ids.vmBo++, handle: vm.nextHandle++, mappings: 0 }
    const { row } = this.lifecycle
    row[Field.task] = vm.task
    row[Field.vm] = vm.id
    row[Field.bo] = bo.id
    row[Field.size] = SLOT_PAGES
    row[Field.flags] = 0x00020000
    this.event(this.lifecycle, Kind.BoCreate)
    row[Field.file] = vm.id
    row[Field.handle] = bo.handle
    row[Field.refcount] = 2
    this.event(this.lifecycle, Kind.HandleOpen)
    if (bo.id % 512 === 1) {
      row[Field.name] = this.name(`buffer ${bo.id}`)
      this.event(this.lifecycle, Kind.BoName)
    }
    row[Field.vmBo] = bo.vmBo
    row[Field.count] = 0
    this.event(this.lifecycle, Kind.VmBoCreate)
    return bo
  }

  /** A BO without mappings goes, another comes. */
  private recycle(vm: GeneratedVm): void {
    const at = vm.bos.findIndex((bo) => bo.mappings === 0)
    if (at < 0) return
    const bo = vm.bos[at]!
    const { row } = this.lifecycle
    row[Field.task] = vm.task
    row[Field.vm] = vm.id
    row[Field.bo] = bo.id
    row[Field.vmBo] = bo.vmBo
    row[Field.file] = vm.id
    row[Field.handle] = bo.handle
    row[Field.refcount] = 2
    this.event(this.lifecycle, Kind.HandleClose)
    this.event(this.lifecycle, Kind.VmBoDestroy)
    this.event(this.lifecycle, Kind.BoDestroy)
    vm.bos[at] = this.createBo(vm)
  }

  private map(vm: GeneratedVm): void {
    const slot = vm.free.pop()
    if (slot === undefined) return this.unmap(vm)
    const bo = vm.bos[this.random.below(vm.bos.length)]!
    const pages = 1 + this.random.below(SLOT_PAGES)
    const mapping: Slot = { va: this.ids.va++, iova: FIRST_PAGE + slot * SLOT_PAGES, pages, bo: vm.bos.indexOf(bo) }
    const { row } = this.lifecycle
    row[Field.task] = vm.task
    row[Field.vm] = vm.id
    row[Field.va] = mapping.va
    row[Field.bo] = bo.id
    row[Field.vmBo] = bo.vmBo
    row[Field.iova] = mapping.iova
    row[Field.range] = pages
    row[Field.offset] = SLOT_PAGES - pages
    row[Field.flags] = 0
    this.activity.row.set(row)
    this.event(this.activity, Kind.SmMap)
    this.event(this.lifecycle, Kind.VaInsert)
    bo.mappings++
    vm.live.push(mapping)
    vm.slotOf.push(slot)
    vm.inserts++
    vm.livePages += pages
    this.live++
    this.livePages += pages
    this.truth.iovaSum += mapping.iova
    this.event(this.lifecycle, Kind.VaLink)
    this.bind(vm)
    row[Field.queue] = 1
    row[Field.result] = 0
    this.event(this.lifecycle, Kind.PteMap)
  }

  private unmap(vm: GeneratedVm): void {
    if (vm.live.length === 0) return
    const at = this.random.below(vm.live.length)
    const mapping = vm.live[at]!
    vm.free.push(vm.slotOf[at]!)
    vm.live[at] = vm.live[vm.live.length - 1]!
    vm.slotOf[at] = vm.slotOf[vm.slotOf.length - 1]!
    vm.live.pop()
    vm.slotOf.pop()
    const bo = vm.bos[mapping.bo]!
    const { row } = this.lifecycle
    row[Field.task] = vm.task
    row[Field.vm] = vm.id
    row[Field.va] = mapping.va
    row[Field.vmBo] = bo.vmBo
    row[Field.iova] = mapping.iova
    row[Field.range] = mapping.pages
    row[Field.reason] = 1
    this.activity.row.set(row)
    this.event(this.activity, Kind.SmUnmap)
    this.event(this.lifecycle, Kind.VaRemove)
    bo.mappings--
    vm.removes++
    vm.livePages -= mapping.pages
    this.live--
    this.livePages -= mapping.pages
    this.event(this.lifecycle, Kind.VaUnlink)
    this.bind(vm)
    row[Field.queue] = 1
    this.event(this.lifecycle, Kind.PteUnmap)
  }

  /** The ioctl and the job that carry a request out. */
  private bind(vm: GeneratedVm): void {
    const { row } = this.activity
    row[Field.task] = vm.task
    row[Field.job] = this.ids.job++
    row[Field.name] = this.name('msm-vm-bind')
    this.event(this.activity, Kind.JobQueue)
    row[Field.queue] = 1
    row[Field.count] = 1
    row[Field.flags] = 0
    row[Field.result] = 0
    row[Field.duration] = 1000 + this.random.below(50_000)
    this.event(this.activity, Kind.VmBind)
    this.event(this.activity, Kind.JobRun)
    this.event(this.activity, Kind.JobDone)
  }

  private submit(vm: GeneratedVm): void {
    const { row } = this.activity
    row[Field.task] = vm.task
    row[Field.submit] = this.ids.submit++
    row[Field.ring] = 0
    this.event(this.activity, Kind.Submit)
    row[Field.seqno] = row[Field.submit]!
    this.event(this.activity, Kind.SubmitFlush)
    row[Field.duration] = 100_000 + this.random.below(4_000_000)
    this.event(this.activity, Kind.SubmitRetire)
  }

  private task(vm: number): number {
    const id = vm
    const comm = `client-${vm}`
    this.truth.tasks[id] = comm
    const message = vascope.v1.Task.encode({ id, pid: 1000 + vm, tid: 1000 + vm, comm }).finish()
    this.lifecycle.announce(Field.tasks, message)
    return id
  }

  private readonly known = new Map<string, number>()

  private name(text: string): number {
    let id = this.known.get(text)
    if (id === undefined) {
      this.known.set(text, (id = this.ids.name++))
      this.truth.names[id] = text
      // both kinds of batch may be the first to use it
      for (const batch of [this.lifecycle, this.activity])
        batch.announce(Field.names, vascope.v1.Name.encode({ id, text }).finish())
    }
    return id
  }

  private event(batch: BatchEncoder, kind: number): void {
    this.ns += 1 + this.random.below(this.step)
    if (this.events === 0) this.truth.firstNs = this.ns
    batch.add(kind, this.ns)
    this.events++
    this.counts[kind]!++
    if (batch.events >= BATCH_EVENTS || this.ns - batch.firstNs > (this.options.batchNs ?? BATCH_NS)) this.flush()
    if (this.ns >= this.nextBeat) {
      this.nextBeat += 1e9
      this.beat({ heartbeat: this.totals() })
    }
  }

  /** The batches of one stretch of time, which a reader merges. */
  private flush(): void {
    const filled = [this.lifecycle, this.activity].filter(({ events }) => events > 0)
    filled.forEach((batch, n) => {
      this.delivered += batch.events
      this.send(batch.finish(++this.seq, n < filled.length - 1), this.ns)
    })
  }

  private totals(): object {
    return { timeNs: this.ns, produced: this.events, delivered: this.delivered }
  }

  private beat(frame: object): void {
    this.send(Frame.encode(frame).finish(), this.ns)
  }
}

/** The board's time of a session's second 0. */
export const originNs = num(ORIGIN)
