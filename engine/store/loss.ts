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

/** Events that came between two chunks of the index and that no chunk has: the file lost what was written of them. */
export interface Gap {
  /** Of the chunk behind it among all; their number where it is behind the last. */
  at: number
  events: number
  /** Events that came before its end. */
  before: number
  /** Between its neighbours, ns of the board's CLOCK_MONOTONIC; 0 where none is before it. */
  fromNs: number
  toNs: number
}

/** The gaps of a session, in the order of the file. */
export function gapsOf({ chunks, events, unwritten, endNs }: Index): Gap[] {
  const gaps: Gap[] = []
  let [expected, fromNs] = [0, 0]
  const reach = (at: number, before: number, toNs: number): void => {
    if (before > expected) gaps.push({ at, events: before - expected, before, fromNs, toNs: Math.max(fromNs, toNs) })
    expected = Math.max(expected, before)
  }
  for (const [at, entry] of chunks.entries()) {
    reach(at, entry.before, entry.firstNs || endNs)
    expected += entry.events
    if (entry.events > 0) fromNs = Math.max(fromNs, entry.lastNs)
  }
  reach(chunks.length, events + unwritten, endNs)
  return gaps
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
