/**
 * What the engine offers to a window: requests, the events it sends on its own, and the shapes of both.
 * Types only, so that the renderer may import it. The engine answers over a MessagePort (engine/serve.ts); everything here is
 * structured-cloneable, times are seconds since the session's start (float64) unless a name says otherwise, sizes are bytes.
 */

export type Policy = 'hard' | 'weak' | 'handle-counted' | 'unknown'

/** violation: an invariant is broken. retention: memory that is kept, by design or not. suspicion: not explained. gap: the tracer's own. */
export type Severity = 'violation' | 'retention' | 'suspicion' | 'gap'

export interface FindingObject {
  kind: 'vm' | 'bo' | 'vm_bo' | 'va' | 'fb' | 'job' | 'process'
  id: number
  label: string
}

/** What the checker found. docs/policies.md has a paragraph for each rule. */
export interface Finding {
  /** "S2" */
  rule: string
  severity: Severity
  time: number
  objects: FindingObject[]
  /** One sentence. */
  what: string
  evidence: Record<string, number | string>
  /** The same finding has the same key in every reading of a session. */
  key: string
}

/** A rule of the checker, and how it fared in this session. */
export interface FindingRule {
  id: string
  title: string
  /** What holds, one sentence. */
  text: string
  severity: Severity
  checked: boolean
  /** Why it was not checked; empty where it was. */
  reason: string
  /** All findings of it, also those that are not kept. */
  hits: number
}

export interface FindingPage {
  /** Of all findings, by severity and together; `findings` has the first of them. */
  counts: Record<Severity, number>
  total: number
  findings: Finding[]
  rules: FindingRule[]
}

/** A place where vascoped can run. `id` is what `--board` takes: "virtual", "virtual:NAME", or an SSH target. */
export interface Board {
  id: string
  kind: 'virtual' | 'ssh'
  title: string
  /** "root@10.0.0.7 by way of labgate", or what the virtual board is. */
  detail: string
  /** Virtual boards only: what the kernel-managed VMs of its kernel do. */
  rule?: string
  /** Virtual boards only. */
  state?: 'running' | 'stopped'
  /** Where it was added by form. */
  own?: OwnBoard
}

/** A board that was added by form: what a Host section of ssh_config says. Empty or null: as ssh has it by default. */
export interface OwnBoard {
  name: string
  host: string
  port: number | null
  user: string
  identityFile: string
  jump: string
}

export interface CheckResult {
  id: string
  /** "Link", "Kernel", "Tracing", "Scenarios" */
  group: string
  title: string
  state: 'ok' | 'limited' | 'failed' | 'running' | 'waiting'
  detail: string
  /** What to do, empty when ok. May hold one command in backticks. */
  remedy: string
}

export interface ScenarioParameter {
  name: string
  description: string
  unit: string
  minimum: number
  maximum: number
  default: number
}

export interface ScenarioDescription {
  id: string
  description: string
  parameters: ScenarioParameter[]
  destructive: boolean
  /** Why it cannot run on this board, empty when it can. */
  needs: string
}

export interface ScenarioRun {
  id: string
  seed: number
  parameters: Record<string, number>
}

/** A run of this session: one that waits, is done now, or was done. */
export interface RunStatus extends ScenarioRun {
  /** Its number in the session, from 1. */
  run: number
  state: 'queued' | ScenarioProgress['state']
  done: number
  total: number
  /** What the scenario said last. */
  text: string
  /** Session time; null before it began or ended. */
  started: number | null
  ended: number | null
}

/** How a board fares that runs the same as another at the same time. */
export interface BoardRun {
  board: string
  /** One line of what is being done; empty while it records. */
  activity: string
  progress: number | null
  over: boolean
  runs: {
    id: string
    state: RunStatus['state'] | 'timed-out' | 'rebooted' | 'not-run'
    done: number
    total: number
    text: string
  }[]
  /** Of the session; null before it began. */
  figures: { seconds: number; events: number; liveMappings: number; liveBytes: number } | null
  /** Where it was recorded, once it is over; empty where nothing was. After a reboot of the board: until then. */
  file: string
  problem: Problem | null
  /** What befell the board: reboots, scenarios that it cannot run. */
  told: string[]
}

export interface StartRequest {
  board: string
  /** Run one after another; none: only watch. */
  scenarios: ScenarioRun[]
  /** Where the session file goes; without it the engine chooses a name in the sessions folder. */
  file?: string
}

/** What went wrong, said once and well. */
export interface Problem {
  code: string
  /** What happened, and which object. */
  message: string
  /** What to do next. */
  remedy: string
}

