import { encodeImage } from '../model/image'
import { endedRows, forget } from '../model/forget'
import { Overviews } from '../model/overview'
import type { SessionModel } from '../model/session'
import type { SessionWriter } from '../store/writer'

/** After so many events comes a keyframe, so that the state at any time is that far from one at most. */
export const KEYFRAME_EVENTS = 1 << 15
/** Or after so many for each object in it: a large state is dear to write. */
const EVENTS_PER_OBJECT = 16

/** When the next keyframe is due, in events since the last. */
export function keyframeAfter({ state }: SessionModel): number {
  const objects = state.mappings.live.size + state.vmBos.size + state.aliveBos.size
  return Math.max(KEYFRAME_EVENTS, EVENTS_PER_OBJECT * objects)
}

/** Rows of ended objects (mappings, submits, flips and the rest) that a session keeps in memory while it is recorded; older ones are in its file. */
const KEPT = 1 << 20
/** As many where a file is read once, and nothing is asked of the model but what it is now. */
export const PASSING = 1 << 15
/** What ended within this many seconds is never forgotten: rules judge it still. */
const GRACE = 15

/** Keeps the memory of a model bounded, however long its stream is. */
export class Trimmer {
  private oldest = 0

  constructor(
    private readonly model: SessionModel,
    private readonly kept = KEPT
  ) {}

  /**
   * Forgets the older half where too much has ended, and nothing that ended after `notAfter` (seconds): somebody is still to count it.
   * Cheap where not too much has ended. Answers whether it is the first time.
   */
  trim(notAfter = Infinity): boolean {
    if (endedRows(this.model.state) <= this.kept) return false
    const { end } = this.model
    const before = Math.min(end - GRACE, (this.oldest + end) / 2, notAfter)
    if (before <= this.oldest) return false
    const first = this.oldest === 0
    this.oldest = before
    forget(this.model.state, before)
    return first
  }
}

/**
 * Writes the frames of a session as they come, after the model has taken them in, with keyframes and overviews among them. What ended
 * long ago is forgotten by the model then.
 */
export class Recorder {
  private next: number
  private readonly trimmer: Trimmer
  private readonly overviews: Overviews

  /** `every`: events between two keyframes, by the size of the state where left out. `kept`: rows of ended objects that stay in memory. */
  constructor(
    private readonly writer: SessionWriter,
    private readonly model: SessionModel,
    private readonly every: number | null = null,
    kept = KEPT
  ) {
    this.next = every ?? KEYFRAME_EVENTS
    this.trimmer = new Trimmer(model, kept)
    this.overviews = new Overviews(model)
  }

  /** A frame that the model has just taken in. */
  frame(message: Uint8Array): void {
    const { model, writer } = this
    writer.frame(message)
    if (model.events < this.next || !model.atRest || writer.problem) return
    writer.keyframe(encodeImage(model), model.boardNs(model.end))
    this.overview(false)
    if (this.trimmer.trim(this.overviews.reached)) {
      model.note(
        'What ended long before this is in the file and no more in memory: it is not drawn while recording.',
        model.end
      )
      this.overviews.leaveOut()
    }
    this.next = model.events + (this.every ?? keyframeAfter(model))
  }

  /** No more frames come. The file is still to be closed. */
  finish(): void {
    this.overview(true)
  }

  private overview(last: boolean): void {
    const { model, writer } = this
    if (!model.capabilities || writer.problem) return
    const made = this.overviews.next(last)
    if (!made) return
    const { from, to, events, coarse, fine } = made
    writer.overview({ fromNs: model.boardNs(from), toNs: model.boardNs(to), events }, { coarse, fine })
  }
}
