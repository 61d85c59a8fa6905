import type { CompareMeasure } from '../api'
import { REASONS } from '../model/state'
import type { Quantiles } from '../stats/distribution'
import type { Statistics, VmStatistics } from '../stats/statistics'
import { stepKey } from './identity'
import type { Run } from './run'

/** A figure of one run with what it is; the value null: not seen. */
export type Figure = Pick<CompareMeasure, 'id' | 'label' | 'group' | 'unit' | 'kind' | 'better'> & {
  value: number | null
}

/** Kinds whose number depends on how long things took. */
const TIMED = new Set(['vblank', 'vblank-sent', 'commit-wait', 'throttle', 'prealloc-cleanup', 'purge-vmaps', 'shrink'])

type Shape = Omit<Figure, 'id' | 'label' | 'value'>
const fact = (group: Figure['group'], unit: Figure['unit'] = 'count', better: Figure['better'] = 'neither'): Shape => ({
  ...{ group, unit, better, kind: 'fact' }
})
const timing = (group: Figure['group'], unit: Figure['unit'], better: Figure['better']): Shape => ({
  ...{ group, unit, better, kind: 'timing' }
})

/** Every figure of a run, by its id. docs/compare.md lists the ids. */
export function figuresOf(run: Run): Map<string, Figure> {
  const all = new Map<string, Figure>()
  const add = (id: string, label: string, shape: Shape, value: number | null): void =>
    void all.set(id, { id, label, ...shape, value })
  const { statistics: s, page } = run
  for (const [severity, n] of Object.entries(page.counts))
    add(`findings.${severity}`, `findings: ${severity}`, fact('findings', 'count', 'less'), n)
  for (const { id, title, hits, checked } of page.rules)
    add(`findings.${id}`, `${id}, ${title}`, fact('findings', 'count', 'less'), checked ? hits : null)
  for (const reason of REASONS)
    add(
      `teardown.${slug(reason)}`,
      `mappings torn down: ${reason}`,
      fact('teardown'),
      s.teardown && (s.teardown[reason] ?? 0)
    )
  for (const [kind, n] of Object.entries(run.events))
    add(`events.${kind}`, `events: ${kind}`, TIMED.has(kind) ? timing('events', 'count', 'neither') : fact('events'), n)
  objects(add, s)
  latencies(add, s)
  for (const vm of s.vms) ofVm(add, run.vmKeys.get(vm.id)!, vm)
  s.steps.forEach((step, i) => {
    const name = stepKey(i, step.scenario)
    const id = (what: string): string => `step[${name}].${what}`
    add(id('seconds'), `${name}: time`, timing('steps', 's', 'less'), step.seconds)
    add(id('inserts'), `${name}: mappings made`, fact('steps'), s.objects.mappings === null ? null : step.inserts)
    add(id('removes'), `${name}: mappings removed`, fact('steps'), s.teardown === null ? null : step.removes)
    add(id('flips'), `${name}: flips`, fact('steps'), s.flips.count === null ? null : step.flips)
    add(id('mapped_peak_bytes'), `${name}: mapped at most`, fact('steps', 'bytes'), step.mappedPeakBytes)
    add(id('retained_peak_bytes'), `${name}: retained at most`, fact('steps', 'bytes', 'less'), step.retainedPeakBytes)
  })
  return all
}

type Add = (id: string, label: string, shape: Shape, value: number | null) => void

function objects(add: Add, { objects: o, bytes: b, rates: r, churn, vmBind, flips }: Statistics): void {
  add('objects.vms', 'VMs', fact('objects'), o.vms)
  add('objects.bos', 'BOs made', fact('objects'), o.bos)
  add('objects.vm_bos', 'vm_bos made', fact('objects'), o.vmBos)
  add('objects.mappings', 'mappings made', fact('objects'), o.mappings)
  add('objects.framebuffers', 'framebuffers made', fact('objects'), o.framebuffers)
  add('mapped_bytes', 'bytes mapped in all', fact('bytes', 'bytes'), b.mapped)
  add('mapped_peak_bytes', 'mapped at most', fact('bytes', 'bytes'), b.mappedPeak)
  add('mapped_live_bytes', 'mapped at the end', fact('bytes', 'bytes'), b.mappedLive)
  add('retained_bytes', 'retained at the end', fact('bytes', 'bytes', 'less'), b.retainedLive)
  add('retained_peak_bytes', 'retained at most', fact('bytes', 'bytes', 'less'), b.retainedPeak)
  add('churn.made_again', 'mappings made again as before', fact('churn', 'count', 'less'), churn && churn.madeAgain)
  add(
    'churn.made_again_bytes',
    'bytes mapped again as before',
    fact('churn', 'bytes', 'less'),
    churn && churn.madeAgainBytes
  )
  add(
    'churn.identical_requests',
    'MAP of what is mapped so already',
    fact('churn', 'count', 'less'),
    churn && churn.identicalRequests
  )
  add('vm_bind.operations', 'VM_BIND operations', fact('objects'), vmBind.operations)
  add('vm_bind.failed', 'VM_BIND ioctls that failed', fact('objects', 'count', 'less'), vmBind.failed)
  add('flip.count', 'flips', fact('objects'), flips.count)
  add(
    'flip.mappings',
    'mappings made in the display’s VM for each flip',
    fact('churn', 'count', 'less'),
    flips.mappingsPerFlip
  )
  add(
    'flip.page_table_ops',
    'page-table operations for each flip',
    fact('churn', 'count', 'less'),
    flips.pageTableOperationsPerFlip
  )
  const ops =
    r.insertsPerSecond === null || r.removesPerSecond === null ? null : r.insertsPerSecond + r.removesPerSecond
  add('throughput.map_ops_per_s', 'inserts and removes per second', timing('throughput', 'per_s', 'more'), ops)
  add(
    'throughput.mapped_bytes_per_s',
    'bytes mapped per second',
    timing('throughput', 'bytes_per_s', 'more'),
    r.mappedBytesPerSecond
  )
  add('throughput.flips_per_s', 'flips per second', timing('throughput', 'per_s', 'more'), r.flipsPerSecond)
}

