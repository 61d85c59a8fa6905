/**
 * What the engine offers to a window: requests, the events it sends on its own, and the shapes of both.
 * Types only, so that the renderer may import it. The engine answers over a MessagePort (engine/serve.ts); everything here is
 * structured-cloneable, times are seconds since the session's start (float64) unless a name says otherwise, sizes are bytes.
 */
import type {
  Board,
  BoardRun,
  CheckResult,
  OwnBoard,
  Question,
  RunStatus,
  ScenarioDescription,
  ScenarioRun,
  StartRequest
} from './api/boards'
import type { CompareLanes, CompareLifetimes, CompareObject, CompareStretch, Comparison } from './api/compare'
import type { FindingPage } from './api/findings'
import type {
  AddressQuery,
  AddressSpace,
  BoDetail,
  ObjectGraph,
  ObjectPage,
  ObjectQuery,
  SearchHit,
  WhyAlive,
  WhyGone
} from './api/objects'
import type { Annotations, Pulse, RecentSession, SessionState } from './api/session'
import type { MappingPage, MappingQuery, View, ViewRequest } from './api/view'

export type * from './api/boards'
export type * from './api/compare'
export type * from './api/findings'
export type * from './api/objects'
export type * from './api/session'
export type * from './api/view'

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
