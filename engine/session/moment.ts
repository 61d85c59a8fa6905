import { encodeImage } from '../model/image'
import { restoreImage } from '../model/restore'
import { SessionModel } from '../model/session'
import { EXIT, VascopeError } from '../problem'
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
  /** Events in chunks that were needed and could not be read. */
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
    let after = -1
    const before = reader.index().chunks.reduce((n, c) => (c.events > 0 && c.firstNs <= limitNs ? n + c.events : n), 0)
    if (reader.index().keyframes.length === 0 && before > this.replayLimit) this.cache ??= this.make()
    const frames = this.cache?.entries ?? reader.index().keyframes
    for (const entry of frames.filter(({ timeNs }) => timeNs <= limitNs).reverse()) {
      const image = this.cache ? this.cache.image(entry) : reader.keyframeOf(entry)
      if (!image || !restored(model, image)) {
        model = start()
        continue
      }
      after = entry.after
      break
    }
    this.replay(model, after, limitNs)
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

  /** Takes in the frames behind a place in the file up to a time. Chunks that cannot have any of them are passed over. */
  private replay(model: SessionModel, after: number, limitNs: number): void {
    const chunks = this.reader.index().chunks.filter((entry) => entry.offset > after)
    for (const entry of upTo(chunks, limitNs))
      if (!this.reader.framesOf(entry, (frame) => void model.take(frame))) this.lost += entry.events
  }

  /** Keyframes for a file that has none, in one pass. */
  private make(): KeyframeCache {
    const { reader } = this
    return KeyframeCache.open(reader.name, (add) => {
      const model = this.empty()
      const trimmer = new Trimmer(model, TRIMMED)
      let next = keyframeAfter(model)
      for (const entry of reader.index().chunks) {
        reader.framesOf(entry, (frame) => void model.take(frame))
        if (model.events < next || !model.atRest) continue
        add({ timeNs: model.boardNs(model.end), events: model.events, after: entry.offset }, encodeImage(model))
        trimmer.trim()
        next = model.events + keyframeAfter(model)
      }
    })
  }
}

/** Chunks up to a time, with the one behind them: a snapshot may stand before its events. */
function upTo(chunks: readonly IndexEntry[], limitNs: number): readonly IndexEntry[] {
  let last = chunks.length - 1
  while (last >= 0 && chunks[last]!.events > 0 && chunks[last]!.firstNs > limitNs) last--
  return chunks.slice(0, last + 2)
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
