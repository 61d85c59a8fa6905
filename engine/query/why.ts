import type { Holder, WhyAlive, WhyGone } from '../api'
import type { Bo } from '../model/entities'
import type { SessionModel } from '../model/session'
import { REASONS, Reason } from '../model/state'

/** Who keeps a BO alive at a time. */
export function whyAlive(model: SessionModel, id: number, at: number): WhyAlive {
  const { state } = model
  const bo = state.bos.get(id)
  const base = {
    bo: id,
    name: bo?.name ?? '',
    bytes: bo?.bytes ?? 0,
    at,
    created: bo?.created ?? null,
    destroyed: bo?.destroyed ?? null
  }
  const none = { holders: [], explained: 0, refcount: null, retainedSince: null }
  if (!bo) return { ...base, ...none, state: 'never seen', answer: `BO ${id} was never seen.` }
  if (bo.created !== null && bo.created > at)
    return { ...base, ...none, state: 'not made yet', answer: `BO ${id} is made later, by ${who(model, bo.task)}.` }
  if (bo.destroyed !== null && bo.destroyed <= at)
    return { ...base, ...none, state: 'destroyed', answer: `BO ${id} was destroyed: its last reference went.` }
  const holders = [
    ...handles(model, bo, at),
    ...vmBos(model, id, at),
    ...others(model, bo, at),
    ...inFlight(model, bo, at)
  ]
  // all handles together are one reference of the object, which its framebuffers keep when the handles are closed (drm_gem.c, 7.3)
  const own = holders.reduce((n, h) => n + (h.kind === 'handle' ? 0 : h.references), 0)
  const explained = own + (holders.some((h) => h.kind === 'handle' || h.kind === 'framebuffer') ? 1 : 0)
  const refcount = bo.refcount && bo.refcount.sampledAt <= at ? bo.refcount : null
  const retainedSince = bo.retainedSince !== null && bo.retainedSince <= at ? bo.retainedSince : null
  return {
    ...base,
    state: 'alive',
    holders,
    explained,
    refcount,
    retainedSince,
    answer: answer(bo, holders, explained, refcount) + forgotten(bo, at)
  }
}

/** Of a BO that was opened very often only the newest closed handles are kept: before that, more may have been open. */
function forgotten({ forgotten: { handles, until } }: Bo, at: number): string {
  return at < until ? ` ${handles} handles that were closed up to ${until.toFixed(6)} s are not kept.` : ''
}

function answer(bo: Bo, holders: Holder[], explained: number, refcount: { value: number } | null): string {
  const holding = holders.filter((h) => h.references > 0)
  const kinds = new Set(holding.map((h) => h.kind))
  if (holding.length === 0)
    return bo.hadHandle
      ? `No holder of BO ${bo.id} is known: a process that has it mapped, a device that imported it or a job that was killed may hold it.`
      : `BO ${bo.id} never had a handle: the kernel itself holds it.`
  if (kinds.size === 1 && kinds.has('vm_bo')) {
    const managed = bo.hadHandle ? '' : ' It never had a handle: it is the kernel’s own, which holds it too.'
    return `Only ${holding.length === 1 ? 'a mapping keeps' : `mappings of ${holding.length} VMs keep`} BO ${bo.id} alive.${managed}`
  }
  const more =
    refcount && refcount.value > explained ? ` ${refcount.value - explained} of its references are not explained.` : ''
  return `BO ${bo.id} is held by ${[...kinds].join(', ')}.${more}`
}

function handles({ state }: SessionModel, bo: Bo, at: number): Holder[] {
  return bo.handles
    .filter((h) => h.opened <= at && (h.closed === null || h.closed > at))
    .map((h) => {
      const task = state.tasks.get(h.task)
      const process = task ? `${task.comm} ${task.pid}` : 'a process'
      return {
        kind: 'handle',
        id: h.handle,
        who: `handle ${h.handle} of ${process}, file ${h.file}`,
        since: h.opened,
        references: 1
      }
    })
}

