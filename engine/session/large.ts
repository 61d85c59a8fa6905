import type { BoDetail, Mark, Problem, View, ViewRequest, WhyGone } from '../api'
import type { Checker } from '../check/checker'
import { formatBytes, formatCount, quantityText } from '../format'
import type { Overview } from '../model/overview-read'
import type { SessionModel } from '../model/session'
import { liveAt } from '../query/live'
import { cancelled, EXIT, systemReason, VascopeError } from '../problem'
import { marksOf } from '../query/marks'
import { countsAt, overviewView, type Overviewed } from '../query/overview/view'
import { presetExtents } from '../query/space'
import { view } from '../query/view'
import { gapsOf, type Lost } from '../store/loss'
import { SessionReader, type Damage } from '../store/reader'
import { Judging } from './judging'
import { Moments } from './moment'
import { OverviewSet } from './overviews'
import { boOf, goneOf, withEnds, type Piece } from './pieces'

/** Sessions of more events are browsed by their overviews: whole, they would take more than some 300 MB and several seconds. */
export const LARGE_EVENTS = 5e6
/** A window of no more events is read, in about half a second. */
const EXACT_EVENTS = 1 << 19
/** The cells of so many overviews are read for an answer; those of more are there a moment later. */
const CELLS_AT_ONCE = 24
/** Of memory for each event where a session is read whole. */
const WHOLE_BYTES = 60
/** At most so many milliseconds of work are done between two turns of the event loop. */
const TURN_MS = 15

/** How many events a file has. Throws VascopeError where there is none. */
function eventsOf(file: string): number {
  const reader = new SessionReader(file)
  try {
    return reader.glance().events
  } finally {
    reader.close()
  }
}

/** Whether a file is to be browsed that way. Throws VascopeError where there is none. */
export function isLarge(file: string, limit = LARGE_EVENTS): boolean {
  return eventsOf(file) > limit
}

/** Refuses what would read a large session whole. Throws VascopeError that names the command which does. */
export function refuseLarge(files: readonly string[], limit: number, what: string, command: string): void {
  for (const file of files) {
    const events = eventsOf(file)
    if (events > limit) throw tooLarge(file, events, what, command)
  }
}

function tooLarge(file: string, events: number, what: string, command: string): VascopeError {
  return new VascopeError(
    'session-large',
    `${what} needs a session whole, and ${file} has ${formatCount(events)} events.`,
    `\`${command}\` reads it whole, with about ${quantityText(formatBytes(events * WHOLE_BYTES))} of memory.`,
    EXIT.usage
  )
}

/** Who is told of what is done in the background. */
interface Hears {
  /** The same question has a better answer. */
  refined(): void
  /** It could not be read. */
  failed(error: VascopeError): void
}

/**
 * A session file that is browsed without reading it whole. A window is answered at once from overviews; one of few events is read in the
 * background, and `refined` is called when the same question has a better answer. Memory is bounded: overviews, one stretch of at most
 * EXACT_EVENTS, and the state at the end and at the cursor.
 */
export class LargeSession implements Overviewed {
  marks: readonly Mark[] = []
  readonly places: Overviewed['places'] = [new WeakMap(), new WeakMap()]
  /** Of the view that is being answered. */
  cursor: SessionModel | null = null
  /** Known once `verify` has run to its end. */
  verified = false
  private part: Piece | null = null
  private moment: { time: number; model: SessionModel } | null = null
  private wanted: { part: { from: number; to: number } | null; cursor: number | null } = { part: null, cursor: null }
  private working: Promise<void> | null = null
  /** Overviews whose cells would answer better, and how many are still read at once. */
  private lacking: Overview[] = []
  private room = 0
  private reading: { from: number; to: number } | null = null
  private readonly judging: Judging
  private readonly found: Mark[] = []
  private stopped = false
  /** Those who read the file: it is closed behind the last. */
  private readers = 0
  /** States that are being read, by their time: whoever asks for one of them waits for the same. */
  private readonly coming = new Map<number, Promise<SessionModel>>()

  private constructor(
    readonly file: string,
    private readonly reader: SessionReader,
    private readonly moments: Moments,
    readonly ending: SessionModel,
    private readonly set: OverviewSet,
    private readonly hears: Hears
  ) {
    this.judging = new Judging(file)
    for (const { fromNs, toNs, events } of gapsOf(reader.index())) this.lose(fromNs, toNs, events)
    this.mark()
  }

