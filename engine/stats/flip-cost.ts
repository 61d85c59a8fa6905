import type { SessionModel } from '../model/session'
import { Kind } from '../wire/schema'
import { percentile } from './lifetimes'

export interface OpCost {
  count: number
  /** Those in which page tables of the display's VM were written or cleared: a mapping was made or taken away. */
  mapping: number
  /** Page-table operations of all. */
  ptes: number
  /** Seconds of one; null where there was none. */
  p50: number | null
  p95: number | null
  max: number | null
}

/** What it costs that framebuffers come on the screen (prepare) and leave it (cleanup); while recording, of what is not forgotten. */
export interface FlipCost {
  prepare: OpCost
  cleanup: OpCost
}

/** null where prepares or page tables were not traced: a flip without cost is another thing than one that was not looked at. */
export function flipCost(model: SessionModel): FlipCost | null {
  if ([Kind.FbPrepare, Kind.FbCleanup, Kind.PteMap, Kind.PteUnmap].some((kind) => model.missing(kind) !== null))
    return null
  return { prepare: cost(model, 1), cleanup: cost(model, 0) }
}

function cost({ state: { fbOps } }: SessionModel, prepare: 0 | 1): OpCost {
  const seconds: number[] = []
  let mapping = 0
  let ptes = 0
  for (let i = 0; i < fbOps.time.length; i++) {
    if (fbOps.prepare.at(i) !== prepare) continue
    seconds.push(fbOps.seconds.at(i))
    ptes += fbOps.ptes.at(i)
    if (fbOps.ptes.at(i) > 0) mapping++
  }
  seconds.sort((a, b) => a - b)
  const [p50, p95, max] = [percentile(seconds, 0.5), percentile(seconds, 0.95), seconds.at(-1) ?? null]
  return { count: seconds.length, mapping, ptes, p50, p95, max }
}
