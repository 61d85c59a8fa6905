import type { Index, IndexEntry } from './session-index'

/** Events of a session that the file should have and has not. */
export interface Lost {
  events: number
  /** False where the file has lost its end: then `events` is what is known of. */
  exact: boolean
  /** Length of the spans together. */
  seconds: number
  /** Where, in ns of the board's CLOCK_MONOTONIC, in order; events: null where they are counted in the sum only. */
  spans: { fromNs: number; toNs: number; events: number | null }[]
}

/** What is lost of a session whose readable chunks are those at the offsets in `sound`. */
export function lossOf(index: Index, sound: ReadonlySet<number>): Lost {
  const spans: Lost['spans'] = []
  let [read, expected, lastNs] = [0, 0, 0]
  let missing: IndexEntry[] = []
  const hole = (events: number, untilNs: number): void => {
    if (events > 0 || missing.some((entry) => entry.events > 0)) {
      const known = missing.filter((entry) => entry.events > 0)
      const whole = known.length > 0 && known.reduce((n, entry) => n + entry.events, 0) >= events
      const fromNs = whole ? known.reduce((ns, { firstNs }) => Math.min(ns, firstNs), Infinity) : lastNs
      const toNs = whole ? known.reduce((ns, { lastNs: last }) => Math.max(ns, last), 0) : untilNs
      spans.push({ fromNs: fromNs || toNs, toNs: Math.max(fromNs, toNs), events: events > 0 ? events : null })
    }
    missing = []
  }
  for (const entry of index.chunks) {
    if (!sound.has(entry.offset)) {
      missing.push(entry)
      continue
    }
    hole(entry.before - expected, entry.firstNs || index.endNs)
    read += entry.events
    expected = Math.max(expected, entry.before) + entry.events
    if (entry.events > 0) lastNs = Math.max(lastNs, entry.lastNs)
  }
  hole(index.events + index.unwritten - expected, index.endNs)
  return { events: index.events + index.unwritten - read, exact: !index.openEnd, seconds: covered(spans), spans }
}

/** Seconds that the spans cover together. */
function covered(spans: Lost['spans']): number {
  let [total, reached] = [0, -Infinity]
  for (const { fromNs, toNs } of spans.toSorted((a, b) => a.fromNs - b.fromNs)) {
    total += Math.max(0, toNs - Math.max(fromNs, reached))
    reached = Math.max(reached, toNs)
  }
  return total / 1e9
}