  /**
   * Opens a file. Fast where it was recorded with overviews; else they are made first, at about a million events/s, and kept in the user's
   * cache. Throws VascopeError, and once `signal` is aborted.
   */
  static async open(
    file: string,
    options: Hears & { progress?: (share: number) => void; signal?: AbortSignal }
  ): Promise<LargeSession> {
    const reader = new SessionReader(file)
    try {
      const moments = new Moments(reader)
      const wanted = (): void => options.signal?.throwIfAborted()
      const ending = await inTurns(moments.steps(moments.end), wanted)
      const set = await inTurns(OverviewSet.load(reader, moments, ending), wanted, options.progress)
      presetExtents(ending, set.extents(ending.state.pageSize))
      return new LargeSession(file, reader, moments, ending, set, options)
    } catch (error) {
      reader.close()
      throw error
    }
  }

  get head(): SessionReader['head'] {
    return this.reader.head
  }

  get bytes(): number {
    return this.reader.bytes
  }

  get complete(): boolean {
    return this.reader.complete
  }

  /** As far as it is known yet. */
  get damage(): Damage[] {
    return this.reader.damage
  }

  /** Known once all of it was verified. */
  get lost(): Lost {
    return this.reader.lost()
  }

  /** What the file's notes say, known once it was verified: the commands that run the same again, one a line. */
  get command(): string {
    const runs = this.reader.notes.filter((note) => note.kind === 'run').map((note) => note.text)
    return [this.head.command, ...runs].join('\n')
  }

  /** What is different about a session that is not read whole, for a person to know; `damage` in words comes first. */
  problem(damage = ''): Problem {
    const whole = `${formatCount(this.reader.index().events)} events`
    return {
      code: damage ? 'file-damaged' : 'session-large',
      message: damage ? `${this.file} is damaged or was cut off.` : `This session has ${whole} and is not read whole.`,
      remedy:
        `${damage && `${damage} `}Mappings are drawn one by one in windows of up to ${formatCount(EXACT_EVENTS)} events; objects and searches are those of ` +
        'the cursor’s time. `vascope find`, `vascope events` and `vascope state` search all of it.'
    }
  }

  /** Why something is not to be had for it, and the command that has it. */
  refusal(what: string, command: string): VascopeError {
    return tooLarge(this.file, this.reader.index().events, what, command)
  }

  judge(signal?: AbortSignal): Promise<Checker> {
    return this.judging.inTurns(signal)
  }

  /** Ends all work in the background; who waits for some gets `cancelled`. */
  close(): void {
    if (this.stopped) return
    this.stopped = true
    if (this.readers === 0) this.reader.close()
  }

  /** Keeps the file open while it is read. */
  private async whileOpen<T>(read: () => Promise<T>): Promise<T> {
    this.mustBeOpen()
    this.readers++
    try {
      return await read()
    } finally {
      if (--this.readers === 0 && this.stopped) this.reader.close()
    }
  }

  private mustBeOpen(): void {
    if (this.stopped) throw cancelled()
  }

  overviews(from: number, to: number): Overview[] {
    return this.set.within(from, to)
  }

  cells(overview: Overview): ReturnType<OverviewSet['cells']> {
    if (this.set.has(overview) || this.room-- > 0) return this.set.cells(overview)
    this.lacking.push(overview)
    return null
  }

  /** What a window shows; `coarse` while a better answer is on its way, or where it has too many events for one. */
  view(request: ViewRequest): View {
    const time = Math.min(this.ending.end, request.cursor ?? this.ending.end)
    const state = this.stateAt(time)
    const { part } = this
    this.room = CELLS_AT_ONCE
    this.lacking = []
    const exact = part && part.from <= request.from && part.to >= Math.min(request.to, this.ending.end)
    if (!exact || request.only === 'charts') {
      this.cursor = state
      const answer = overviewView(this, request)
      if (request.only !== 'charts') this.want(request, state ? null : time)
      return { ...answer, coarse: true }
    }
    const answer = this.exact(part, request, state, time)
    this.want(request, state ? null : time)
    return answer
  }

