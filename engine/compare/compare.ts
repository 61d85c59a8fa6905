import type { CompareMeasure, CompareSide, CompareStep, CompareVm, CompareVmSide, Comparison, Policy } from '../api'
import { EXIT, VascopeError } from '../problem'
import { stepKey } from './identity'
import { figuresOf, type Figure } from './measures'
import { judge, median } from './noise'
import { compareObjects, incomparable } from './objects'
import type { Pair } from './pair'
import { readRun, readWholeRun, type Run } from './run'

/** What a difference of each group counts for; within a group the relative change decides. */
const WEIGHT: Record<CompareMeasure['group'], number> = {
  policy: 100,
  findings: 50,
  teardown: 20,
  vm: 16,
  churn: 12,
  objects: 10,
  bytes: 10,
  latency: 6,
  throughput: 6,
  lifetimes: 4,
  steps: 3,
  space: 2,
  events: 1
}
/** Of a difference whose noise is not known. */
const UNSURE = 0.05

/**
 * Compares two sides of session files, each one or more runs of the same thing. Answers what is structured-cloneable: measures with
 * their noise, VMs with their policies, BOs that fared otherwise, the steps and the courses of memory. Throws as openRecording does.
 */
export function compareFiles(a: readonly string[], b: readonly string[]): Comparison {
  refuseEmpty(a, b)
  return compareRuns(a.map(readRun), b.map(readRun))
}

/** The same, with what is needed to look at the first runs of both sides object by object. */
export function comparePair(a: readonly string[], b: readonly string[]): { comparison: Comparison; pair: Pair } {
  refuseEmpty(a, b)
  const [[firstA, ...moreA], [firstB, ...moreB]] = [a, b]
  const pair = { a: readWholeRun(firstA!), b: readWholeRun(firstB!) }
  return { pair, comparison: compareRuns([pair.a, ...moreA.map(readRun)], [pair.b, ...moreB.map(readRun)]) }
}

function refuseEmpty(a: readonly string[], b: readonly string[]): void {
  if (a.length === 0 || b.length === 0)
    throw new VascopeError(
      'compare-sides',
      'A comparison needs a session on each side.',
      'Give one file for each side, or several with --base and --with.',
      EXIT.usage
    )
}

/** The same of runs that were read. At least one on each side. */
export function compareRuns(a: readonly Run[], b: readonly Run[]): Comparison {
  const lossy = [...a, ...b].some((run) => run.lossy)
  const { vms, unknown } = compareVms(a, b, lossy)
  const policies = vms.filter((vm) => vm.policyChanged).length
  const unseen = incomparable(a, b)
  const objects = unseen === null ? compareObjects(a, b) : []
  const others = objects.reduce((n, group) => n + group.count, 0)
  const measures = [
    count('policy_changes', 'VMs whose policy changed', 'policy', policies, policiesUnseen(unknown, lossy)),
    count('object_changes', 'changes in what became of BOs', 'objects', others, unseen),
    ...compareMeasures(a, b)
  ]
  measures.sort((x, y) => y.weight - x.weight || (x.id < y.id ? -1 : 1))
  const [labelA, labelB] = labels(a, b)
  return {
    sides: [side(a, labelA), side(b, labelB)],
    ...facts(a, b),
    steps: compareSteps(a[0]!, b[0]!),
    vms,
    objects,
    measures
  }
}

function compareMeasures(a: readonly Run[], b: readonly Run[]): CompareMeasure[] {
  const [ofA, ofB] = [a.map(figuresOf), b.map(figuresOf)]
  const known = new Map<string, Figure>()
  for (const figures of [...ofA, ...ofB]) for (const [id, figure] of figures) if (!known.has(id)) known.set(id, figure)
  const lossy = { a: a.some((run) => run.lossy), b: b.some((run) => run.lossy) }
  return [...known.values()].map((figure) => {
    const values = (of: Map<string, Figure>[]): (number | null)[] => of.map((m) => m.get(figure.id)?.value ?? null)
    return measure(figure, values(ofA), values(ofB), lossy)
  })
}

function measure(
  { id, label, group, unit, kind, better }: Figure,
  valuesA: (number | null)[],
  valuesB: (number | null)[],
  lossy: { a: boolean; b: boolean }
): CompareMeasure {
  const [seenA, seenB] = [valuesA, valuesB].map((values) => values.filter((v) => v !== null)) as [number[], number[]]
  const [a, b] = [median(seenA), median(seenB)]
  const change = a === null || b === null ? null : b - a
  const relative = change === null || a === 0 ? null : change / Math.abs(a!)
  const unseen = unseenIn(valuesA, valuesB)
  const judged = unseen === null ? verdictOf(kind, seenA, seenB, lossy) : unknown(unseen)
  const size = change === null || change === 0 ? 0 : Math.abs(change) / Math.max(Math.abs(a!), Math.abs(b!))
  const sure = judged.verdict === 'differs' ? 1 : judged.verdict === 'unknown' ? UNSURE : 0
  const weight = WEIGHT[group] * size * sure
  return { id, label, group, unit, kind, better, a, b, valuesA, valuesB, change, relative, ...judged, weight }
}

