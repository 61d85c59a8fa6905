import type { Policy } from '../api'
import { formatBytes, formatCount, formatDuration, formatIova, formatOffset, formatTime, quantityText } from '../format'
import type { SessionModel } from '../model/session'
import { view } from '../query/view'
import { lifetimeHistogram } from '../stats/lifetimes'
import type { Summary, VmSummary } from '../stats/summary'
import { cell, type Block, type Column, type Fact, type Section, type TimeChart } from './model'

const LONGEST = 20
/** Points of a chart over time: as many as a page shows apart. */
const POINTS = 480
/** Fewer bins have no shape that the table of lifetimes does not tell. */
const SHAPE = 3

const INFO = 'vascope info FILE --json'

const bytesText = (bytes: number): string => quantityText(formatBytes(bytes))
const secondsText = (seconds: number | null): string => (seconds === null ? '' : quantityText(formatDuration(seconds)))
const left = (id: string, title: string): Column => ({ id, title })
const right = (id: string, title: string): Column => ({ id, title, align: 'right' })

function vmName(vm: VmSummary): string {
  return `VM ${vm.id}${vm.name ? ` ${vm.name}` : ''}${vm.comm ? `, ${vm.comm} ${vm.pid}` : ''}`
}

export function policySection({ vms }: Summary): Section {
  const rows = [...vms]
    .sort((a, b) => a.id - b.id)
    .map((vm) => [
      cell(vm.id, vmName(vm)),
      cell(vm.policy, vm.policy, vm.policy as Policy),
      cell(vm.policySource),
      cell(vm.inserted, formatCount(vm.inserted)),
      cell(vm.liveMappings, formatCount(vm.liveMappings)),
      cell(vm.liveBytes, bytesText(vm.liveBytes))
    ])
  const columns = [
    left('vm', 'VM'),
    left('policy', 'policy'),
    left('source', 'how it is known'),
    right('inserted', 'inserts'),
    right('live', 'live at end'),
    right('bytes', 'bytes')
  ]
  return {
    id: 'policy',
    title: 'Policy of each VM',
    query: `${INFO} | jq .vms`,
    blocks: [{ kind: 'table', id: 'vms', columns, rows }]
  }
}

export function throughputSection(model: SessionModel, s: Summary): Section {
  const fact = (id: string, label: string, value: number | null, text: string, path: string): Fact => ({
    id,
    label,
    value,
    text: value === null ? 'not seen' : text,
    query: `${INFO} | jq ${path}`
  })
  const rate = (value: number | null): string => (value === null ? '' : `${formatCount(value)}/s while active`)
  const facts = [
    fact('va-inserts', 'VA inserts', s.maps, formatCount(s.maps), '.maps'),
    fact('va-inserts-per-second', 'VA inserts per second', s.mapsPerSecond, rate(s.mapsPerSecond), '.mapsPerSecond'),
    fact('va-removes', 'VA removes', s.unmaps, formatCount(s.unmaps), '.unmaps'),
    fact('operations-per-second', 'inserts and removes', s.opsPerSecond, rate(s.opsPerSecond), '.opsPerSecond'),
    fact('bytes-mapped', 'bytes mapped', s.bytesMapped, bytesText(s.bytesMapped), '.bytesMapped'),
    fact(
      'bytes-mapped-per-second',
      'mapped per second',
      s.bytesMappedPerSecond,
      `${bytesText(s.bytesMappedPerSecond ?? 0)}/s while active`,
      '.bytesMappedPerSecond'
    ),
    fact('flips', 'flips', s.flips, formatCount(s.flips), '.flips'),
    // bytes that fdinfo does not count: their handles are closed, and mappings keep them
    fact('retained', 'retained at the end', s.retained.bytes, bytesText(s.retained.bytes), '.retained.bytes')
  ]
  if (s.retained.peak > 0) {
    const text = `${bytesText(s.retained.peak)} at ${formatTime(s.retained.peakAt)}`
    facts.push(fact('retained-peak', 'retained at most', s.retained.peak, text, '.retained.peak'))
  }
  return { id: 'throughput', title: 'Throughput', query: INFO, blocks: [{ kind: 'facts', facts }, ...charts(model, s)] }
}

