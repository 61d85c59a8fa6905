import { num, type Snapshot } from '../wire/messages'
import { modeName } from './apply-msm'
import { settle } from './bos'
import { EVICTED, type State } from './state'

/**
 * Takes a snapshot, given as all of its parts, into the state: what it shows and the events did not, is added. `begin` is when the
 * walk began, in seconds: an object found by it lived at least since then. `resync`: events were lost before it, so a mapping that it
 * does not show has gone.
 */
export function applySnapshot(
  state: State,
  parts: readonly Snapshot[],
  begin: number,
  end: number,
  resync: boolean
): void {
  const page = state.pageSize
  for (const { tasks } of parts)
    for (const t of tasks) state.tasks.set(num(t.id), { pid: t.pid ?? 0, tid: t.tid ?? 0, comm: t.comm ?? '' })

  for (const { vms } of parts)
    for (const v of vms) {
      const known = state.vms.get(num(v.id))
      if (v.unusable && known) known.unusable ??= end
      if (known?.traced) continue
      // one of before tracing may have been named by events already: those say less of it than the walk
      const vm = known ?? state.vm(num(v.id), begin)
      vm.name ||= v.name ?? ''
      vm.flags ||= num(v.flags)
      if (vm.mode === 'unknown') vm.mode = modeName(v.mode ?? 0)
      vm.task ||= num(v.task)
      vm.base ||= num(v.iova) * page
      vm.size ||= num(v.range) * page
      const file = num(v.file)
      if (file !== 0 && !vm.files.includes(file)) {
        vm.files.push(file)
        state.vmOfFile.set(file, vm.id)
      }
      if (v.unusable) vm.unusable ??= begin
      state.judge(vm)
    }

  for (const { bos } of parts)
    for (const b of bos) {
      if (state.goneBos.since(num(b.id), begin)) continue
      const known = state.bos.get(num(b.id))
      const bo = state.bo(num(b.id))
      bo.bytes ||= num(b.size) * page
      bo.flags ||= num(b.flags)
      bo.name ||= b.name ?? ''
      bo.refcount = { value: num(b.refcount), sampledAt: end }
      // what happened to it while the walk went on is known better from its events
      if (bo.changed >= begin || !(resync || known === undefined)) continue
      // framebuffers count as handles (drm_framebuffer.c, 7.3)
      bo.handleCount = Math.max(0, num(b.handles) - bo.fbPlanes)
      if (bo.handleCount > 0) bo.hadHandle = true
      bo.pins = { value: num(b.pins), sampledAt: end }
      settle(state, bo, end)
    }

  for (const { vmBos } of parts)
    for (const v of vmBos) {
      if (state.goneVmBos.since(num(v.id), begin)) continue
      state.createVmBo(num(v.id), num(v.vm), num(v.bo), begin, true)
      const index = state.vmBos.byId.get(num(v.id))
      if (v.evicted && (state.vmBos.bits.at(index) & EVICTED) === 0 && state.vmBos.created.at(index) >= begin)
        state.evict(num(v.id), true, begin)
    }

  for (const { vas } of parts)
    for (const v of vas) {
      if (state.goneVas.since(num(v.id), begin)) continue
      const m = {
        va: num(v.id),
        vm: num(v.vm),
        bo: num(v.bo),
        vmBo: num(v.vmBo),
        iova: num(v.iova) * page,
        bytes: num(v.range) * page,
        offset: num(v.offset) * page,
        flags: num(v.flags)
      }
      state.insert(m, begin, false)
    }
  state.goneVas.forget(end)
  state.goneVmBos.forget(end)
  state.goneBos.forget(end)

  if (!resync) return
  const { mappings, vmBos } = state
  const shown = new Set(parts.flatMap(({ vas }) => vas.map((v) => num(v.id))))
  for (const index of [...mappings.live])
    if (mappings.start.at(index) < begin && !shown.has(mappings.va.at(index))) state.vanish(index, begin)
  const shownVmBos = new Set(parts.flatMap(({ vmBos: list }) => list.map((v) => num(v.id))))
  for (const id of state.aliveBos)
    for (const index of state.bos.get(id)!.vmBos)
      if (vmBos.created.at(index) < begin && !shownVmBos.has(vmBos.id.at(index)))
        state.destroyVmBo(vmBos.id.at(index), begin)
  const shownBos = new Set(parts.flatMap(({ bos }) => bos.map((b) => num(b.id))))
  for (const id of state.aliveBos)
    if (state.bos.get(id)!.changed < begin && !shownBos.has(id)) state.destroyBo(id, begin)
  const shownVms = new Set(parts.flatMap(({ vms }) => vms.map((v) => num(v.id))))
  for (const vm of state.vms.values())
    if (vm.destroyed === null && vm.live === 0 && vm.changed < begin && !shownVms.has(vm.id)) vm.destroyed = begin
}
