import type { EventCursor } from '../model/observer'
import type { State } from '../model/state'
import { Field, Kind } from '../wire/schema'
import { Distribution } from './distribution'

const NS = 1e9
/** msm's scheduler of VM_BIND jobs (msm_gem_vma.c, 7.3); its rings have schedulers of their own. */
const VM_BIND_SCHEDULER = 'msm-vm-bind'

/** A VM_BIND job on its way; NaN: not seen. */
interface Job {
  queued: number
  begun: number
  ran: number
}

/** How long each part of a VM_BIND takes. */
export class BindPhases {
  /** The ioctl. */
  readonly ioctl = new Distribution()
  /** From the job's queueing to its turn. */
  readonly queue = new Distribution()
  /** msm_vma_job_run: page tables are written. */
  readonly run = new Distribution()
  /** From there to the job's fence. */
  readonly done = new Distribution()
  /** From the job's queueing to its fence. */
  readonly whole = new Distribution()
  operations = 0
  failed = 0
  private readonly jobs = new Map<number, Job>()

  constructor(private readonly state: State) {}

  event(e: EventCursor): void {
    switch (e.kind) {
      case Kind.VmBind:
        this.ioctl.add(e.get(Field.duration) / NS)
        this.operations += e.get(Field.count)
        if (e.get(Field.result) !== 0) this.failed++
        break
      case Kind.JobQueue:
        if (this.isBind(e)) this.jobs.set(e.get(Field.job), { queued: e.time, begun: NaN, ran: NaN })
        break
      case Kind.JobRun: {
        if (!this.isBind(e)) break
        const job = this.jobs.get(e.get(Field.job))
        if (!job) break
        job.begun = e.time
        this.queue.add(e.time - job.queued)
        break
      }
      case Kind.VmBindRun: {
        this.run.add(e.get(Field.duration) / NS)
        const job = this.jobs.get(e.get(Field.job))
        if (job) job.ran = e.time
        break
      }
      case Kind.JobDone: {
        const job = this.jobs.get(e.get(Field.job))
        if (!job) break
        this.jobs.delete(e.get(Field.job))
        // a job that was killed is done without having run
        if (Number.isNaN(job.begun)) break
        this.whole.add(e.time - job.queued)
        if (!Number.isNaN(job.ran)) this.done.add(e.time - job.ran)
        break
      }
    }
  }

  /** What was under way may have lost a step. */
  lost(): void {
    this.jobs.clear()
  }

  private isBind(e: EventCursor): boolean {
    return this.state.names.get(e.get(Field.name)) === VM_BIND_SCHEDULER
  }
}

/** How long page flips take, and what framebuffers cost as they come and go. */
export class FlipPhases {
  /** From the begin of a commit (its tail) to the flip of a CRTC of it. */
  readonly commitToFlip = new Distribution()
  /** From the begin of a commit to its end. */
  readonly commit = new Distribution()
  /** msm_framebuffer_prepare: mapping. */
  readonly map = new Distribution()
  /** msm_framebuffer_cleanup: unmapping. */
  readonly unmap = new Distribution()
  flips = 0
  /** Commits under way: what their CRTC mask is, since when, and of which CRTCs the flip is still to come. */
  private commits: { crtcs: number; begun: number; waiting: number; ended: boolean }[] = []

  event(e: EventCursor): void {
    switch (e.kind) {
      case Kind.CommitBegin: {
        const crtcs = e.get(Field.crtc)
        // a CRTC has one commit at a time: what is older never had its flip seen
        for (const c of this.commits) c.waiting &= ~crtcs
        this.commits = this.commits.filter((c) => !c.ended || c.waiting !== 0)
        this.commits.push({ crtcs, begun: e.time, waiting: crtcs, ended: false })
        break
      }
      case Kind.FlipDone: {
        this.flips++
        const crtc = e.get(Field.crtc)
        const commit = this.commits.findLast((c) => (c.waiting & crtc) !== 0)
        if (!commit) break
        this.commitToFlip.add(e.time - commit.begun)
        commit.waiting &= ~crtc
        this.commits = this.commits.filter((c) => !c.ended || c.waiting !== 0)
        break
      }
      case Kind.CommitEnd: {
        const commit = this.commits.find((c) => c.crtcs === e.get(Field.crtc) && !c.ended)
        if (!commit) break
        this.commit.add(e.time - commit.begun)
        commit.ended = true
        this.commits = this.commits.filter((c) => !c.ended || c.waiting !== 0)
        break
      }
      case Kind.FbPrepare:
        this.map.add(e.get(Field.duration) / NS)
        break
      case Kind.FbCleanup:
        this.unmap.add(e.get(Field.duration) / NS)
        break
    }
  }

  lost(): void {
    this.commits = []
  }
}
