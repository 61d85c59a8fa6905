/** The session that is shown, and those that were recorded. */
import type { ScenarioDescription } from './boards'

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
