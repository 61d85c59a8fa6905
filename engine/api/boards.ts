/** Boards, what they can do, and what is run on them. */
import type { Problem, ScenarioProgress } from './session'

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

/** A question that only the user can answer. */
export interface Question {
  id: number
  kind: 'host-key-new' | 'host-key-changed' | 'password' | 'passphrase'
  title: string
  /** Fingerprint, host, what would be written where. */
  detail: string
}
