import type { DecodedBatch } from '../wire/batch'
import { Field, Kind } from '../wire/schema'
import type { State } from './state'

const NS = 1e9
/** Name of msm's scheduler of VM_BIND jobs (msm_gem_vma.c, 7.3); its rings have schedulers of their own. */
const VM_BIND_SCHEDULER = 'msm-vm-bind'

/** Applies the events of a batch to the state, in order. Kinds that this version does not know leave it as it is. */
export function applyBatch(state: State, batch: DecodedBatch): void {
  for (const task of batch.tasks) state.tasks.set(task.id, task)
  for (const name of batch.names) state.names.set(name.id, name.text)
  for (let i = 0; i < batch.count; i++) applyEvent(state, batch, i, batch.time[i]! / NS)
}

function applyEvent(state: State, batch: DecodedBatch, i: number, time: number): void {
  const get = (field: number): number => batch.columns[field]![i]!
  switch (batch.kind[i]) {
    case Kind.VaInsert:
      state.insert(
        {
          va: get(Field.va),
          vm: get(Field.vm),
          bo: get(Field.bo),
          vmBo: 0,
          iova: get(Field.iova) * state.pageSize,
          bytes: get(Field.range) * state.pageSize,
          offset: get(Field.offset) * state.pageSize,
          flags: get(Field.flags)
        },
        time,
        true
      )
      break
    case Kind.VaRemove:
      state.remove(get(Field.va), time)
      break
    case Kind.VaLink:
      state.link(get(Field.va), get(Field.vmBo))
      break
    case Kind.VmCreate: {
      const vm = state.vm(get(Field.vm), time)
      vm.traced = true
      vm.name = state.names.get(get(Field.name)) ?? ''
      vm.flags = get(Field.flags)
      vm.task = get(Field.task)
      vm.base = get(Field.iova) * state.pageSize
      vm.size = get(Field.range) * state.pageSize
      state.judge(vm)
      break
    }
    case Kind.VmMode: {
      const vm = state.vm(get(Field.vm), time)
      vm.mode = modeName(get(Field.mode))
      state.judge(vm)
      break
    }
    case Kind.VmClose:
      state.vm(get(Field.vm), time).closed = time
      break
    case Kind.VmDestroy:
      state.vm(get(Field.vm), time).destroyed = time
      break
    case Kind.VmBoCreate:
      state.createVmBo(get(Field.vmBo), get(Field.vm), get(Field.bo), time)
      state.sampleRefcount(get(Field.bo), get(Field.refcount), time)
      break
    case Kind.VmBoDestroy:
      state.destroyVmBo(get(Field.vmBo), time)
      state.sampleRefcount(get(Field.bo), get(Field.refcount), time)
      break
    case Kind.BoCreate: {
      const bo = state.bo(get(Field.bo))
      bo.bytes = get(Field.size) * state.pageSize
      bo.flags = get(Field.flags)
      bo.task = get(Field.task)
      bo.created = time
      break
    }
    case Kind.BoDestroy:
      state.bo(get(Field.bo)).destroyed = time
      break
    case Kind.BoName:
      state.bo(get(Field.bo)).name = state.names.get(get(Field.name)) ?? ''
      break
    case Kind.HandleOpen:
      state.bo(get(Field.bo)).handles.push({
        handle: get(Field.handle),
        file: get(Field.file),
        task: get(Field.task),
        opened: time,
        closed: null
      })
      state.sampleRefcount(get(Field.bo), get(Field.refcount), time)
      break
    case Kind.HandleClose: {
      const [file, handle] = [get(Field.file), get(Field.handle)]
      const { handles } = state.bo(get(Field.bo))
      const open = handles.find((h) => h.handle === handle && h.file === file && h.closed === null)
      if (open) open.closed = time
      state.sampleRefcount(get(Field.bo), get(Field.refcount), time)
      break
    }
    case Kind.Submit:
      state.submits.queue(get(Field.submit), time)
      break
    case Kind.SubmitFlush:
      state.submits.begin(get(Field.submit), time)
      break
    case Kind.SubmitRetire:
      state.submits.finish(get(Field.submit), time)
      break
    case Kind.JobQueue:
      if (state.names.get(get(Field.name)) === VM_BIND_SCHEDULER) state.jobs.queue(get(Field.job), time)
      break
    case Kind.JobRun:
      if (state.names.get(get(Field.name)) === VM_BIND_SCHEDULER) state.jobs.begin(get(Field.job), time)
      break
    case Kind.JobDone:
      state.jobs.finish(get(Field.job), time)
      break
    case Kind.FbCreate:
      state.fbs.set(get(Field.fb), { id: get(Field.fb), bo: get(Field.bo), created: time, destroyed: null })
      break
    case Kind.FbDestroy: {
      const fb = state.fbs.get(get(Field.fb))
      if (fb) fb.destroyed = time
      break
    }
    case Kind.CommitBegin:
      state.commits.begin(get(Field.crtc), time)
      break
    case Kind.CommitEnd:
      state.commits.finish(get(Field.crtc), time)
      break
    case Kind.FlipDone:
      state.flips.push(get(Field.crtc), time)
      state.rates.add('flips', time, 1)
      break
  }
}

/** VmMode of the wire by its name here. */
export function modeName(mode: number): 'kernel-managed' | 'vm-bind' | 'unknown' {
  return mode === 1 ? 'kernel-managed' : mode === 2 ? 'vm-bind' : 'unknown'
}
