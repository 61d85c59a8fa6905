import { REASONS } from '../../model/state'
import { scenarioStateName } from '../../model/session'
import type { EventCursor } from '../../model/observer'
import { Field, Kind } from '../../wire/schema'
import { seconds, seen } from '../events'
import type { Job, LossSpan, Mapping, Scenario, Submit, Watcher } from '../objects'
import type { Replay } from '../replay'
import { Display } from './display'
import { Lanes } from './lanes'
import { Packets, Unit } from './packets'
import { Places } from './places'

/** A bin of the rates, and how often the bytes of a VM are said at most, seconds. */
const RATE = 0.1
const BYTES_EVERY = 0.001
/** Flows have ids of their own for each thing that they begin at: its number times this, and which. */
const FLOW = { job: 0, mapping: 1, submit: 2, kinds: 4 }

/**
 * Draws a session for Perfetto: a track for each process and VM with the lives of its mappings, VM_BIND jobs and mapped bytes; VM_BIND
 * ioctls on their threads; submits by ring; the display; faults and losses. Arrows go from an ioctl to the jobs that it queued, from a
 * job to the mappings whose page tables it wrote, and from a submit to its time on the GPU.
 */
export class Trace implements Watcher {
  readonly packets = new Packets()
  /** Set before the replay begins. */
  replay!: Replay
  private readonly places = new Places(this.packets, () => this.replay)
  private readonly display = new Display(this.packets, (time) => this.ns(time))
  private readonly rings = new Map<number, Lanes>()
  private gpu = 0
  private board = 0
  private scenarios: Lanes | null = null
  /** Jobs that a task queued since its last VM_BIND ioctl returned. */
  private readonly queuedBy = new Map<number, number[]>()
  private readonly dirty = new Set<number>()
  private bytesDue = -Infinity
  private rate = { bin: 0, maps: 0, unmaps: 0, tracks: [0, 0] }

  /** What is known before the first event. */
  begin(): void {
    const { origin, realtime } = this.replay.source
    this.packets.clocks(Number(origin), realtime === null ? null : Number(realtime))
    this.board = this.packets.track('Board')
    this.rate.tracks = ['maps/s', 'unmaps/s'].map((name) =>
      this.packets.track(name, { parent: this.board, counter: Unit.count })
    )
  }

  event(e: EventCursor): void {
    this.clock(e.time)
    if (e.kind === Kind.VaInsert) this.rate.maps++
    else if (e.kind === Kind.VaRemove) this.rate.unmaps++
    else if (e.kind === Kind.VmBind) this.bind(e)
    else if (e.kind === Kind.GpuFault) {
      const details = { iova: this.address(e.get(Field.iova)), flags: seen(e, Field.flags) }
      this.packets.instant(this.gpuTrack(), this.ns(e.time), 'fault', 'GPU fault', { details })
    } else this.display.event(e)
  }

  mappingBegan(m: Mapping): void {
    m.lane = this.places.vm(m.vm).mappings.open()
    this.dirty.add(m.vm)
  }

  mappingWritten(m: Mapping, time: number, job: Job | null): void {
    if (!job) return
    const flow = m.va * FLOW.kinds + FLOW.mapping
    const place = this.places.vm(m.vm)
    const ns = this.ns(time)
    const details = { va: m.va }
    this.packets.instant(place.jobs.track(job.lane), ns, 'vm-bind', 'page tables', { details, flows: [flow] })
    this.packets.instant(place.mappings.track(m.lane), ns, 'vm-bind', 'written', { from: [flow] })
  }

  mapping(m: Mapping): void {
    const place = this.places.vm(m.vm)
    const bo = this.replay.lives.bos.get(m.bo)
    const page = this.replay.source.pageSize
    const details = {
      ...{ va: m.va, bo: m.bo || null, vm_bo: m.vmBo || null, iova: this.address(m.iovaPages), bytes: m.pages * page },
      ...{ offset_bytes: m.offsetPages * page, flags: m.flags },
      begin: m.traced ? null : 'older: found by a snapshot',
      end: m.end === null ? null : m.removed ? REASONS[m.reason]! : 'its removal was lost'
    }
    const name = m.bo === 0 ? 'MAP_NULL' : `BO ${m.bo}${bo?.name ? ` ${bo.name}` : ''}`
    const track = place.mappings.track(m.lane)
    this.packets.slice(track, this.ns(m.start), m.end === null ? null : this.ns(m.end), 'mapping', name, { details })
    place.mappings.close(m.lane)
    this.dirty.add(m.vm)
  }

  jobBegan(job: Job): void {
    job.lane = this.places.vm(job.vm).jobs.open()
    if (job.queued === null) return
    const queued = this.queuedBy.get(job.task)
    if (queued) queued.push(job.id)
    else this.queuedBy.set(job.task, [job.id])
  }