type Judged = Pick<CompareMeasure, 'verdict' | 'reason' | 'interval' | 'atLeast'>

function unknown(reason: string): Judged {
  return { verdict: 'unknown', reason, interval: null }
}

/** Where a measure was not seen; null: in every run of both sides. What some runs say does not hold for those that say nothing. */
function unseenIn(valuesA: readonly (number | null)[], valuesB: readonly (number | null)[]): string | null {
  const sides = (
    [
      ['A', valuesA],
      ['B', valuesB]
    ] as const
  ).map(([name, values]) => {
    const n = values.filter((value) => value === null).length
    return { name, n, all: n === values.length }
  })
  if (sides.every(({ all }) => all)) return 'not seen'
  const texts = sides
    .filter(({ n }) => n > 0)
    .map(({ name, n, all }) => (all ? name : `${n} run${n === 1 ? '' : 's'} of ${name}`))
  return texts.length > 0 ? `not seen in ${texts.join(' and ')}` : null
}

function verdictOf(
  kind: Figure['kind'],
  a: readonly number[],
  b: readonly number[],
  lossy: { a: boolean; b: boolean }
): Judged {
  if (kind === 'timing') return judge(a, b)
  if (lossy.a || lossy.b)
    return {
      ...unknown(`events were lost in ${[lossy.a && 'A', lossy.b && 'B'].filter(Boolean).join(' and ')}`),
      ...(lossy.b ? { atLeast: true } : {})
    }
  // what is the same in each run of a side is compared exactly; else it has noise after all
  if (new Set(a).size > 1 || new Set(b).size > 1) return judge(a, b)
  return a[0] === b[0]
    ? { verdict: 'none', reason: 'equal', interval: null }
    : { verdict: 'differs', reason: 'compared exactly', interval: null }
}

/**
 * A count of changes, as a measure for gates: A has none against itself. `unseen`: why not all could be compared, so that there may be
 * more; null where all were.
 */
function count(
  id: string,
  label: string,
  group: 'policy' | 'objects',
  found: number,
  unseen: string | null
): CompareMeasure {
  const value = unseen === null || found > 0 ? found : null
  return {
    ...{ id, label, group, unit: 'count', kind: 'fact', better: 'less' },
    ...{ a: 0, b: value, valuesA: [0], valuesB: [value], change: value, relative: null, interval: null },
    reason: unseen === null ? 'compared exactly' : value === null ? unseen : `at least so many: ${unseen}`,
    verdict: value === null ? 'unknown' : value > 0 ? 'differs' : 'none',
    ...(unseen === null ? {} : { atLeast: true }),
    weight: value !== null && value > 0 ? WEIGHT[group] : 0
  }
}

/** Why the policies of some VMs could not be compared, which are told by their keys; null where all could. */
function policiesUnseen(unknown: readonly string[], lossy: boolean): string | null {
  if (lossy) return 'not compared after a loss'
  if (unknown.length === 0) return null
  const more = unknown.length > 1 ? ` and of ${unknown.length - 1} more` : ''
  return `not compared where the policy is not known, of ${unknown[0]}${more}`
}

/**
 * The VMs of the first runs, and the keys of those on both sides whose policy a side does not know. A policy has changed only where both
 * sides know it, all runs of a side agree in it, and nothing was lost that could tell one VM from another.
 */
function compareVms(a: readonly Run[], b: readonly Run[], lossy: boolean): { vms: CompareVm[]; unknown: string[] } {
  const [sidesA, sidesB] = [a.map(vmSides), b.map(vmSides)]
  const [ofA, ofB] = [sidesA[0]!, sidesB[0]!]
  const unknown: string[] = []
  const vms = [...new Set([...ofA.keys(), ...ofB.keys()])].map((key) => {
    const [inA, inB] = [ofA.get(key) ?? null, ofB.get(key) ?? null]
    if (!inA || !inB) return { key, a: inA, b: inB, policyChanged: false }
    const [policyA, policyB] = [policyOf(sidesA, key), policyOf(sidesB, key)]
    if (policyA === null || policyB === null) unknown.push(key)
    const policyChanged = !lossy && policyA !== null && policyB !== null && policyA !== policyB
    return { key, a: inA, b: inB, policyChanged }
  })
  return { vms: vms.sort((x, y) => Number(y.policyChanged) - Number(x.policyChanged)), unknown }
}