function vmBos({ state }: SessionModel, bo: number, at: number): Holder[] {
  const { vmBos: all, mappings: m, vms } = state
  const found: Holder[] = []
  for (let i = 0; i < all.id.length; i++) {
    if (all.bo.at(i) !== bo || all.created.at(i) > at || all.destroyed.at(i) <= at) continue
    const vm = vms.get(all.vm.at(i))!
    let mappings = 0
    for (let n = 0; n < m.length; n++)
      if (m.vmBo.at(n) === all.id.at(i) && m.start.at(n) <= at && m.end.at(n) > at) mappings++
    const { policy, source } = vm.verdict
    found.push({
      kind: 'vm_bo',
      id: all.id.at(i),
      who: `vm_bo ${all.id.at(i)} of VM ${vm.id}${vm.name ? ` ${vm.name}` : ''}, ${mappings} mappings`,
      since: all.created.at(i),
      references: policy === 'weak' || policy === 'unknown' ? 0 : 1,
      policy,
      policySource: source,
      mappings
    })
  }
  return found
}

function others({ state }: SessionModel, bo: Bo, at: number): Holder[] {
  const found: Holder[] = []
  const exported =
    bo.exported !== null && bo.exported <= at
      ? bo.exported
      : (bo.exports.find(([from, to]) => from <= at && to > at)?.[0] ?? null)
  if (exported !== null) found.push({ kind: 'dma-buf', id: 0, who: 'its dma-buf', since: exported, references: 1 })
  for (const fb of state.fbHistory) {
    const planes = fb.planes.filter((p) => p === bo.id).length
    if (planes === 0 || fb.created > at || (fb.destroyed !== null && fb.destroyed <= at)) continue
    found.push({ kind: 'framebuffer', id: fb.id, who: `framebuffer ${fb.id}`, since: fb.created, references: planes })
  }
  if (bo.pins && bo.pins.value > 0 && bo.pins.sampledAt <= at)
    found.push({ kind: 'pin', id: 0, who: `${bo.pins.value} pins`, since: bo.pins.sampledAt, references: 0 })
  return found
}

/** What is on its way at that time and may hold it: a job or submit that was queued before its last handle went. */
function inFlight({ state }: SessionModel, bo: Bo, at: number): Holder[] {
  const found: Holder[] = []
  const before = bo.lastClosed !== null && bo.lastClosed <= at ? bo.lastClosed : at
  for (const [kind, spans] of [
    ['job', state.jobs],
    ['submit', state.submits]
  ] as const)
    for (let i = 0; i < spans.length; i++) {
      const open =
        spans.queued.at(i) <= before && !(spans.end.at(i) <= at) && spans.queued.at(i) >= (bo.created ?? -Infinity)
      if (!open) continue
      const name = kind === 'job' ? 'VM_BIND job' : 'submit'
      found.push({
        kind,
        id: spans.id.at(i),
        who: `${name} ${spans.id.at(i)}, if it uses it`,
        since: spans.queued.at(i),
        references: 0
      })
    }
  return found.sort((a, b) => (a.since ?? 0) - (b.since ?? 0)).slice(0, 16)
}

/** Why a mapping went, by its id. null where there never was one. */
export function whyGone(model: SessionModel, va: number): WhyGone | null {
  const { state } = model
  const { mappings: m } = state
  const i = m.byVa.get(va)
  if (i < 0) return null
  const end = m.end.at(i)
  const base = { va, vm: m.vm.at(i), bo: m.bo.at(i), iova: m.iova.at(i), bytes: m.bytes.at(i), start: m.start.at(i) }
  if (end === Infinity)
    return { ...base, end: null, reason: '', by: '', steps: [], parts: [], answer: `VA ${va} is there.` }
  const reason = m.reason.at(i)
  const steps = guards(model, i, reason, end)
  const parts = reason === Reason.remap ? partsOf(model, i) : []
  const by = m.removedBy.at(i) === 0 ? '' : who(model, m.removedBy.at(i))
  const word = REASONS[reason] ?? 'not told'
  const last = steps.at(-1)?.text ?? ''
  const answer =
    m.traced.at(i) === -1
      ? `VA ${va} went in a loss: why, nobody saw.`
      : `VA ${va} went because of: ${word}${by ? `, by ${by}` : ''}${last ? `. ${last}` : ''}.`
  return { ...base, end, reason: word, by, steps, parts, answer }
}

/** Ids of the mappings that an address belongs to, of one VM or of all, newest first. */
export function mappingsAt(
  { state: { mappings: m } }: SessionModel,
  address: number,
  at: number,
  vm?: number
): number[] {
  const found: number[] = []
  for (let i = m.length - 1; i >= 0; i--) {
    if (m.start.at(i) > at || (vm !== undefined && m.vm.at(i) !== vm)) continue
    if (m.iova.at(i) <= address && address < m.iova.at(i) + m.bytes.at(i)) found.push(i)
  }
  return found.sort((a, b) => m.start.at(b) - m.start.at(a)).map((i) => m.va.at(i))
}

