/** Two sides of sessions. */
import type { Policy } from './findings'
import type { View } from './view'

/** What a measure of a comparison is worth. none: no difference, or one within the noise. unknown: nothing can be said, and `reason` why. */
export type CompareVerdict = 'differs' | 'none' | 'unknown'

/** One run of a side. */
export interface CompareRun {
  file: string
  title: string
  board: string
  kernel: string
  seconds: number
  events: number
  /** Events were lost, or the file is damaged or was cut off: facts of this run are not compared. */
  lossy: boolean
  damaged: boolean
}

/** The course of a run at a resolution of at most 512 values; value i is the most between i and i + 1 steps from the session's start. */
export interface CompareCourse {
  stepSeconds: number
  values: Float32Array
}

/** A or B: runs of the same thing. */
export interface CompareSide {
  /** What tells it from the other side: "weakref". */
  label: string
  runs: CompareRun[]
  /** Of the first run: bytes that only mappings kept alive, and bytes mapped. */
  retained: CompareCourse
  mapped: CompareCourse
}

/** A figure of both sides. */
export interface CompareMeasure {
  /** What gate rules call it: "vm_bind.ioctl.p50_s", "vm[mdp_kms].mappings". */
  id: string
  label: string
  group:
    | 'policy'
    | 'findings'
    | 'teardown'
    | 'vm'
    | 'objects'
    | 'bytes'
    | 'churn'
    | 'latency'
    | 'throughput'
    | 'lifetimes'
    | 'space'
    | 'steps'
    | 'events'
  unit: 'count' | 'bytes' | 's' | 'per_s' | 'bytes_per_s' | 'share'
  /** fact: the same whenever the same is run on the same kernel. timing: differs from run to run. */
  kind: 'fact' | 'timing'
  better: 'less' | 'more' | 'neither'
  /** Medians of the runs; null: not seen on that side. */
  a: number | null
  b: number | null
  /** Of each run, in order. */
  valuesA: (number | null)[]
  valuesB: (number | null)[]
  /** b − a, and that by |a|; null where one is not seen, or a is 0. */
  change: number | null
  relative: number | null
  /** Where the change is with 95 % confidence; null with fewer than four runs on a side. */
  interval: [number, number] | null
  verdict: CompareVerdict
  /** How the verdict is known, a few words. */
  reason: string
  /** B has so much at least: what was lost, or is not known, may add to it. */
  atLeast?: boolean
  /** Measures are sorted by it, greatest first; 0: no difference. */
  weight: number
}

/** A VM of both sides, matched by its owner and the order in which that made its VMs, or by its name. Figures are of the first runs. */
export interface CompareVm {
  key: string
  a: CompareVmSide | null
  b: CompareVmSide | null
  /** Both sides know it, and no side has losses. */
  policyChanged: boolean
}

export interface CompareVmSide {
  id: number
  name: string
  mode: 'kernel-managed' | 'vm-bind' | 'unknown'
  policy: Policy
  mappings: number | null
  lifetimeP50: number | null
  peakBytes: number
  /** Most bytes mapped of BOs that had no handle any more. */
  withoutHandlePeakBytes: number | null
}

/** BOs whose mappings in a VM fared otherwise, or that only one side has. A BO is matched by its owner and the order of creation there. */
export interface CompareObjects {
  vm: string
  what: 'references' | 'teardown' | 'mappings' | 'outlives' | 'only-a' | 'only-b'
  /** What holds on each side: "3 references"; empty where the side has none of them. */
  a: string
  b: string
  /** One sentence. */
  text: string
  /** BOs that it is so for, and the first of them. */
  count: number
  examples: { key: string; a: number | null; b: number | null }[]
}

/** A step (scenario) of both sides, in seconds of the first run; null where a side has it not. */
export interface CompareStep {
  key: string
  a: { from: number; to: number } | null
  b: { from: number; to: number } | null
}

/** Two sides compared; `vascope diff --json` prints the same (docs/compare.md, docs/schema/compare.schema.json). */
export interface Comparison {
  sides: [CompareSide, CompareSide]
  /** Facts of the set-up: what both have in common, and what not. */
  same: { name: string; value: string }[]
  differs: { name: string; a: string; b: string }[]
  steps: CompareStep[]
  vms: CompareVm[]
  objects: CompareObjects[]
  /** All measures, the weightiest first. */
  measures: CompareMeasure[]
}

/** A stretch of both sides of a comparison, of each in its own time. */
export interface CompareStretch {
  a: { from: number; to: number }
  b: { from: number; to: number }
  /** Pixels of the lanes' drawing area. */
  width: number
  /** The VM whose lifetimes are wanted, by its key; null: of all. */
  vm: string | null
}

/** The lanes of one side, as View has them. `keys`: of `vms`, in their order; the same key is the same VM on the other side. */
export type CompareLanes = Pick<View, 'request' | 'end' | 'vms' | 'rects' | 'density'> & { keys: string[] }

/** How long mappings lived that began in a stretch and ended while traced. */
export interface CompareLifetimes {
  /** Seconds, ascending: bin i is from edges[i] to edges[i + 1]; of A first. */
  edges: number[]
  counts: [number[], number[]]
  /** Began in the stretch, and live on or ended unseen. */
  open: [number, number]
  /** null where none ended. */
  p50: [number | null, number | null]
}

/** What became of a BO in one VM. */
export interface CompareFate {
  /** As its vm_bo was made; null: not seen. */
  references: number | null
  mappings: number
  /** Of all its mappings there, one after another, seconds. */
  mappedSeconds: number
  /** "vma_put and unmap" */
  teardown: string
  outlives: boolean
}

/** A BO of one side and the same of the other, by owner and order of creation. */
export interface CompareObject {
  key: string
  /** Their numbers; null where a side has it not. */
  a: number | null
  b: number | null
  bytes: number | null
  vms: { vm: string; a: CompareFate | null; b: CompareFate | null }[]
}