/** The policy of a VM in all runs of a side that have it; null where it is not known, or they do not agree. */
function policyOf(runs: readonly Map<string, CompareVmSide>[], key: string): Policy | null {
  const policies = new Set(runs.flatMap((run) => run.get(key)?.policy ?? []))
  const [policy] = policies
  return policies.size === 1 && policy !== 'unknown' ? policy! : null
}

function vmSides(run: Run): Map<string, CompareVmSide> {
  return new Map(
    run.statistics.vms.map((vm) => [
      run.vmKeys.get(vm.id)!,
      {
        id: vm.id,
        name: vm.name,
        mode: vm.mode,
        policy: vm.policy as Policy,
        mappings: vm.mappingsMade,
        lifetimeP50: vm.lifetimes?.p50Seconds ?? null,
        peakBytes: vm.peakMappedBytes,
        withoutHandlePeakBytes: vm.withoutHandle?.peakBytes ?? null
      }
    ])
  )
}

function compareSteps(a: Run, b: Run): CompareStep[] {
  const spans = ({ statistics: { steps, seconds } }: Run): Map<string, { from: number; to: number }> =>
    new Map(
      steps.map((s, i) => [
        stepKey(i, s.scenario),
        { from: s.startSeconds, to: s.seconds === null ? seconds : s.startSeconds + s.seconds }
      ])
    )
  const [ofA, ofB] = [spans(a), spans(b)]
  return [...new Set([...ofA.keys(), ...ofB.keys()])].map((key) => ({
    key,
    a: ofA.get(key) ?? null,
    b: ofB.get(key) ?? null
  }))
}

function side(runs: readonly Run[], label: string): CompareSide {
  const { retained, mapped } = runs[0]!
  return {
    label,
    runs: runs.map(({ file, recording: { head, complete, damage }, kernel, statistics, lossy }) => ({
      ...{ file, kernel, lossy, damaged: damage.length > 0 || !complete },
      title: head.title,
      board: head.board,
      seconds: statistics.seconds,
      events: statistics.events
    })),
    retained,
    mapped
  }
}

/** What a side is of, one line for each fact; runs that do not agree are all named. */
function setUp(runs: readonly Run[]): Map<string, string> {
  const lines = runs.map((run) => {
    const { head } = run.recording
    const scenarios = run.statistics.steps.map((s) => `${s.scenario} seed ${s.seed}`).join(', ')
    return new Map([
      ['kernel', run.kernel],
      ['driver', run.driver],
      ['modules', run.modules.join(', ')],
      ['drm_gpuvm_flags', run.vmFlags],
      ['scenarios', scenarios || 'none, only watched'],
      ['board', head.board],
      ['program', head.program],
      // where it was reached says nothing of what it is
      ...Object.entries(head.facts)
        .filter(([name]) => name !== 'host')
        .sort(([x], [y]) => (x < y ? -1 : 1))
    ])
  })
  const names = new Set(lines.flatMap((line) => [...line.keys()]))
  return new Map(
    [...names].map((name) => [name, [...new Set(lines.map((line) => line.get(name) ?? 'not told'))].join(' | ')])
  )
}

function facts(a: readonly Run[], b: readonly Run[]): Pick<Comparison, 'same' | 'differs'> {
  const [ofA, ofB] = [setUp(a), setUp(b)]
  const same: Comparison['same'] = []
  const differs: Comparison['differs'] = []
  for (const name of new Set([...ofA.keys(), ...ofB.keys()])) {
    const [inA, inB] = [ofA.get(name) ?? 'not told', ofB.get(name) ?? 'not told']
    if (inA === inB) same.push({ name, value: inA })
    else differs.push({ name, a: inA, b: inB })
  }
  return { same, differs }
}

/** What tells the sides apart in one word: the board's kernel, else its release, else the file. */
function labels(a: readonly Run[], b: readonly Run[]): [string, string] {
  const told: ((run: Run) => string)[] = [
    (run) => run.recording.head.facts['board.kernel'] ?? '',
    (run) => run.kernel,
    (run) => run.recording.head.board,
    (run) => run.file.replace(/^.*[\\/]/, '').replace(/\.vascope$/, '')
  ]
  for (const of of told) {
    const [inA, inB] = [of(a[0]!), of(b[0]!)]
    if (inA && inB && inA !== inB) return [inA, inB]
  }
  return [a[0]!.file, b[0]!.file]
}
