import { encodeImage } from '../model/image'
import { restoreImage } from '../model/restore'
import { SessionModel } from '../model/session'
import { EXIT, VascopeError } from '../problem'
import { gapsOf } from '../store/loss'
import type { SessionReader } from '../store/reader'
import type { IndexEntry } from '../store/session-index'
import { WireError } from '../wire/varint'
import { KeyframeCache } from './keyframe-cache'
import { keyframeAfter, PASSING, Trimmer } from './recorder'

/** A file without keyframes gets them first where more events than these lie before the moment. */
const REPLAY_LIMIT = 1 << 18

/** Answers what a session was like at any time, from the nearest keyframe and the events since; the reader stays the caller's. */
export class Moments {
  /** Events that were needed and are lost. */
  lost = 0
  private cache: KeyframeCache | null = null

  constructor(
    private readonly reader: SessionReader,
    private readonly replayLimit = REPLAY_LIMIT
  ) {}

  /**
   * The model as it was at a time in seconds: what lives then, what ended shortly before; not what ended long before it, and no rates.
   * Throws VascopeError where the file does not say what its events mean.
   */
  at(time: number): SessionModel {
    const steps = this.steps(time)
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
    }
  }

  /** The same; a step is one chunk, also of those that are read to make keyframes, so that others can have their turn. */
  *steps(time: number): Generator<void, SessionModel> {
    const limitNs = this.empty().boardNs(time)
    const { model, from } = yield* this.before(limitNs, time)
    for (const entry of upTo(this.reader.index().chunks, limitNs)) {
      if (entry.offset <= from.after) continue
      this.replay(model, entry, limitNs)
      yield
    }
    this.gaps(from, limitNs)
    model.settle()
    model.end = Math.min(Math.max(model.end, 0), time)
    return model
  }

  /**
   * The model of a stretch of time alone: all that touches it, with its rates. A step is one chunk, as those of `steps`. `taken` is called
   * before the first of the stretch and behind each. Damaged chunks are told to `damaged`.
   */
  *stretch(
    from: number,
    to: number,
    { taken, damaged }: { taken?: (model: SessionModel) => void; damaged?: (entry: IndexEntry) => void } = {}
  ): Generator<void, SessionModel> {
    const empty = this.empty()
    const limitNs = empty.boardNs(to)
    const { model, from: begin } = yield* this.before(empty.boardNs(from), Infinity)
    const { rates, liveBytes } = model.state
    // an image has no rates: they begin with what is mapped
    if (!rates.kept) rates.begin(model.end, liveBytes)
    taken?.(model)
    for (const entry of upTo(this.reader.index().chunks, limitNs)) {
      if (entry.offset <= begin.after) continue
      if (!this.replay(model, entry, limitNs)) damaged?.(entry)
      taken?.(model)
      yield
    }
    model.settle()
    return model
  }

  /** A model of the newest keyframe that is not later than a time, and where the frames behind it begin. */
  private *before(
    limitNs: number,
    until: number
  ): Generator<void, { model: SessionModel; from: { after: number; events: number } }> {
    const { reader } = this
    const start = (): SessionModel => {
      const model = this.empty()
      model.until = until
      return model
    }
    let model = start()
    let from = { after: -1, events: 0 }
    const before = reader.index().chunks.reduce((n, c) => (c.events > 0 && c.firstNs <= limitNs ? n + c.events : n), 0)
    if (reader.index().keyframes.length === 0 && before > this.replayLimit) this.cache ??= yield* this.make()
    const frames = this.cache?.entries ?? reader.index().keyframes
    for (const entry of frames.filter(({ timeNs }) => timeNs <= limitNs).reverse()) {
      const image = this.cache ? this.cache.image(entry) : reader.keyframeOf(entry)
      if (!image || !restored(model, image)) {
        model = start()
        continue
      }
      from = entry
      break
    }
    return { model, from }
  }

  /** The newest time of the session, seconds. */
  get end(): number {
    return this.empty().seconds(BigInt(Math.round(this.reader.index().endNs)))
  }

  /** A model that knows what events mean and what tasks and names are called, and nothing of what happened. */
  private empty(): SessionModel {
    const { reader } = this
    const description = reader.description()
    if (!description?.capabilities)
      throw new VascopeError(
        'file-empty',
        `${reader.name} does not say what its events mean: the board's description of itself is lost.`,
        'The recording was cut off at once, or the file is damaged from its beginning. Record again, or restore a copy.',
        EXIT.file
      )
    const model = new SessionModel()
    if (description.hello) model.take(description.hello)
    model.take(description.capabilities)
    for (const [id, task] of reader.index().tasks) model.state.tasks.set(id, task)
    for (const [id, { text }] of reader.index().names) model.state.names.set(id, text)
    return model
  }

  /** Takes in the frames of a chunk; answers false where it is damaged. */
  private replay(model: SessionModel, entry: IndexEntry, limitNs: number): boolean {
    if (this.reader.framesOf(entry, (frame) => void model.take(frame))) return true
    if (entry.firstNs <= limitNs) this.lost += entry.events
    return false
  }

  /** Counts what is lost between a keyframe and a time though no chunk of it is damaged. */
  private gaps(from: { events: number }, limitNs: number): void {
    for (const { events, before, fromNs } of gapsOf(this.reader.index()))
      if (fromNs <= limitNs) this.lost += Math.max(0, Math.min(events, before - from.events))
  }

  /** Keyframes for a file that has none, in one pass; none behind damage, which would not show in them. */
  private make(): Generator<void, KeyframeCache> {
    const { reader } = this
    const empty = (): SessionModel => this.empty()
    return KeyframeCache.open(reader.name, function* (add) {
      const model = empty()
      const trimmer = new Trimmer(model, PASSING)
      let next = keyframeAfter(model)
      const { chunks } = reader.index()
      for (const entry of chunks.slice(0, gapsOf(reader.index())[0]?.at)) {
        if (!reader.framesOf(entry, (frame) => void model.take(frame))) break
        yield
        if (model.events < next || !model.atRest) continue
        add({ timeNs: model.boardNs(model.end), events: model.events, after: entry.offset }, encodeImage(model))
        trimmer.trim()
        next = model.events + keyframeAfter(model)
      }
    })
  }
}

/** Chunks up to a time, with those behind them up to the next that has events: a snapshot may stand before its events. */
function upTo(chunks: readonly IndexEntry[], limitNs: number): readonly IndexEntry[] {
  const last = chunks.findLastIndex(({ events, firstNs }) => events > 0 && firstNs <= limitNs)
  const behind = chunks.findIndex(({ events }, i) => i > last && events > 0)
  return behind < 0 ? chunks : chunks.slice(0, behind + 1)
}

function restored(model: SessionModel, image: Uint8Array): boolean {
  try {
    restoreImage(model, image)
    return true
  } catch (error) {
    if (error instanceof WireError || error instanceof RangeError) return false // the events before it say the same
    throw error
  }
}
