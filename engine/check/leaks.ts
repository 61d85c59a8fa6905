import type { Family } from './family'
import { REORDER, SETTLED, type Bench } from './bench'
import { some } from './text'

/** L1 and L2: what stays although nobody is left. Both are asked at quiescent points only. */
export class Leaks implements Family {
  constructor(private readonly bench: Bench) {}

  sweep(now: number, final: boolean): void {
    this.vms(now, final)
    this.bos(now)
  }

  private vms(now: number, final: boolean): void {
    for (const vm of this.bench.state.vms.values()) {
      if (vm.closed === null || vm.destroyed !== null || vm.live === 0) continue
      if (vm.closed > now - (final ? REORDER : SETTLED)) continue
      if (vm.mode === 'vm-bind' && vm.closeEnded === null) continue // still at it: it waits for its last fence
      if (vm.files.length > 1) continue // other files use it
      const loop = vm.mode === 'kernel-managed' && vm.verdict.policy === 'hard'
      this.bench.say(
        'L1',
        `${vm.id}`,
        now,
        [{ kind: 'vm', id: vm.id }],
        `VM ${vm.id} is held by its own ${some(vm.live, 'mapping')} after its file was closed${loop ? ': mappings hold vm_bos, vm_bos hold the VM and their BOs, and nothing unmaps' : ''}`,
        { mappings: vm.live, bytes: vm.liveBytes, vmBos: vm.vmBos, closed: vm.closed, policy: vm.verdict.policy }
      )
    }
  }

  private bos(now: number): void {
    const { state } = this.bench
    for (const id of state.aliveBos) {
      const bo = state.bos.get(id)!
      if (!bo.hadHandle || bo.handleCount > 0 || bo.exported !== null || bo.fbPlanes > 0 || bo.lastClosed === null)
        continue
      if (bo.changed > now - SETTLED) continue
      if (bo.vmBos.some((i) => state.vms.get(state.vmBos.vm.at(i))?.verdict.policy !== 'weak')) continue
      if (state.submits.openSince(bo.lastClosed) || state.jobs.openSince(bo.lastClosed)) continue
      const killed = state.jobs.killed
      const candidates = [
        'a process that has it mapped (mmap)',
        'another device that imported it',
        ...(killed > 0 ? [`a VM_BIND job that was killed`] : [])
      ]
      this.bench.say(
        'L2',
        `${id}`,
        now,
        [{ kind: 'bo', id }],
        `BO ${id} lives and no holder of it is known; it may be ${candidates.join(', or ')}`,
        {
          bytes: bo.bytes,
          lastClosed: bo.lastClosed,
          refcount: bo.refcount?.value ?? 'not seen',
          killedJobs: killed
        }
      )
    }
  }
}