function charts(model: SessionModel, s: Summary): TimeChart[] {
  const series = view(model, { from: 0, to: Math.max(model.end, 0.1), width: POINTS, cursor: null }).charts
  const chart = (
    id: string,
    title: string,
    values: Float32Array,
    unit: TimeChart['unit'],
    kinds: string
  ): TimeChart => ({
    kind: 'time',
    id,
    title,
    unit,
    from: series.from,
    step: series.step,
    values: [...values].map((v) => (Number.isNaN(v) ? null : Number(v.toPrecision(6)))),
    query: `vascope events FILE --kind ${kinds} --json`
  })
  const charts = [
    chart('inserts', 'VA inserts per second', series.maps, 'count', 'va-insert'),
    chart('removes', 'VA removes per second', series.unmaps, 'count', 'va-remove'),
    chart('mapped', 'Bytes mapped per second', series.mappedBytesPerSecond, 'bytes', 'va-insert'),
    chart('live', 'Live mapped bytes', series.liveBytes, 'bytes', 'va-insert,va-remove')
  ]
  if (s.flips > 0) charts.push(chart('flips', 'Flips per second', series.flips, 'count', 'flip-done'))
  return charts
}

export function lifetimeSection(model: SessionModel, { vms }: Summary): Section {
  const busy = vms.filter((vm) => vm.inserted + vm.liveMappings + vm.lifetimes.unknown > 0)
  const rows = busy.map((vm) => {
    const { ended, unknown, live, min, p50, p95, max } = vm.lifetimes
    return [
      cell(vm.id, vmName(vm)),
      ...[ended, unknown, live].map((n) => cell(n, formatCount(n))),
      ...[min, p50, p95, max].map((seconds) => cell(seconds, secondsText(seconds)))
    ]
  })
  const columns = [
    left('vm', 'VM'),
    right('ended', 'ended'),
    right('unknown', 'ended, age unknown'),
    right('live', 'live'),
    right('min', 'shortest'),
    right('p50', 'median'),
    right('p95', '95 %'),
    right('max', 'longest')
  ]
  const charts = busy
    .filter((vm) => vm.lifetimes.ended > 0)
    .map((vm) => ({
      kind: 'lifetimes' as const,
      id: `lifetimes-vm-${vm.id}`,
      title: `${vmName(vm)}: ended lifetimes`,
      policy: vm.policy as Policy,
      bins: lifetimeHistogram(model, vm.id),
      query: `vascope events FILE --kind va-insert,va-remove --vm ${vm.id} --json`
    }))
    .filter(({ bins }) => bins.length >= SHAPE)
  const blocks: Block[] = [{ kind: 'table', id: 'lifetimes', columns, rows }, ...charts]
  return { id: 'lifetimes', title: 'Lifetimes', query: `${INFO} | jq ".vms[].lifetimes"`, blocks }
}

export function longestSection(model: SessionModel): Section {
  const { mappings: m, vms, bos } = model.state
  const age = (i: number): number => Math.min(m.end.at(i), model.end) - m.start.at(i)
  const order = longest(m.length, age, LONGEST)
  const rows = order.map((i) => {
    const bo = m.bo.at(i)
    const traced = m.traced.at(i) !== 0
    const alive = m.end.at(i) === Infinity
    return [
      cell(m.vm.at(i), `VM ${m.vm.at(i)} ${vms.get(m.vm.at(i))?.name ?? ''}`.trim()),
      cell(m.iova.at(i), formatIova(m.iova.at(i))),
      cell(m.bytes.at(i), bytesText(m.bytes.at(i))),
      cell(bo === 0 ? null : bo, bo === 0 ? 'MAP_NULL' : `BO ${bo} ${bos.get(bo)?.name ?? ''}`.trim()),
      cell(m.offset.at(i), formatOffset(m.offset.at(i))),
      traced ? cell(m.start.at(i), formatTime(m.start.at(i))) : cell(null, 'before tracing'),
      alive ? cell(null, 'alive') : cell(m.end.at(i), formatTime(m.end.at(i))),
      cell(age(i), `${traced ? '' : 'over '}${secondsText(age(i))}`)
    ]
  })
  const columns: Column[] = [
    left('vm', 'VM'),
    { ...left('iova', 'iova'), mono: true },
    right('range', 'range'),
    left('bo', 'BO'),
    { ...right('offset', 'offset'), mono: true },
    right('from', 'from'),
    right('to', 'to'),
    right('lifetime', 'lifetime')
  ]
  return {
    id: 'longest',
    title: 'Longest-lived mappings',
    query: 'vascope events FILE --kind va-insert,va-remove --json',
    blocks: [{ kind: 'table', id: 'longest', columns, rows }]
  }
}

/** The `count` indices with the greatest age, the lower first among equals; one pass over all, however many there are. */
function longest(length: number, age: (i: number) => number, count: number): number[] {
  const best: number[] = []
  for (let i = 0; i < length; i++) {
    if (best.length === count && age(best[count - 1]!) >= age(i)) continue
    let at = best.length
    while (at > 0 && age(best[at - 1]!) < age(i)) at--
    best.splice(at, 0, i)
    if (best.length > count) best.pop()
  }
  return best
}