export type Phase =
  | 'idle'
  | 'starting-board'
  | 'connecting'
  | 'deploying'
  | 'attaching'
  | 'live'
  | 'stopping'
  | 'ended'
  | 'opened'
  | 'failed'

export interface SessionState {
  phase: Phase
  /** One line of what is being done, for phases that take time. */
  activity: string
  /** 0..1, or null where unknown. */
  progress: number | null
  board: string
  title: string
  file: string
  /** Set when phase is 'failed', or when a session ended with something lost. */
  problem: Problem | null
  facts: SessionFacts | null
  scenario: ScenarioProgress | null
}

/** How the kernel is seen, best first: docs/kernel.md. */
export type TraceLevelName = 'bpf' | 'kprobes' | 'debugfs' | 'none'

export interface SessionFacts {
  kernel: string
  driver: string
  gpu: string
  model: string
  /** True for the virtual board: nothing is rendered. */
  emulated: boolean
  traceLevel: TraceLevelName
  /** The level in words, how many of how many probes attached, and why not a better level. */
  tracing: string
  scenarios: ScenarioDescription[]
}

export interface ScenarioProgress {
  id: string
  state: 'started' | 'running' | 'done' | 'failed' | 'cancelled' | 'refused'
  done: number
  total: number
  text: string
}

/** Sent a few times a second while a session is live; every number is for the header, the fact bar and the gutters. */
export interface Pulse {
  /** Newest time the engine has seen. */
  now: number
  events: number
  eventsPerSecond: number
  bytesPerSecond: number
  dropped: number
  queueFraction: number
  /** Kernel event to the engine, 95th percentile over the last seconds; null before any. */
  latencyMs: number | null
  /** The same, median. */
  latencyP50Ms?: number | null
  fileBytes: number
  vms: number
  liveMappings: number
  liveBytes: number
}

/** What a view shows: a window of time and its width in pixels. */
export interface ViewRequest {
  from: number
  to: number
  /** Pixels of the lanes' drawing area. */
  width: number
  /** The time for which `cursorValues` and the table are wanted; null: the newest. */
  cursor: number | null
  /** What the rows of a density are: 'address' cells of View's extents (engine/space.ts), else the rows of `rects`. */
  axis?: 'lanes' | 'address'
  /**
   * The window is moved to end at the newest time, and `View.stamp` is wanted; `View.request` says where it came to. The answer waits a
   * little for an event that no view has had yet.
   */
  follow?: boolean
  /** Charts and marks are enough: of all else there is nothing in the answer. */
  only?: 'charts'
}

export interface VmGroup {
  vm: number
  name: string
  policy: Policy
  /** How the policy is known: "managed VM, msm 6.17 and later", "flag DRM_GPUVM_VA_WEAK_REF". */
  policySource: string
  mode: 'kernel-managed' | 'vm-bind' | 'unknown'
  pid: number
  comm: string
  created: number
  /** null while it lives. */
  destroyed: number | null
  /** At the cursor. */
  mappings: number
  bytes: number
  vmBos: number
  /** Rows that its mappings need, by packing (rects.row). */
  rows: number
  /** The VA axis: used segments in ascending order, holes between them hidden. */
  segments: { iova: number; bytes: number; row: number; rows: number }[]
  hiddenBytes: number
  /** The addresses it used until now, ascending, without the holes between them. */
  extents: { iova: number; bytes: number }[]
}

/**
 * Mappings that touch the window, as parallel arrays; `rows` of one VM never hold two mappings that overlap in time.
 * Where a VM has more than the engine's limit, the rest is in `density` and `rectsCut` is true for that VM.
 */
export interface Rects {
  /** Index into View.vms. */
  group: Uint16Array
  row: Uint16Array
  va: Float64Array
  bo: Float64Array
  /** Bytes. */
  iova: Float64Array
  bytes: Float64Array
  offset: Float64Array
  /** Seconds; end is Infinity while it lives. */
  start: Float64Array
  end: Float64Array
  /** 0 ended, 1 live, 2 pending (VM_BIND job not done), 3 evicted; at the newest time. */
  state: Uint8Array
  /** When its page tables were written, seconds; NaN where that was not seen. */
  written?: Float64Array
}

export interface Density {
  group: number
  columns: number
  rows: number
  /** Of the VM's rows so many share one here, and each segment begins a new one; 1 where left out. Not for rows of addresses. */
  per?: number
  /** Mappings per cell, row after row. */
  counts: Uint16Array
}

