import type { CompareFate, CompareLanes, CompareLifetimes, CompareObject, CompareStretch } from '../api'
import type { SessionModel } from '../model/session'
import { view } from '../query/view'
import { percentile } from '../stats/lifetimes'
import type { BoCourse, WholeRun } from './run'

/** Two runs to be looked at side by side. */
export interface Pair {
  a: WholeRun
  b: WholeRun
}

/** Bins of a power of ten. */
const PER_DECADE = 4

/** What both did in a stretch of each: lanes with the keys by which their VMs are the same, and how long mappings lived. */
export function stretchOf(
  { a, b }: Pair,
  stretch: CompareStretch
): { a: CompareLanes; b: CompareLanes; lifetimes: CompareLifetimes } {
  const { width, vm } = stretch
  return {
    a: lanes(a, stretch.a, width),
    b: lanes(b, stretch.b, width),
    lifetimes: lifetimesOf(begunIn(a, stretch.a, vm), begunIn(b, stretch.b, vm))
  }
}

function lanes({ model, vmKeys }: WholeRun, { from, to }: { from: number; to: number }, width: number): CompareLanes {
  const { request, end, vms, rects, density } = view(model, { from, to, width, cursor: to })
  return { request, end, vms, rects, density, keys: vms.map(({ vm }) => vmKeys.get(vm) ?? `VM ${vm}`) }
}

interface Begun {
  /** Ascending, seconds. */
  ended: number[]
  open: number
}

/** Mappings that began in a stretch. One that is older than tracing began nobody knows when. */
function begunIn({ model, vmKeys }: WholeRun, { from, to }: { from: number; to: number }, vm: string | null): Begun {
  const { mappings: m } = model.state
  const ended: number[] = []
  let open = 0
  for (let i = 0; i < m.length; i++) {
    const start = m.start.at(i)
    if (start < from || start > to || m.traced.at(i) !== 1) continue
    if (vm !== null && vmKeys.get(m.vm.at(i)) !== vm) continue
    const end = m.end.at(i)
    if (end === Infinity) open++
    else ended.push(Math.max(0, end - start))
  }
  return { ended: ended.sort((x, y) => x - y), open }
}

/** Both in the same bins, quarters of a decade, from the shortest to the longest of either. */
function lifetimesOf(a: Begun, b: Begun): CompareLifetimes {
  const binOf = (seconds: number): number => Math.floor(PER_DECADE * Math.log10(Math.max(1e-9, seconds)))
  const all = [a, b].flatMap(({ ended }) => (ended.length > 0 ? [binOf(ended[0]!), binOf(ended.at(-1)!)] : []))
  const open: [number, number] = [a.open, b.open]
  const p50: [number | null, number | null] = [percentile(a.ended, 0.5), percentile(b.ended, 0.5)]
  if (all.length === 0) return { edges: [], counts: [[], []], open, p50 }
  const first = Math.min(...all)
  const bins = Math.max(...all) - first + 1
  const count = ({ ended }: Begun): number[] => {
    const counts = new Array<number>(bins).fill(0)
    for (const seconds of ended) counts[binOf(seconds) - first]!++
    return counts
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => 10 ** ((first + i) / PER_DECADE))
  return { edges, counts: [count(a), count(b)], open, p50 }
}

/** The same BO on both sides, by its number on one. null where that is no BO, or was never mapped. */
export function objectOf(pair: Pair, side: 'a' | 'b', bo: number): CompareObject | null {
  const key = pair[side].boKeys.get(bo)
  if (key === undefined) return null
  const [a, b] = [numberOf(pair.a, key), numberOf(pair.b, key)]
  const [inA, inB] = [fatesOf(pair.a, key), fatesOf(pair.b, key)]
  const bytes = (side === 'a' ? pair.a : pair.b).model.state.bos.get(bo)?.bytes ?? null
  return {
    ...{ key, a, b, bytes },
    vms: [...new Set([...inA.keys(), ...inB.keys()])].map((vm) => ({
      vm,
      a: inA.get(vm) ?? null,
      b: inB.get(vm) ?? null
    }))
  }
}

function numberOf({ boKeys }: WholeRun, key: string): number | null {
  for (const [id, known] of boKeys) if (known === key) return id
  return null
}

function fatesOf(run: WholeRun, key: string): Map<string, CompareFate> {
  const fates = new Map<string, CompareFate>()
  for (const course of run.courses.values())
    if (course.bo === key) fates.set(course.vm, fate(course, mappedSeconds(run, course)))
  return fates
}

function fate({ references, mappings, teardown, outlives }: BoCourse, mapped: number): CompareFate {
  return { references, mappings, teardown, outlives, mappedSeconds: mapped }
}

function mappedSeconds(
  { model, vmKeys }: { model: SessionModel; vmKeys: Map<number, string> },
  course: BoCourse
): number {
  const { mappings: m } = model.state
  let seconds = 0
  for (let i = 0; i < m.length; i++)
    if (m.bo.at(i) === course.id && vmKeys.get(m.vm.at(i)) === course.vm)
      seconds += Math.min(m.end.at(i), model.end) - m.start.at(i)
  return seconds
}