function latencies(add: Add, { vmBind, flips, lifetimes }: Statistics): void {
  const quantiles = (id: string, label: string, shape: Shape, q: Quantiles | null): void => {
    add(`${id}.p50_s`, `${label}, p50`, shape, q && q.p50Seconds)
    add(`${id}.p90_s`, `${label}, p90`, shape, q && q.p90Seconds)
    add(`${id}.p99_s`, `${label}, p99`, shape, q && q.p99Seconds)
    add(`${id}.max_s`, `${label}, longest`, shape, q && q.maxSeconds)
  }
  const latency = timing('latency', 's', 'less')
  quantiles('vm_bind.ioctl', 'VM_BIND ioctl', latency, vmBind.ioctl)
  quantiles('vm_bind.queue', 'VM_BIND queued to run', latency, vmBind.queue)
  quantiles('vm_bind.run', 'VM_BIND run', latency, vmBind.run)
  quantiles('vm_bind.done', 'VM_BIND run to done', latency, vmBind.done)
  quantiles('vm_bind.whole', 'VM_BIND queued to done', latency, vmBind.whole)
  quantiles('flip.commit_to_flip', 'commit to flip', latency, flips.commitToFlip)
  quantiles('flip.commit', 'commit', latency, flips.commit)
  quantiles('flip.map', 'FB prepare (map)', latency, flips.map)
  quantiles('flip.unmap', 'FB cleanup (unmap)', latency, flips.unmap)
  const life = timing('lifetimes', 's', 'neither')
  quantiles('lifetime.mappings', 'lifetime of mappings', life, lifetimes.mappings)
  quantiles('lifetime.vm_bos', 'lifetime of vm_bos', life, lifetimes.vmBos)
  quantiles('lifetime.bos', 'lifetime of BOs', life, lifetimes.bos)
}

function ofVm(add: Add, key: string, vm: VmStatistics): void {
  const id = (what: string): string => `vm[${key}].${what}`
  add(id('mappings'), `${key}: mappings made`, fact('vm'), vm.mappingsMade)
  add(id('peak_bytes'), `${key}: mapped at most`, fact('vm', 'bytes'), vm.peakMappedBytes)
  add(id('live_bytes'), `${key}: mapped at the end`, fact('vm', 'bytes'), vm.mappedBytesLive)
  add(
    id('lifetime_p50_s'),
    `${key}: lifetime of mappings, p50`,
    timing('lifetimes', 's', 'neither'),
    vm.lifetimes && vm.lifetimes.p50Seconds
  )
  const held = vm.withoutHandle
  add(id('outlived'), `${key}: mappings that outlive the handle`, fact('vm', 'count', 'less'), held && held.outlived)
  add(
    id('without_handle_peak_bytes'),
    `${key}: mapped without a handle at most`,
    fact('vm', 'bytes', 'less'),
    held && held.peakBytes
  )
  add(
    id('references_at_vm_bo_create'),
    `${key}: references of a BO as its vm_bo is made, median`,
    fact('vm'),
    middle(vm.refcountsAtVmBoCreate)
  )
  const { fullest } = vm.space
  add(id('hole_share'), `${key}: holes of its span`, fact('space', 'share', 'less'), fullest && fullest.holeShare)
  add(id('scatter'), `${key}: how scattered holes are`, fact('space', 'share', 'less'), fullest && fullest.scatter)
}

function middle(counts: Record<string, number> | null): number | null {
  const sorted = Object.entries(counts ?? {}).sort(([a], [b]) => Number(a) - Number(b))
  let left = sorted.reduce((n, [, count]) => n + count, 0) / 2
  for (const [value, count] of sorted) if ((left -= count) <= 0) return Number(value)
  return null
}

/** "BO free" as "bo_free". */
function slug(text: string): string {
  return text.toLowerCase().replace(/\W+/g, '_')
}