  /** The state at a time; read in turns where it is not there. Throws `cancelled` once the session is closed. */
  async at(time: number | null): Promise<SessionModel> {
    const at = Math.min(this.ending.end, time ?? this.ending.end)
    const known = this.stateAt(at)
    if (known) return known
    let coming = this.coming.get(at)
    if (!coming) {
      coming = this.readState(at).finally(() => this.coming.delete(at))
      this.coming.set(at, coming)
    }
    return coming
  }

  private async readState(time: number): Promise<SessionModel> {
    const model = await this.whileOpen(() => inTurns(this.moments.steps(time), () => this.mustBeOpen()))
    this.moment = { time, model }
    return model
  }

  /** All that is known of a BO from what was read: the window's stretch, the cursor's moment, the end. null where none has it. */
  bo(id: number): BoDetail | null {
    return boOf(this.pieces, this.ending, id)
  }

  /** Why a mapping went, by the same. */
  gone(va: number): WhyGone | null {
    return goneOf(this.pieces, this.ending, va)
  }

  private get pieces(): Piece[] {
    const { part, moment, ending } = this
    const at = (time: number, model: SessionModel): Piece => ({ from: time, to: time, model })
    return [...(part ? [part] : []), ...(moment ? [at(moment.time, moment.model)] : []), at(ending.end, ending)]
  }

  /** Waits until nothing is read in the background. */
  async settled(): Promise<void> {
    while (this.working) await this.working
  }

  /** Reads every chunk once, to know what is damaged; others have their turn meanwhile. */
  async verify(signal: AbortSignal): Promise<void> {
    const before = this.reader.damage.length
    await this.whileOpen(() =>
      inTurns(this.reader.verify(), () => {
        signal.throwIfAborted()
        this.mustBeOpen()
      })
    )
    this.verified = true
    if (this.reader.damage.length > before)
      for (const { fromNs, toNs, events } of this.lost.spans) this.lose(fromNs, toNs, events ?? 0)
    for (const { kind, text, timeNs } of this.reader.notes)
      if (kind !== 'run' && kind !== 'annotations') {
        const time = this.seconds(Number(timeNs))
        this.found.push({ time, until: time, kind: 'note', text: text ?? '' })
      }
    this.mark()
  }

  private seconds(ns: number): number {
    return (ns - this.ending.boardNs(0)) / 1e9
  }

  private lose(fromNs: number, toNs: number, events: number): void {
    const [time, until] = [Math.max(0, this.seconds(fromNs)), this.seconds(toNs)]
    this.found.push({ time, until, kind: 'loss', text: `${events || 'some'} events are lost with a part of the file` })
  }

  private mark(): void {
    const scenarios = marksOf(this.ending, 0, this.ending.end).filter(({ kind }) => kind === 'scenario')
    this.marks = [...this.set.marks, ...this.found, ...scenarios].sort((a, b) => a.time - b.time)
  }

  private stateAt(time: number): SessionModel | null {
    if (time >= this.ending.end) return this.ending
    const { part, moment } = this
    if (time === moment?.time) return moment.model
    return part && part.from <= time && part.to >= time ? part.model : null
  }

  private exact(part: Piece, request: ViewRequest, state: SessionModel | null, time: number): View {
    const answer = view(part.model, { ...request, cursor: Math.min(Math.max(time, part.from), part.to) })
    const live = state ? liveAt(state, time) : countsAt(this, time)
    const vms = answer.vms.map((group) => {
      const { mappings = 0, bytes = 0, vmBos = 0 } = live.byVm.get(group.vm) ?? {}
      const { destroyed } = this.ending.state.vms.get(group.vm) ?? group
      return { ...group, mappings, bytes, vmBos, destroyed }
    })
    const { from, to } = request
    const own = answer.marks.filter(({ kind }) => kind === 'eviction')
    const marks = [...this.marks.filter(({ kind }) => kind !== 'eviction' || own.length === 0), ...own]
    const rects =
      part.to < this.ending.end ? withEnds(answer.rects, part, this.ending, state && { time, model: state }) : {}
    return {
      ...answer,
      request,
      vms,
      rects: { ...answer.rects, ...rects },
      end: this.ending.end,
      marks: marks.filter((mark) => mark.until >= from && mark.time <= to),
      cursor: {
        ...answer.cursor,
        ...(part.from <= time && part.to >= time ? {} : { maps: null, unmaps: null, flipInterval: null }),
        ...{ time, liveBytes: live.bytes, liveMappings: live.indices.length }
      },
      coarse: state === null
    }
  }