export interface Charts {
  /** Seconds between bins; bin i covers from + i * step. */
  step: number
  from: number
  /** Per second. NaN where it was not seen (loss, before tracing). */
  maps: Float32Array
  unmaps: Float32Array
  mappedBytesPerSecond: Float32Array
  /** At the end of the bin. */
  liveBytes: Float32Array
  flips: Float32Array
  /** Seconds between flips, one entry per flip in the window. */
  flipTimes: Float64Array
  flipIntervals: Float32Array
}

export interface Mark {
  time: number
  /** Same as time for a moment; later for loss, a scenario's run, and the time a BO was evicted. */
  until: number
  /** gap: a snapshot did not agree with the events. */
  kind: 'snapshot' | 'loss' | 'scenario' | 'note' | 'gap' | 'fault' | 'eviction'
  text: string
  /** Of a fault: the address. */
  iova?: number
}

/** Jobs, submits and flips as spans; queued is when waiting began. */
export interface Spans {
  queued: Float64Array
  start: Float64Array
  end: Float64Array
  id: Float64Array
  /** Of VM_BIND jobs: whose they are, 0 where that was not seen. */
  vm?: Float64Array
}

export interface MappingRow {
  va: number
  vm: number
  vmName: string
  iova: number
  bytes: number
  bo: number
  boName: string
  offset: number
  vmBo: number
  policy: Policy | 'none'
  /** Seconds at the cursor. */
  age: number
  state: 'live' | 'pending' | 'evicted'
}

export interface CursorValues {
  time: number
  maps: number | null
  unmaps: number | null
  liveBytes: number | null
  flipInterval: number | null
  liveMappings: number
}

export interface View {
  request: ViewRequest
  /** Extent of the session. */
  begin: number
  end: number
  vms: VmGroup[]
  rects: Rects
  rectsCut: boolean[]
  density: Density[]
  charts: Charts
  marks: Mark[]
  jobs: Spans
  submits: Spans
  /** Commits: begin to end; flips as charts.flipTimes. */
  commits: Spans
  cursor: CursorValues
  /** Of a view that follows a live session: how old, in ms, the oldest event was that no view before had, at Date.now() `sent`. */
  stamp?: { ageMs: number; sent: number } | null
  /**
   * It was answered without the events: mappings are not told apart, and figures at the cursor are those of a moment before. Where the
   * window has few events enough, they are read meanwhile; a pulse tells that the same question has a better answer.
   */
  coarse?: boolean
}

export interface MappingQuery {
  cursor: number | null
  /** Text: an iova (by containment), a BO number or a part of its name. */
  search: string
  policies: Policy[]
  sort: 'vm' | 'iova' | 'bytes' | 'bo' | 'name' | 'offset' | 'age' | 'state'
  descending: boolean
  first: number
  count: number
}

export interface MappingPage {
  total: number
  first: number
  rows: MappingRow[]
}

export interface BoDetail {
  bo: number
  name: string
  bytes: number
  flags: string
  created: number | null
  createdBy: string
  destroyed: number | null
  handles: { handle: number; pid: number; comm: string; opened: number; closed: number | null }[]
  refcount: { value: number; sampledAt: number } | null
  mappings: {
    vm: number
    vmName: string
    va: number
    iova: number
    bytes: number
    policy: Policy
    start: number
    end: number | null
  }[]
  framebuffers: { fb: number; created: number; destroyed: number | null }[]
}

/** One that keeps a BO alive, or says that it uses it. Times are seconds. */
export interface Holder {
  kind: 'handle' | 'vm_bo' | 'dma-buf' | 'framebuffer' | 'pin' | 'job' | 'submit'
  id: number
  /** One line: who. */
  who: string
  since: number | null
  /** References that it is known to have; 0 where it has none of its own, or nobody can tell. */
  references: number
  /** Of a vm_bo: what its VM's policy makes of the edge to the BO, and how that is known. */
  policy?: Policy
  policySource?: string
  mappings?: number
}

export interface WhyAlive {
  bo: number
  name: string
  bytes: number
  at: number
  state: 'alive' | 'destroyed' | 'not made yet' | 'never seen'
  created: number | null
  destroyed: number | null
  holders: Holder[]
  /** References of the known holders together. */
  explained: number
  /** The newest sample until then; null where there is none. */
  refcount: { value: number; sampledAt: number } | null
  /** Since when only mappings keep it; null where others do, or it was otherwise at that time. */
  retainedSince: number | null
  /** One sentence. */
  answer: string
}

export interface WhyGone {
  va: number
  vm: number
  bo: number
  iova: number
  bytes: number
  start: number
  end: number | null
  /** The tracer's word for why. */
  reason: string
  /** Who did it; empty where that was not seen. */
  by: string
  /** What had to come before it, in order. */
  steps: { time: number; text: string }[]
  /** Mappings that go on with parts of it. */
  parts: number[]
  answer: string
}

