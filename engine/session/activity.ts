import type { Index } from '../store/session-index'
import { Kind } from '../wire/schema'

/** Points of a thumbnail. */
const POINTS = 64

/**
 * How many mappings lived over the length of a session, from its index alone, so that no frame is read: inserts less removes of each chunk,
 * as shares of the most there were. Mappings from before the recording are not in the index, so the least there were counts as none.
 * Empty where the index does not have events by kind (format 1.0).
 */
export function activityOf({ chunks }: Pick<Index, 'chunks'>): number[] {
  const told = chunks.filter(({ events, counts }) => events > 0 && counts !== null)
  const first = told[0]
  if (!first) return []
  const from = first.firstNs
  const span = Math.max(1, told.reduce((ns, { lastNs }) => Math.max(ns, lastNs), from) - from)
  const levels = new Array<number>(POINTS).fill(NaN)
  let live = 0
  for (const { counts, lastNs } of told) {
    live += (counts!.get(Kind.VaInsert) ?? 0) - (counts!.get(Kind.VaRemove) ?? 0)
    const at = Math.min(POINTS - 1, Math.floor(((lastNs - from) / span) * POINTS))
    levels[at] = Math.max(levels[at] || -Infinity, live)
  }
  let last = 0
  const filled = levels.map((level) => (last = Number.isNaN(level) ? last : level))
  const least = Math.min(0, ...filled)
  const most = Math.max(...filled) - least
  return most > 0 ? filled.map((level) => (level - least) / most) : []
}