  /** Notes what would answer better, and begins with it. */
  private want({ from, to }: ViewRequest, cursor: number | null): void {
    const until = Math.min(to, this.ending.end)
    const known = [this.part, this.reading].some((part) => part && part.from <= from && part.to >= until)
    const room = (to - from) / 2
    const wider = { from: from - room, to: to + room }
    const window = this.events(wider) <= EXACT_EVENTS ? wider : { from, to }
    this.wanted = { part: !known && this.events(window) <= EXACT_EVENTS ? window : null, cursor }
    if (this.working || this.stopped || !(this.wanted.part || cursor !== null || this.lacking.length > 0)) return
    this.working = this.whileOpen(() => this.work())
      .catch((error: unknown) => this.trouble(error))
      .finally(() => (this.working = null))
  }

  private events({ from, to }: { from: number; to: number }): number {
    const [first, last] = [this.ending.boardNs(from), this.ending.boardNs(to)]
    let n = 0
    for (const { firstNs, lastNs, events } of this.reader.index().chunks)
      if (lastNs >= first && firstNs <= last) n += events
    return n
  }

  private async work(): Promise<void> {
    while (!this.stopped && (this.wanted.part || this.wanted.cursor !== null || this.lacking.length > 0)) {
      await inTurns(this.lack(), () => !this.stopped)
      const { part, cursor } = this.wanted
      this.wanted = { part: null, cursor: null }
      if (cursor !== null && !this.stateAt(cursor)) await this.at(cursor)
      if (part && !this.stopped) await this.read(part)
      // another window was asked for meanwhile: this one is of no use to anybody
      if (!this.wanted.part && this.wanted.cursor === null && !this.stopped) this.hears.refined()
    }
  }

  /** Nothing is tried again until a window asks for it. */
  private trouble(error: unknown): void {
    this.wanted = { part: null, cursor: null }
    this.lacking = []
    if (this.stopped) return
    this.hears.failed(
      error instanceof VascopeError
        ? error
        : new VascopeError(
            'file-read',
            `A part of ${this.file} cannot be read: ${systemReason(error)}.`,
            'The overview is shown. Check the disk that the file is on, and open it again.',
            EXIT.file,
            { cause: error }
          )
    )
  }

  private *lack(): Generator<void> {
    for (const overview of this.lacking.splice(0)) {
      this.set.cells(overview)
      yield
    }
  }

  private async read({ from, to }: { from: number; to: number }): Promise<void> {
    const steps = this.moments.stretch(from, to)
    this.reading = { from, to }
    const model = await inTurns(steps, () => !this.stopped && !this.wanted.part).finally(() => (this.reading = null))
    if (!model) return
    const { vms } = this.ending.state
    for (const vm of model.state.vms.values())
      for (const { bucket, rows } of vms.get(vm.id)?.rows.layout() ?? []) vm.rows.widen(bucket, rows)
    presetExtents(model, this.set.extents(model.state.pageSize))
    this.part = { from: Math.max(0, from), to: Math.max(to, from), model }
    if (from <= 0) this.part.from = -Infinity
  }
}

/**
 * Runs steps, with a turn for others now and then. `wanted` is asked before each, as much may have happened in another's turn: it throws, or
 * where it answers false, null is the result. `told` hears what each step answered.
 */
async function inTurns<T, R>(steps: Generator<T, R>, wanted: () => boolean): Promise<R | null>
async function inTurns<T, R>(steps: Generator<T, R>, wanted: () => void, told?: (value: T) => void): Promise<R>
async function inTurns<T, R>(
  steps: Generator<T, R>,
  wanted: () => boolean | void,
  told?: (value: T) => void
): Promise<R | null> {
  for (let turn = performance.now(); ;) {
    if (wanted() === false) return null
    const { done, value } = steps.next()
    if (done) return value
    told?.(value)
    if (performance.now() - turn < TURN_MS) continue
    await new Promise((resolve) => setImmediate(resolve))
    turn = performance.now()
  }
}
