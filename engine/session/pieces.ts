import type { BoDetail, Rects, WhyGone } from '../api'
import { timeText } from '../format'
import type { SessionModel } from '../model/session'
import { boDetail } from '../query/objects'
import { whyGone } from '../query/why'

/** A model that knows a stretch of a session; what goes on behind it is not known from it. Seconds. */
export interface Piece {
  from: number
  to: number
  model: SessionModel
}

/** When a mapping ended that a piece has to its end: null where it lives; NaN where it went and the model of the session's end forgot it. */
function endOf(va: number, { state: { mappings: m } }: SessionModel): number | null {
  const index = m.byVa.get(va)
  if (index < 0) return NaN
  return m.end.at(index) === Infinity ? null : m.end.at(index)
}

/**
 * Rects of a piece with the ends that they have in the session. Those that the model of its end forgot keep theirs open, and have a
 * bound: at least the end of the piece, or the cursor where it lives there. One that had gone by then is drawn to the end of the piece.
 */
export function withEnds(
  rects: Rects,
  piece: Piece,
  ending: SessionModel,
  cursor: { time: number; model: SessionModel } | null
): Rects {
  const [end, state] = [rects.end.slice(), rects.state.slice()]
  const atLeast = new Float64Array(end.length).fill(NaN)
  for (let i = 0; i < end.length; i++) {
    if (end[i] !== Infinity) continue
    const va = rects.va[i]!
    const known = endOf(va, ending)
    if (known === null) {
      state[i] = ending.state.mappingState(ending.state.mappings.byVa.get(va), ending.end)
      continue
    }
    state[i] = 0
    if (Number.isNaN(known)) {
      const there = cursor && cursor.time > piece.to && endOf(va, cursor.model) === null
      atLeast[i] = there ? cursor.time : piece.to
      if (cursor && cursor.time > piece.to && !there) end[i] = piece.to
    } else end[i] = known
  }
  return { ...rects, end, state, atLeast }
}

/** A BO by the first piece that knows it; null where none does. Says of which stretch its mappings are, and which ends are not known. */
export function boOf(pieces: readonly Piece[], ending: SessionModel, id: number): BoDetail | null {
  for (const { from, to, model } of pieces) {
    const bo = boDetail(model, id)
    if (!bo) continue
    const mappings = bo.mappings.map((mapping) => {
      if (mapping.end !== null) return mapping
      const end = endOf(mapping.va, ending)
      return Number.isNaN(end) ? { ...mapping, atLeast: to } : { ...mapping, end }
    })
    const destroyed = bo.destroyed ?? ending.state.bos.get(id)?.destroyed ?? null
    return { ...bo, destroyed, mappings, stretch: { from: Math.max(0, from), to } }
  }
  return null
}

/** Why a mapping went, by a piece that saw it go. Where none did, until when it was there at least. null where no piece knows it. */
export function goneOf(pieces: readonly Piece[], ending: SessionModel, va: number): WhyGone | null {
  let there: { answer: WhyGone; to: number } | null = null
  for (const { to, model } of pieces) {
    const answer = whyGone(model, va)
    if (!answer) continue
    if (answer.end !== null) return answer
    if (!there || to > there.to) there = { answer, to }
  }
  if (!there || endOf(va, ending) === null) return there?.answer ?? null
  const text =
    `VA ${va} was there at ${timeText(there.to)} and is gone at the end of the session. ` +
    'When it went, and why, is told where the window shows its end.'
  return { ...there.answer, atLeast: there.to, answer: text }
}
