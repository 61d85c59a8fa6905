import { encodeImage } from '../model/image'
import { restoreImage } from '../model/restore'
import { SessionModel } from '../model/session'
import { EXIT, VascopeError } from '../problem'
import { gapsOf } from '../store/loss'
import type { SessionReader } from '../store/reader'
import type { IndexEntry } from '../store/session-index'
import { WireError } from '../wire/varint'
import { KeyframeCache } from './keyframe-cache'
import { keyframeAfter, Trimmer } from './recorder'

/** A file without keyframes gets them first where more events than these lie before the moment. */
const REPLAY_LIMIT = 1 << 18
/** Ended mappings that are kept while keyframes are made. */
const TRIMMED = 1 << 15

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
    const { reader } = this
    const start = (): SessionModel => {
      const model = this.empty()
      model.until = time
      return model
    }
    let model = start()
    const limitNs = model.boardNs(time)
    let from = { after: -1, events: 0 }
    const before = reader.index().chunks.reduce((n, c) => (c.events > 0 && c.firstNs <= limitNs ? n + c.events : n), 0)
    if (reader.index().keyframes.length === 0 && before > this.replayLimit) this.cache ??= this.make()
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
    this.replay(model, from, limitNs)
    model.settle()
    model.end = Math.min(Math.max(model.end, 0), time)
    return model
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

  /** Takes in the frames behind a keyframe up to a time. Chunks that cannot have any of them are passed over. */
  private replay(model: SessionModel, from: { after: number; events: number }, limitNs: number): void {
    const index = this.reader.index()
    for (const entry of upTo(index.chunks, limitNs)) {
      if (entry.offset <= from.after || this.reader.framesOf(entry, (frame) => void model.take(frame))) continue
      if (entry.firstNs <= limitNs) this.lost += entry.events
    }
    for (const { events, before, fromNs } of gapsOf(index))
      if (fromNs <= limitNs) this.lost += Math.max(0, Math.min(events, before - from.events))
  }

  /** Keyframes for a file that has none, in one pass; none behind damage, which would not show in them. */
  private make(): KeyframeCache {
    const { reader } = this
    return KeyframeCache.open(reader.name, (add) => {
      const model = this.empty()
      const trimmer = new Trimmer(model, TRIMMED)
      let next = keyframeAfter(model)
      const { chunks } = reader.index()
      for (const entry of chunks.slice(0, gapsOf(reader.index())[0]?.at)) {
        if (!reader.framesOf(entry, (frame) => void model.take(frame))) break
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
