import { encodeImage } from '../model/image'
import type { SessionModel } from '../model/session'
import type { SessionWriter } from '../store/writer'

/** After so many events comes a keyframe, so that the state at any time is that far from one at most. */
export const KEYFRAME_EVENTS = 1 << 15
/** Or after so many for each object in it: a large state is dear to write. */
const EVENTS_PER_OBJECT = 8

/** When the next keyframe is due, in events since the last. */
export function keyframeAfter({ state }: SessionModel): number {
  const objects = state.mappings.live.size + state.vmBos.size + state.aliveBos.size
  return Math.max(KEYFRAME_EVENTS, EVENTS_PER_OBJECT * objects)
}

/** Writes the frames of a session as they come, after the model has taken them in, with keyframes among them. */
export class Recorder {
  private next: number

  /** `every`: events between two keyframes, by the size of the state where left out. */
  constructor(
    private readonly writer: SessionWriter,
    private readonly model: SessionModel,
    private readonly every: number | null = null
  ) {
    this.next = every ?? KEYFRAME_EVENTS
  }

  /** A frame that the model has just taken in. */
  frame(message: Uint8Array): void {
    const { model, writer } = this
    writer.frame(message)
    if (model.events < this.next || !model.atRest || writer.problem) return
    writer.keyframe(encodeImage(model), model.boardNs(model.end))
    this.next = model.events + (this.every ?? keyframeAfter(model))
  }
}
