import { Field, Kind } from '../wire/schema'
import { applyMsmEvent } from './apply-msm'
import { closeHandle, endExport, exportBo, openHandle } from './bos'
import { addPlane, createFb, destroyFb, fbOp } from './display'
import type { EventCursor } from './observer'
import { Reason, type State } from './state'

const NS = 1e9
/** Name of msm's scheduler of VM_BIND jobs (msm_gem_vma.c, 7.3); its rings have schedulers of their own. */
const VM_BIND_SCHEDULER = 'msm-vm-bind'

/** Applies an event to the state. Kinds that this version does not know leave it as it is. */
export function applyEvent(state: State, e: EventCursor): void {
  const { time } = e
  switch (e.kind) {
    case Kind.VaInsert:
      state.insert({ va: e.get(Field.va), vmBo: 0, ...rangeOf(state, e) }, time, true)
      break
    case Kind.VaRemove:
      state.remove(e.get(Field.va), time, e.optional(Field.reason, Reason.none), e.get(Field.task))
      break
    case Kind.VaLink:
      state.link(e.get(Field.va), e.get(Field.vmBo))
      break
    case Kind.VaUnlink:
      state.unlink(e.get(Field.va), e.get(Field.vmBo))
      break
    case Kind.SmMap:
      state.request(true, rangeOf(state, e), e.get(Field.task), time)
      break
    case Kind.SmUnmap: {
      const [iova, bytes] = [e.get(Field.iova) * state.pageSize, e.get(Field.range) * state.pageSize]
      state.request(false, { vm: e.get(Field.vm), bo: 0, iova, bytes, offset: 0, flags: 0 }, e.get(Field.task), time)
      break
    }
    case Kind.SmRemap:
      state.remap(e.get(Field.va))
      break
    case Kind.SmKeep: {
      const index = state.mappings.byVa.get(e.get(Field.va))
      if (index >= 0) state.mappings.flags.data[index] = e.get(Field.flags)
      break
    }
    case Kind.VmCreate: {
      const vm = state.vm(e.get(Field.vm), time)
      vm.traced = true
      vm.name = state.names.get(e.get(Field.name)) ?? ''
      vm.flags = e.get(Field.flags)
      vm.task = e.get(Field.task)
      vm.base = e.get(Field.iova) * state.pageSize
      vm.size = e.get(Field.range) * state.pageSize
      const pid = state.tasks.get(vm.task)?.pid ?? 0
      if (pid !== 0 && vm.ordinal === 0) vm.ordinal = state.nextOrdinal('vm', pid, vm.id)
      state.judge(vm)
      break
    }
    case Kind.VmDestroy:
      state.vm(e.get(Field.vm), time).destroyed = time
      break
    case Kind.VmBoCreate:
      state.createVmBo(e.get(Field.vmBo), e.get(Field.vm), e.get(Field.bo), time)
      state.sampleRefcount(e.get(Field.bo), e.get(Field.refcount), time)
      break
    case Kind.VmBoDestroy:
      state.destroyVmBo(e.get(Field.vmBo), time)
      state.sampleRefcount(e.get(Field.bo), e.get(Field.refcount), time)
      break
    case Kind.VmBoDefer:
      state.deferVmBo(e.get(Field.vmBo))
      break
    case Kind.VmBoEvict:
      state.evict(e.get(Field.vmBo), e.get(Field.count) !== 0, time)
      break
    case Kind.VmBoValidate:
      if (e.get(Field.result) === 0) state.evict(e.get(Field.vmBo), false, time)
      break
    case Kind.BoCreate: {
      const bo = state.bo(e.get(Field.bo))
      bo.bytes = e.get(Field.size) * state.pageSize
      bo.flags = e.get(Field.flags)
      bo.task = e.get(Field.task)
      bo.created = time
      bo.changed = time
      // where a snapshot had found it before this came in, its handles are still to come
      bo.handleCount = 0
      bo.hadHandle = false
      break
    }
    case Kind.BoDestroy:
      state.destroyBo(e.get(Field.bo), time)
      break
    case Kind.BoName:
      state.bo(e.get(Field.bo)).name = state.names.get(e.get(Field.name)) ?? ''
      break
    case Kind.HandleOpen:
      openHandle(state, e.get(Field.bo), e.get(Field.handle), e.get(Field.file), e.get(Field.task), time)
      state.sampleRefcount(e.get(Field.bo), e.get(Field.refcount), time)
      break
    case Kind.HandleClose:
      closeHandle(state, e.get(Field.bo), e.get(Field.handle), e.get(Field.file), time)
      state.sampleRefcount(e.get(Field.bo), e.get(Field.refcount), time)
      break
    case Kind.Export:
      exportBo(state, e.get(Field.bo), time)
      break
    case Kind.ExportEnd:
      endExport(state, e.get(Field.bo), time)
      break
    case Kind.Submit:
      state.submits.queue(e.get(Field.submit), time)
      break
    case Kind.SubmitFlush:
      state.submits.begin(e.get(Field.submit), time)
      break
    case Kind.SubmitRetire:
      state.submits.finish(e.get(Field.submit), time)
      break
    case Kind.JobQueue:
      if (isVmBind(state, e))
        // queued by the call whose requests these jobs carry out
        state.jobs.queueFor(e.get(Field.job), time, state.requests.vmOfTask.get(e.get(Field.task)) ?? 0)
      break
    case Kind.JobRun:
      if (isVmBind(state, e)) state.jobs.begin(e.get(Field.job), time)
      break
    case Kind.JobDone:
      state.jobs.finish(e.get(Field.job), time)
      break
    case Kind.FbCreate:
      createFb(state, e.get(Field.fb), e.get(Field.bo), time)
      break
    case Kind.FbPlane:
      addPlane(state, e.get(Field.fb), e.get(Field.bo), time)
      break
    case Kind.FbDestroy:
      destroyFb(state, e.get(Field.fb), time)
      break
    case Kind.FbPrepare:
    case Kind.FbCleanup:
      fbOp(state, e.get(Field.fb), e.kind === Kind.FbPrepare, e.get(Field.count), e.get(Field.duration) / NS, time)
      break
    case Kind.CommitBegin:
      state.commits.begin(e.get(Field.crtc), time)
      break
    case Kind.CommitEnd:
      state.commits.finish(e.get(Field.crtc), time)
      break
    case Kind.FlipDone:
      state.flips.push(e.get(Field.crtc), time)
      state.rates.add('flips', time, 1)
      break
    default:
      applyMsmEvent(state, e)
  }
}

function isVmBind(state: State, e: EventCursor): boolean {
  return state.names.get(e.get(Field.name)) === VM_BIND_SCHEDULER
}

function rangeOf(
  { pageSize }: State,
  e: EventCursor
): { vm: number; bo: number; iova: number; bytes: number; offset: number; flags: number } {
  return {
    vm: e.get(Field.vm),
    bo: e.get(Field.bo),
    iova: e.get(Field.iova) * pageSize,
    bytes: e.get(Field.range) * pageSize,
    offset: e.get(Field.offset) * pageSize,
    flags: e.get(Field.flags)
  }
}