/** A question that only the user can answer. */
export interface Question {
  id: number
  kind: 'host-key-new' | 'host-key-changed' | 'password' | 'passphrase'
  title: string
  /** Fingerprint, host, what would be written where. */
  detail: string
}

export interface RecentSession {
  file: string
  title: string
  board: string
  kernel: string
  started: number
  seconds: number
  events: number
  bytes: number
  tags: string[]
  note: string
  /** Live mappings over the session's length at even distances, as shares of the most there were; empty where the index does not tell. */
  activity: number[]
}

/** What people wrote to a session. It is kept in the session's file. */
export interface Annotations {
  tags: string[]
  note: string
  /** Why a finding is known, by its key. */
  known: Record<string, string>
}

/** A window of the addresses of one VM, at one time (null: the newest). */
export interface AddressQuery {
  vm: number
  at: number | null
  from: number
  to: number
  /** Pixels of the strip. */
  width: number
}

/** A mapping in an address space. */
export interface AddressRange {
  va: number
  /** 0: a sparse range (MAP_NULL). */
  bo: number
  boName: string
  iova: number
  bytes: number
  offset: number
  start: number
  state: 'live' | 'pending' | 'evicted'
  /** Another mapping of the VM shows the same bytes of the BO. */
  alias: boolean
}

/** Bytes, addresses and seconds. */
export interface AddressSpace {
  vm: number
  name: string
  time: number
  /** What the kernel manages; size 0 where it was not seen. */
  base: number
  size: number
  policy: Policy
  /** From the first mapping to the end of the last. */
  begin: number
  end: number
  mappings: number
  used: { bytes: number; sparse: number; aliased: number }
  /** Between the first and the last mapping. */
  holes: { count: number; bytes: number; largest: { iova: number; bytes: number } }
  /** Mappings in the window; `ranges` has them in ascending order, or none where they are too many. */
  total: number
  ranges: AddressRange[]
  /** Where they are too many: the share of each pixel that is mapped. */
  coverage: Float32Array | null
  /** All used addresses, without the wide holes (engine/space.ts). */
  extents: { iova: number; bytes: number }[]
}

/** Objects of one kind: what there was at a time, or also what had ended by then. */
export interface ObjectQuery {
  kind: 'vm' | 'vm_bo' | 'bo' | 'fb'
  /** Session time; null: the newest. */
  at: number | null
  /** With those that had ended. */
  ended: boolean
  /** A number ("41", "BO 41", "VM 3"), or a part of a name or an owner. */
  search: string
  sort: 'id' | 'name' | 'owner' | 'bytes' | 'vm' | 'bo' | 'mappings' | 'vmBos' | 'handles' | 'began' | 'ended'
  descending: boolean
  first: number
  count: number
}

/** Fields that its kind does not have, and what was not seen, are null, 0 for ids, or empty. Counts are those of the time asked for. */
export interface ObjectRow {
  kind: ObjectQuery['kind']
  id: number
  name: string
  /** The process that made it, or the VM of a vm_bo. */
  owner: string
  bytes: number | null
  vm: number
  bo: number
  policy: Policy | 'none'
  mappings: number | null
  vmBos: number | null
  handles: number | null
  /** Seconds; null: before tracing, or not seen. */
  began: number | null
  /** null while it lives. */
  ended: number | null
}

export interface ObjectPage {
  total: number
  first: number
  rows: ObjectRow[]
}

/** A BO and all around it that holds or uses it, in columns: VMs, vm_bos, the BO, and who else. */
export interface GraphNode {
  key: string
  kind: 'vm' | 'bo' | Holder['kind']
  id: number
  title: string
  detail: string
  since: number | null
  column: 0 | 1 | 2 | 3
}

export interface GraphEdge {
  from: string
  to: string
  /** none: it holds nothing. */
  policy: Policy | 'none'
  text: string
}

export interface ObjectGraph {
  nodes: GraphNode[]
  edges: GraphEdge[]
  /** Neighbours that are not in it. */
  more: number
  at: number
  state: WhyAlive['state']
  answer: string
}

/** An object that was searched for. */
export interface SearchHit {
  kind: 'bo' | 'vm' | 'va' | 'finding'
  /** The object's number; of a finding its key. As in links (engine/link.ts). */
  id: string
  title: string
  detail: string
  /** When it was, in seconds: from null where its begin was not seen, to null while it lives. */
  from: number | null
  to: number | null
}

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

