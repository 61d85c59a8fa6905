import { Field, Kind } from '../wire/schema'
import { handleClosed } from './bos'
import type { EventCursor } from './observer'
import type { State } from './state'

const NS = 1e9

/** What msm tells beyond drm_gpuvm, GEM and KMS: VMs and their files, page tables, pins, memory pressure, faults. */
export function applyMsmEvent(state: State, e: EventCursor): void {
  const { time } = e
  switch (e.kind) {
    case Kind.VmMode: {
      const vm = state.vm(e.get(Field.vm), time)
      vm.mode = modeName(e.get(Field.mode))
      state.judge(vm)
      break
    }
    case Kind.VmFile: {
      const vm = state.vm(e.get(Field.vm), time)
      const file = e.get(Field.file)
      if (!vm.files.includes(file)) vm.files.push(file)
      state.vmOfFile.set(file, vm.id)
      break
    }
    case Kind.VmClose:
      state.vm(e.get(Field.vm), time).closed = time
      break
    case Kind.VmCloseEnd:
      state.vm(e.get(Field.vm), time).closeEnded = time
      break
    case Kind.VmUnusable:
      state.vm(e.get(Field.vm), time).unusable ??= time
      break
    case Kind.PteMap: {
      const vm = e.get(Field.vm)
      display(state, vm, time)
      if (e.get(Field.result) === 0)
        state.written(vm, e.get(Field.iova) * state.pageSize, e.get(Field.range) * state.pageSize, time)
      break
    }
    case Kind.PteUnmap:
      display(state, e.get(Field.vm), time)
      break
    case Kind.VmBindFree: {
      const job = e.get(Field.job)
      if (state.jobs.isOpen(job) && e.get(Field.count) > 0) state.jobs.kill(job, time)
      break
    }
    case Kind.Throttle:
      state.memory.throttlePeak = Math.max(state.memory.throttlePeak, e.get(Field.count))
      break
    case Kind.BoEvict:
    case Kind.BoPurge: {
      const bo = state.bo(e.get(Field.bo))
      if (e.kind === Kind.BoPurge) {
        bo.purged ??= time
        state.memory.purges++
      } else state.memory.evictions++
      for (const index of bo.vmBos) state.evict(state.vmBos.id.at(index), true, time)
      break
    }
    case Kind.Pin:
    case Kind.Unpin:
      state.bo(e.get(Field.bo)).pins = { value: signed(e.get(Field.count)), sampledAt: time }
      break
    case Kind.VmaRef:
      state.bo(e.get(Field.bo)).vmaRef = { value: signed(e.get(Field.count)), sampledAt: time }
      break
    case Kind.HandleClosed:
      handleClosed(state, e.get(Field.bo), e.get(Field.file), time, e.get(Field.duration) / NS)
      break
    case Kind.Shrink:
      state.memory.shrinks++
      state.memory.shrunkBytes += e.get(Field.size) * state.pageSize
      break
    case Kind.GpuFault:
      state.gpuFaults.push({ time, iova: e.get(Field.iova) * state.pageSize, flags: e.get(Field.flags) })
      break
  }
}

/** msm's display VM (msm_kms.c, 7.3). */
export const DISPLAY_VM = 'mdp_kms'

function display(state: State, vm: number, time: number): void {
  if (state.vms.get(vm)?.name === DISPLAY_VM) state.recentPtes.push(time)
}

/** A count below zero, which the wire has as a large unsigned number. */
export function signed(count: number): number {
  return count >= 2 ** 63 ? count - 2 ** 64 : count >= 2 ** 31 && count < 2 ** 32 ? count - 2 ** 32 : count
}

/** VmMode of the wire by its name here. */
export function modeName(mode: number): 'kernel-managed' | 'vm-bind' | 'unknown' {
  return mode === 1 ? 'kernel-managed' : mode === 2 ? 'vm-bind' : 'unknown'
}
