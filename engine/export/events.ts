import type { EventCursor } from '../model/observer'
import { Field, Kind } from '../wire/schema'
import type { Watcher } from './objects'
import type { Replay } from './replay'

const NS = 1e9
/** Name of msm's scheduler of VM_BIND jobs (msm_gem_vma.c, 7.3). */
const VM_BIND_SCHEDULER = 'msm-vm-bind'

/** Takes an event into what lives. Kinds that this version does not know leave it as it is. */
export function applyEvent(replay: Replay, watcher: Watcher, e: EventCursor): void {
  const { lives } = replay
  const { time } = e
  switch (e.kind) {
    case Kind.VaInsert:
      lives.insert({
        ...{ va: e.get(Field.va), vm: e.get(Field.vm), bo: e.get(Field.bo), vmBo: 0, iovaPages: e.get(Field.iova) },
        ...{ pages: e.get(Field.range), offsetPages: e.get(Field.offset), flags: e.get(Field.flags) },
        ...{ start: time, traced: true }
      })
      break
    case Kind.VaRemove:
      lives.endMapping(e.get(Field.va), time, true, e.optional(Field.reason, 0), e.get(Field.task))
      break
    case Kind.VaLink: {
      const m = lives.mappings.get(e.get(Field.va))
      if (m) m.vmBo = e.get(Field.vmBo)
      break
    }
    case Kind.SmMap:
    case Kind.SmUnmap:
      lives.request(e.get(Field.vm))
      replay.vmOfTask.set(e.get(Field.task), e.get(Field.vm))
      break
    case Kind.SmRemap:
      lives.remap(e.get(Field.va))
      break
    case Kind.SmKeep: {
      const m = lives.mappings.get(e.get(Field.va))
      if (m) m.flags = e.get(Field.flags)
      break
    }
    case Kind.PteMap:
      if (e.get(Field.result) === 0) lives.written(e.get(Field.vm), e.get(Field.iova), e.get(Field.range), time)
      break
    case Kind.VmCreate: {
      const vm = lives.vm(e.get(Field.vm))
      vm.created = time
      vm.name = replay.name(e.get(Field.name))
      vm.flags = e.get(Field.flags)
      vm.task = e.get(Field.task)
      vm.basePages = e.get(Field.iova)
      vm.bytes = e.get(Field.range) * replay.source.pageSize
      break
    }
    case Kind.VmMode: {
      const mode = e.get(Field.mode)
      lives.vm(e.get(Field.vm)).mode = mode === 1 ? 'kernel-managed' : mode === 2 ? 'vm-bind' : 'unknown'
      break
    }
    case Kind.VmClose:
      lives.vm(e.get(Field.vm)).closed = time
      break
    case Kind.VmDestroy:
      lives.vm(e.get(Field.vm)).destroyed = time
      break
    case Kind.VmBoCreate:
      lives.vmBo(e.get(Field.vmBo), e.get(Field.vm), e.get(Field.bo), time)
      break
    case Kind.VmBoDestroy:
      lives.endVmBo(e.get(Field.vmBo), time)
      break
    case Kind.BoCreate: {
      const bo = lives.bo(e.get(Field.bo))
      if (!bo) break
      bo.bytes = e.get(Field.size) * replay.source.pageSize
      bo.flags = e.get(Field.flags)
      bo.task = e.get(Field.task)
      bo.created = time
      break
    }
    case Kind.BoDestroy:
      lives.endBo(e.get(Field.bo), time)
      break
    case Kind.BoName: {
      const bo = lives.bo(e.get(Field.bo))
      if (bo) bo.name = replay.name(e.get(Field.name))
      break
    }
    case Kind.HandleOpen: {
      const bo = lives.bo(e.get(Field.bo))
      if (bo) bo.handles++
      break
    }
    case Kind.HandleClose: {
      const bo = lives.bo(e.get(Field.bo))
      if (bo) bo.lastClosed = time
      break
    }
    case Kind.FbCreate:
      lives.endFb(e.get(Field.fb), time) // its destruction was lost: KMS gives ids again
      lives.bo(e.get(Field.bo))
      lives.fbs.set(e.get(Field.fb), {
        ...{ id: e.get(Field.fb), bo: e.get(Field.bo), task: e.get(Field.task), created: time, destroyed: null },
        bytes: e.get(Field.size) * replay.source.pageSize
      })
      break
    case Kind.FbDestroy:
      lives.endFb(e.get(Field.fb), time)
      break
    default:
      applyWork(replay, watcher, e)
  }
}

/** Jobs and submits. */
function applyWork(replay: Replay, watcher: Watcher, e: EventCursor): void {
  const { lives } = replay
  const { time } = e
  const isVmBind = (): boolean => replay.name(e.get(Field.name)) === VM_BIND_SCHEDULER
  switch (e.kind) {
    case Kind.JobQueue: {
      if (!isVmBind()) break
      const job = lives.job(e.get(Field.job))
      job.queued = time
      job.task = e.get(Field.task)
      job.vm = replay.vmOfTask.get(job.task) ?? 0
      watcher.jobBegan?.(job)
      break
    }
    case Kind.JobRun: {
      if (!isVmBind()) break
      const known = lives.jobs.has(e.get(Field.job))
      const job = lives.job(e.get(Field.job))
      job.run = time
      if (job.vm !== 0) lives.running.set(job.vm, job)
      if (!known) watcher.jobBegan?.(job)
      break
    }
    case Kind.VmBindRun: {
      const job = lives.jobs.get(e.get(Field.job))
      if (!job) break
      job.vm ||= e.get(Field.vm)
      job.result = seen(e, Field.result)
      job.seconds = seconds(e)
      break
    }
    case Kind.JobDone: {
      const job = lives.jobs.get(e.get(Field.job))
      if (job) lives.endJob(job, time)
      break
    }
    case Kind.VmBindFree: {
      const job = lives.jobs.get(e.get(Field.job))
      if (!job || e.get(Field.count) === 0) break
      job.killed = e.get(Field.count)
      lives.endJob(job, time)
      break
    }
    case Kind.Submit: {
      const submit = lives.submit(e.get(Field.submit))
      submit.queued = time
      submit.ring = e.get(Field.ring)
      submit.task = e.get(Field.task)
      watcher.submitBegan?.(submit)
      break
    }
    case Kind.SubmitFlush: {
      const known = lives.submits.has(e.get(Field.submit))
      const submit = lives.submit(e.get(Field.submit))
      submit.flushed = time
      submit.ring = e.get(Field.ring)
      submit.seqno = e.get(Field.seqno)
      if (!known) watcher.submitBegan?.(submit)
      break
    }
    case Kind.SubmitRetire: {
      const submit = lives.submits.get(e.get(Field.submit))
      if (!submit) break
      submit.seconds = seconds(e)
      lives.endSubmit(submit, time)
      break
    }
  }
}

/** null where the kind has no such column in this session. */
export function seen(e: EventCursor, field: number): number | null {
  const value = e.optional(field, NaN)
  return Number.isNaN(value) ? null : value
}

/** A duration, null where the kind has none. */
export function seconds(e: EventCursor): number | null {
  const ns = seen(e, Field.duration)
  return ns === null ? null : ns / NS
}