/** Requests; each is answered once, or rejected with a Problem. */
export interface EngineApi {
  listBoards(): Promise<Board[]>
  listSessions(): Promise<RecentSession[]>
  /** What would be written for a board, and where; rejected with what is wrong with a field. */
  boardBlock(board: OwnBoard, before: string | null): Promise<{ text: string; file: string }>
  /** Adds a board, or changes the one that was called `before`. Nothing but Vascope's own file is written to. */
  saveBoard(board: OwnBoard, before: string | null): Promise<void>
  removeBoard(name: string): Promise<void>
  /** Connects, looks, and leaves again. Results also arrive one by one as 'preflight' events. */
  preflight(board: string): Promise<{ checks: CheckResult[]; scenarios: ScenarioDescription[] }>
  start(request: StartRequest): Promise<void>
  /** Runs the same on several boards at the same time, each recorded by itself; answers when all are over. `stop` ends it. */
  runOnBoards(boards: string[], scenarios: ScenarioRun[]): Promise<BoardRun[]>
  runScenario(run: ScenarioRun): Promise<void>
  /** Ends a run of the live session, or takes it out of the queue, by its number. */
  cancelRun(run: number): Promise<void>
  /** Those of a session file; of the session that is shown where none is named. */
  annotations(file?: string): Promise<Annotations>
  /** Changes some of them, and answers all. Those of a live session are written when it has ended. */
  annotate(change: Partial<Annotations>, file?: string): Promise<Annotations>
  /** Removes a session of the sessions folder from the disk. */
  deleteSession(file: string): Promise<void>
  /** Ends tracing in order; the file is complete when it answers. */
  stop(): Promise<void>
  open(file: string): Promise<void>
  /** Copies the session's file; it is on disk all the time. */
  save(file: string): Promise<void>
  close(): Promise<void>
  /** Writes the report and answers its path. `sections`: their ids, all where left out. */
  report(file: string, format?: 'html' | 'md' | 'json', sections?: string[]): Promise<{ file: string; bytes: number }>
  /** The report as a page that needs nothing else, and the sections that there are. */
  reportPage(sections?: string[]): Promise<{
    html: string
    sections: { id: string; title: string }[]
    /** Of the session, as ISO 8601. */ started: string
  }>
  view(request: ViewRequest): Promise<View>
  mappings(query: MappingQuery): Promise<MappingPage>
  bo(bo: number): Promise<BoDetail | null>
  /** The address space of a VM at a time; null where there was no such VM. */
  addresses(query: AddressQuery): Promise<AddressSpace | null>
  objects(query: ObjectQuery): Promise<ObjectPage>
  /** What is around a BO at a time, in seconds; null where it was never seen. */
  graph(bo: number, at: number): Promise<ObjectGraph | null>
  /** Objects by number, name, address (`0x…`) or rule; `at` is the time whose mappings come first, null the newest. */
  search(text: string, at: number | null): Promise<SearchHit[]>
  /** Who keeps a BO alive at a time, in seconds. */
  whyAlive(bo: number, at: number): Promise<WhyAlive>
  /** Why a mapping went, by its VA id; null where there never was one. */
  whyGone(va: number): Promise<WhyGone | null>
  /** What the checker found until now, and every rule. */
  findings(): Promise<FindingPage>
  /** Two sides of session files, one or more runs each; nothing of the session that is open. Reads them whole: seconds for large ones. */
  compare(a: string[], b: string[]): Promise<Comparison>
  /** Of the first runs of the last comparison: what both did in a stretch of each. null where nothing was compared. */
  compareStretch(
    stretch: CompareStretch
  ): Promise<{ a: CompareLanes; b: CompareLanes; lifetimes: CompareLifetimes } | null>
  /** The same BO on both sides, by its number on one; null where that was never mapped. */
  compareObject(side: 'a' | 'b', bo: number): Promise<CompareObject | null>
  answer(id: number, answer: string | null): Promise<void>
  stopBoard(board: string): Promise<void>
  /** Starts a virtual board without a session, building its image if need be; progress comes as session states, `stop` cancels. */
  startBoard(board: string): Promise<void>
  /** The ends of what a virtual board wrote to its console, and of what building images said; empty where there is none. */
  boardLog(board: string): Promise<{ console: string; build: string }>
}

/** What the engine says without being asked. */
export interface EngineEvents {
  session: SessionState
  /** All runs of the session, in their order, whenever one of them changed. */
  runs: RunStatus[]
  /** All boards of `runOnBoards`, in their order, a few times a second. */
  boardRuns: BoardRun[]
  pulse: Pulse
  preflight: { board: string; check: CheckResult }
  question: Question
  /** The question is void (answered elsewhere, or the connection went). */
  questionGone: { id: number }
}
