import type { EventCursor } from '../../model/observer'
import { Field, Kind } from '../../wire/schema'
import { seconds, seen } from '../events'
import { Lanes } from './lanes'
import type { Packets } from './packets'

/** Ids of flows of the display: beyond those of jobs, mappings and submits. */
const FIRST_FLOW = 2 ** 40

interface Commit {
  begin: number
  lane: number
  /** Framebuffers that were prepared for it. */
  flows: number[]
}

/** Commits, flips and framebuffers, with arrows from a framebuffer's prepare to its commit and on to the flip that ended it. */
export class Display {
  private root = 0
  private fbs: Lanes | null = null
  private readonly commits = new Map<number, Lanes>()
  private readonly flips = new Map<number, number>()
  private readonly open = new Map<number, Commit>()
  /** Flows of commits that began on a CRTC and whose flip has not come. */
  private readonly waiting = new Map<number, number[]>()
  /** Prepared, and no commit has begun since. */
  private prepared: number[] = []
  private nextFlow = FIRST_FLOW

  constructor(
    private readonly packets: Packets,
    private readonly ns: (time: number) => number
  ) {}

  event(e: EventCursor): void {
    switch (e.kind) {
      case Kind.FbPrepare:
      case Kind.FbCleanup:
        this.fb(e)
        break
      case Kind.CommitBegin: {
        const crtc = e.get(Field.crtc)
        this.end(crtc, e.time) // the end of the one before was lost
        const flow = this.nextFlow++
        this.open.set(crtc, { begin: e.time, lane: this.lanes(crtc).open(), flows: [...this.prepared, flow] })
        this.waiting.set(crtc, [...(this.waiting.get(crtc) ?? []).slice(-1), flow])
        this.prepared = []
        break
      }
      case Kind.CommitEnd:
        this.end(e.get(Field.crtc), e.time)
        break
      case Kind.FlipDone: {
        const crtc = e.get(Field.crtc)
        const from = this.waiting.get(crtc) ?? []
        this.waiting.delete(crtc)
        const details = { seqno: seen(e, Field.seqno) }
        this.packets.instant(this.flipTrack(crtc), this.ns(e.time), 'display', 'flip', {
          details,
          from: from.slice(-1)
        })
        break
      }
    }
  }

  private fb(e: EventCursor): void {
    const begin = e.time - (seconds(e) ?? 0)
    const prepare = e.kind === Kind.FbPrepare
    const flow = prepare ? this.nextFlow++ : 0
    if (prepare) this.prepared.push(flow)
    this.fbs ??= new Lanes(this.packets, 'framebuffers', this.rootTrack())
    const details = { prepare_count: seen(e, Field.count) }
    const name = `${prepare ? 'prepare' : 'cleanup'} FB ${e.get(Field.fb)}`
    this.packets.slice(this.fbs.fit(begin, e.time), this.ns(begin), this.ns(e.time), 'display', name, {
      ...{ details, flows: prepare ? [flow] : [] }
    })
  }

  private end(crtc: number, time: number): void {
    const commit = this.open.get(crtc)
    if (!commit) return
    this.open.delete(crtc)
    const lanes = this.lanes(crtc)
    const own = commit.flows.at(-1)!
    this.packets.slice(lanes.track(commit.lane), this.ns(commit.begin), this.ns(time), 'display', 'commit', {
      ...{ flows: [own], from: commit.flows.slice(0, -1) }
    })
    lanes.close(commit.lane)
  }

  private lanes(crtc: number): Lanes {
    let lanes = this.commits.get(crtc)
    if (!lanes) {
      lanes = new Lanes(this.packets, `commits, CRTC mask 0x${crtc.toString(16)}`, this.rootTrack())
      this.commits.set(crtc, lanes)
    }
    return lanes
  }

  private flipTrack(crtc: number): number {
    let track = this.flips.get(crtc)
    if (track === undefined) {
      track = this.packets.track(`flips, CRTC mask 0x${crtc.toString(16)}`, { parent: this.rootTrack() })
      this.flips.set(crtc, track)
    }
    return track
  }

  private rootTrack(): number {
    return (this.root ||= this.packets.track('Display'))
  }
}
