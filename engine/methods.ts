import type { EngineApi } from './api'

/** The requests of the contract, by name: what a window can ask for, and all that the engine answers. */
export const METHODS = {
  listBoards: true,
  listSessions: true,
  preflight: true,
  start: true,
  runScenario: true,
  cancelRun: true,
  annotations: true,
  annotate: true,
  deleteSession: true,
  stop: true,
  open: true,
  save: true,
  close: true,
  report: true,
  reportPage: true,
  view: true,
  mappings: true,
  bo: true,
  addresses: true,
  objects: true,
  graph: true,
  search: true,
  whyAlive: true,
  whyGone: true,
  findings: true,
  compare: true,
  answer: true,
  stopBoard: true
} satisfies Record<keyof EngineApi, true>