  job(job: Job): void {
    const { jobs } = this.places.vm(job.vm)
    const track = jobs.track(job.lane)
    const end = job.done === null ? null : this.ns(job.done)
    const begin = job.queued ?? job.run
    if (begin !== null) {
      const details = { job: job.id, errno: job.result, killed_operations: job.killed || null }
      const name = job.killed > 0 ? `job ${job.id} killed` : `job ${job.id}`
      const from = job.queued === null ? [] : [job.id * FLOW.kinds + FLOW.job]
      this.packets.slice(track, this.ns(begin), end, 'vm-bind', name, { details, from })
      if (job.run !== null) this.packets.slice(track, this.ns(job.run), end, 'vm-bind', 'run')
    }
    jobs.close(job.lane)
  }

  submitBegan(submit: Submit): void {
    submit.lane = this.ring(submit.ring).open()
  }

  submit(s: Submit): void {
    const ring = this.ring(s.ring)
    const track = ring.track(s.lane)
    const end = s.retired === null ? null : this.ns(s.retired)
    const begin = s.queued ?? s.flushed
    if (begin !== null) {
      const flow = s.id * FLOW.kinds + FLOW.submit
      const details = { submit: s.id, seqno: s.seqno, gpu_seconds: s.seconds }
      this.packets.slice(track, this.ns(begin), end, 'submit', `submit ${s.id}`, {
        details,
        from: s.queued === null ? [] : [flow]
      })
      if (s.flushed !== null) this.packets.slice(track, this.ns(s.flushed), end, 'submit', 'on the ring')
      if (s.queued !== null)
        this.packets.instant(this.places.thread(s.task), this.ns(s.queued), 'submit', `submit ${s.id}`, {
          flows: [flow]
        })
    }
    ring.close(s.lane)
  }

  loss({ from, to, where, kind, events }: LossSpan): void {
    const details = {
      place: where,
      kind: kind === null ? null : (this.replay.source.schema.get(kind)?.name ?? `${kind}`),
      events
    }
    this.packets.instant(this.board, this.ns(from), 'loss', 'events lost', { details: { ...details, until_s: to } })
  }

  snapshot(time: number, vas: number, complete: boolean): void {
    const details = { mappings: vas }
    this.packets.instant(this.board, this.ns(time), 'snapshot', complete ? 'snapshot' : 'incomplete snapshot', {
      details
    })
  }

  note(time: number, text: string): void {
    this.packets.instant(this.board, this.ns(time), 'note', text)
  }

  scenario(s: Scenario): void {
    this.scenarios ??= new Lanes(this.packets, 'Scenarios', this.board)
    const track = this.scenarios.fit(s.started, s.ended ?? Infinity)
    const details = { seed: s.seed, state: scenarioStateName(s.state), done: s.done, text: s.text || null }
    this.packets.slice(track, this.ns(s.started), s.ended === null ? null : this.ns(s.ended), 'scenario', s.id, {
      details
    })
  }

  /** Once the replay is over. */
  finish(): void {
    this.clock(Infinity)
  }

  /** A VM_BIND ioctl returned. */
  private bind(e: EventCursor): void {
    const task = e.get(Field.task)
    const jobs = this.queuedBy.get(task) ?? []
    this.queuedBy.delete(task)
    const begin = e.time - (seconds(e) ?? 0)
    const flows = jobs.map((id) => id * FLOW.kinds + FLOW.job)
    const details = { queue: seen(e, Field.queue), operations: seen(e, Field.count), errno: seen(e, Field.result) }
    this.packets.slice(this.places.thread(task), this.ns(begin), this.ns(e.time), 'vm-bind', 'VM_BIND', {
      details,
      flows
    })
  }

  /** Says the counters of what is over by `time`. */
  private clock(time: number): void {
    const { rate, packets } = this
    if (this.dirty.size > 0 && time >= this.bytesDue) {
      const at = Number.isFinite(time) ? time : this.replay.end
      for (const id of this.dirty) {
        const vm = this.replay.lives.vm(id)
        const { bytes, count } = this.places.vm(id)
        packets.count(bytes, this.ns(at), vm.liveBytes)
        packets.count(count, this.ns(at), vm.live)
      }
      this.dirty.clear()
      this.bytesDue = time + BYTES_EVERY
    }
    const bin = Math.floor(time / RATE)
    if (bin <= rate.bin) return
    for (const [i, n] of [rate.maps, rate.unmaps].entries()) {
      packets.count(rate.tracks[i]!, this.ns(rate.bin * RATE), n / RATE)
      if (bin > rate.bin + 1) packets.count(rate.tracks[i]!, this.ns((rate.bin + 1) * RATE), 0)
    }
    Object.assign(rate, { bin, maps: 0, unmaps: 0 })
  }

  private ring(ring: number): Lanes {
    let lanes = this.rings.get(ring)
    if (!lanes) this.rings.set(ring, (lanes = new Lanes(this.packets, `ring ${ring}`, this.gpuTrack())))
    return lanes
  }

  private gpuTrack(): number {
    return (this.gpu ||= this.packets.track('GPU'))
  }

  private address(pages: number): { address: number } {
    return { address: pages * this.replay.source.pageSize }
  }

  /** Nothing is before the board's clock began, where a walk that is said to be older may put it. */
  private ns(time: number): number {
    return Math.max(0, Number(this.replay.source.origin) + Math.round(time * 1e9))
  }
}