function guards({ state }: SessionModel, i: number, reason: number, end: number): WhyGone['steps'] {
  const { mappings: m, requests } = state
  const bo = state.bos.get(m.bo.at(i))
  const vm = state.vms.get(m.vm.at(i))
  const steps: WhyGone['steps'] = []
  const request = m.request.at(i)
  // one that was forgotten is another's by now
  if (request >= 0 && requests.time.at(request) <= end) {
    const from = requests.iova.at(request)
    const range = `0x${from.toString(16)}..0x${(from + requests.bytes.at(request)).toString(16)}`
    const what =
      requests.map.at(request) === 1
        ? requests.bo.at(request) === 0
          ? 'MAP_NULL'
          : `MAP of BO ${requests.bo.at(request)} at`
        : 'UNMAP'
    const done =
      { [Reason.remap]: ', which covers a part of it', [Reason.replace]: ', which takes its place' }[reason] ?? ''
    steps.push({ time: requests.time.at(request), text: `${what} ${range} was asked for${done}` })
  }
  if (reason === Reason.close || reason === Reason.vmaPut) {
    for (const h of bo?.handles ?? [])
      if (h.closed !== null && h.closed <= end) {
        const waited = h.done ? `, which took ${(h.done.seconds * 1000).toFixed(3)} ms with its wait for fences` : ''
        const task = state.tasks.get(h.task)
        steps.push({
          time: h.closed,
          text: `handle ${h.handle} of ${task ? `${task.comm} ${task.pid}` : 'a process'} was closed${waited}`
        })
      }
    const { fbOps } = state
    for (let n = fbOps.time.length - 1; n >= 0 && fbOps.time.at(n) >= end; n--) {
      const begin = fbOps.time.at(n) - fbOps.seconds.at(n)
      const fb = state.fbs.get(fbOps.fb.at(n))
      if (fbOps.prepare.at(n) === 0 && begin <= end && fb?.planes.includes(m.bo.at(i)))
        steps.push({ time: begin, text: `framebuffer ${fb.id} left the screen and was cleaned up` })
    }
    if (reason === Reason.vmaPut)
      steps.push({ time: end, text: 'vma_ref fell to 0: no handle, no dma-buf and no prepared framebuffer is left' })
  }
  if (reason === Reason.vmClose && vm?.closed != null)
    steps.push({ time: vm.closed, text: `the file of VM ${vm.id} was closed` })
  if (reason === Reason.purge && bo?.purged != null)
    steps.push({ time: bo.purged, text: `BO ${bo.id} was purged: user space had said that it does not need it` })
  if (reason === Reason.free && bo?.destroyed != null)
    steps.push({ time: bo.destroyed, text: `the last reference of BO ${bo.id} went` })
  return steps.sort((a, b) => a.time - b.time)
}

/** The parts of a mapping come this soon after its end, seconds. */
const SPLIT = 0.1

/** The mappings that began as this one was split, inside of it. */
function partsOf({ state: { mappings: m } }: SessionModel, whole: number): number[] {
  const [from, to] = [m.iova.at(whole), m.iova.at(whole) + m.bytes.at(whole)]
  const split = m.end.at(whole)
  const parts: number[] = []
  for (let i = m.ordered ? whole + 1 : 0; i < m.length; i++) {
    if (m.start.at(i) < split || m.start.at(i) > split + SPLIT) continue
    if (m.vm.at(i) !== m.vm.at(whole) || m.bo.at(i) !== m.bo.at(whole)) continue
    if (m.iova.at(i) < from || m.iova.at(i) + m.bytes.at(i) > to) continue
    if (m.bo.at(i) === 0 || m.offset.at(i) - m.iova.at(i) === m.offset.at(whole) - from) parts.push(i)
  }
  parts.sort((a, b) => m.start.at(a) - m.start.at(b))
  return parts.slice(0, 2).map((i) => m.va.at(i))
}

function who({ state }: SessionModel, task: number): string {
  const t = state.tasks.get(task)
  return t ? `${t.comm} ${t.pid}` : 'somebody before tracing'
}
