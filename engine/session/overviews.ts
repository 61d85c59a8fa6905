import type { Mark } from '../api'
import { formatIova } from '../format'
import { Overviews } from '../model/overview'
import { readCells, readOverview, type Overview, type OverviewCells } from '../model/overview-read'
import type { SessionModel } from '../model/session'
import { add as addExtent } from '../query/space'
import type { Extent } from '../space'
import { Axis, MARKS } from '../model/overview-tables'
import { cacheDir } from '../paths'
import { ChunkFile } from '../store/chunks'
import { ChunkType } from '../store/format'
import { decodeOverview, encodeOverview, type OverviewParts } from '../store/overviews'
import type { SessionReader } from '../store/reader'
import { identityOf, used, writeCache } from './cache-room'
import type { Moments } from './moment'
import { PASSING, Trimmer } from './recorder'

/** Cells of so many overviews are kept when they were read, some 60 KB each. */
const CELLS_KEPT = 1024
/** What takes more events to make again is kept in the user's cache. */
const KEEP_FROM = 1 << 20

interface Source {
  overview: Overview
  fine: () => Uint8Array | null
}

/** The overviews of a session file, all of them: what the file does not have is made again from keyframe and frames. */
export class OverviewSet {
  /** In the order of time. */
  readonly marks: Mark[] = []
  private readonly sources: Source[]
  private readonly cellsOf = new Map<Overview, OverviewCells | null>()
  private readonly fineOf: Map<Overview, () => Uint8Array | null>

  private constructor(sources: Source[]) {
    this.sources = sources.sort((a, b) => a.overview.from - b.overview.from)
    this.fineOf = new Map(sources.map(({ overview, fine }) => [overview, fine]))
    for (const { overview } of this.sources) this.marks.push(...marksOf(overview))
  }

  /**
   * Reads what is there and makes what is missing. `ending`: the model at the end of the session. A step is one chunk of the file, with the
   * share that is done.
   */
  static *load(reader: SessionReader, moments: Moments, ending: SessionModel): Generator<number, OverviewSet> {
    const seconds = (ns: number): number => (ns - ending.boardNs(0)) / 1e9
    const { overviews, chunks, events } = reader.index()
    const sources: Source[] = []
    for (const entry of overviews) {
      const overview = soundly(() => {
        const bytes = reader.overviewOf(entry, 'coarse')
        return bytes && readOverview(bytes, seconds(entry.fromNs), seconds(entry.toNs))
      })
      if (overview) sources.push({ overview, fine: () => reader.overviewOf(entry, 'fine') })
    }
    const missing = holes(sources, ending.end)
    const eventsOf = (from: number, to: number): number =>
      chunks.reduce((n, c) => (seconds(c.lastNs) >= from && seconds(c.firstNs) <= to ? n + c.events : n), 0)
    let [done, all] = [0, 0]
    for (const { from, to } of missing) all += eventsOf(from, to)
    const kept = all > KEEP_FROM ? cacheDir('overviews', `${identityOf(reader.name, 'overviews 2')}.overviews`) : null
    const known = kept && readKept(kept, seconds)
    if (kept && known) {
      used(kept)
      return new OverviewSet([...sources, ...known])
    }
    const payloads: Uint8Array[] = []
    for (const { from, to } of missing) {
      let maker: { overviews: Overviews; trimmer: Trimmer } | null = null
      const take = (made: ReturnType<Overviews['next']>): void => {
        if (!made) return
        sources.push({ overview: readOverview(made.coarse, made.from, made.to), fine: () => made.fine })
        if (!kept) return
        const [fromNs, toNs] = [ending.boardNs(made.from), ending.boardNs(made.to)]
        payloads.push(encodeOverview({ offset: 0, fromNs, toNs, events: made.events }, made))
      }
      const taken = (model: SessionModel): void => {
        maker ??= { overviews: new Overviews(model, from, to), trimmer: new Trimmer(model, PASSING) }
        if (!model.atRest) return
        take(maker.overviews.next())
        const { reached } = maker.overviews
        maker.trimmer.trim(reached)
        model.state.rates.forget(reached)
      }
      const steps = moments.stretch(from, to, { taken })
      for (;;) {
        const { done: over, value } = steps.next()
        if (over) {
          maker ??= { overviews: new Overviews(value, from, to), trimmer: new Trimmer(value, PASSING) }
          // where its last events are damaged, the model never came to the end of the stretch
          value.end = Math.max(value.end, Math.min(to, ending.end))
          take(maker.overviews.next(true))
          break
        }
        done++
        yield Math.min(1, done / Math.max(1, chunks.length * Math.min(1, all / Math.max(1, events))))
      }
    }
    if (kept) writeCache(kept, ChunkType.Overview, payloads)
    return new OverviewSet(sources)
  }

  /** Those that touch a window. */
  within(from: number, to: number): Overview[] {
    const { sources } = this
    let [low, high] = [0, sources.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sources[middle]!.overview.to <= from) low = middle + 1
      else high = middle
    }
    const found: Overview[] = []
    for (; low < sources.length && sources[low]!.overview.from <= to; low++) found.push(sources[low]!.overview)
    return found
  }

  /** Whether its cells were read. */
  has(overview: Overview): boolean {
    return this.cellsOf.has(overview)
  }

  /** The cells of one of them; null where they are damaged. */
  cells(overview: Overview): OverviewCells | null {
    let cells = this.cellsOf.get(overview)
    if (cells !== undefined) return cells
    cells = soundly(() => {
      const bytes = this.fineOf.get(overview)?.()
      return bytes ? readCells(bytes, overview) : null
    })
    this.cellsOf.set(overview, cells)
    if (this.cellsOf.size > CELLS_KEPT) this.cellsOf.delete(this.cellsOf.keys().next().value!)
    return cells
  }

  /** The addresses that each VM used, ascending, narrow holes filled in. */
  extents(pageSize: number): Map<number, Extent[]> {
    const keysOf = new Map<number, Map<number, number>>()
    for (const { groups } of this.sources.map(({ overview }) => overview))
      for (let g = 0; g < groups.count; g++) {
        if (groups.axis[g] !== Axis.addresses) continue
        let of = keysOf.get(groups.vm[g]!)
        if (!of) keysOf.set(groups.vm[g]!, (of = new Map()))
        of.set(groups.key[g]!, Math.max(of.get(groups.key[g]!) ?? 0, groups.shift[g]!))
      }
    const byVm = new Map<number, Extent[]>()
    for (const [vm, keys] of keysOf) {
      const list: Extent[] = []
      for (const [page, shift] of [...keys].sort(([a], [b]) => a - b))
        addExtent(list, page * pageSize, 2 ** shift * pageSize)
      byVm.set(vm, list)
    }
    return byVm
  }
}

/** What no overview is of, between the beginning and the end of the session. */
function holes(sources: readonly Source[], end: number): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  let reached = 0
  for (const { from, to } of sources.map(({ overview }) => overview).sort((a, b) => a.from - b.from)) {
    if (from > reached + 1e-6) found.push({ from: reached, to: from })
    reached = Math.max(reached, to)
  }
  if (end >= reached) found.push({ from: reached, to: Infinity })
  return found
}

function readKept(file: string, seconds: (ns: number) => number): Source[] | null {
  return soundly(() => {
    const chunks = new ChunkFile(file)
    const sources: Source[] = []
    let damaged = false
    try {
      for (const { type, offset, payload } of chunks.walk(() => (damaged = true))) {
        if (type !== ChunkType.Overview) continue
        const { entry, coarse, fine } = decodeOverview(Uint8Array.from(payload), offset)
        const parts: OverviewParts = { coarse: coarse(), fine: fine() }
        const overview = readOverview(parts.coarse, seconds(entry.fromNs), seconds(entry.toNs))
        sources.push({ overview, fine: () => parts.fine })
      }
    } finally {
      chunks.close()
    }
    return damaged || sources.length === 0 ? null : sources
  })
}

function marksOf({ marks, to }: Overview): Mark[] {
  return Array.from({ length: marks.count }, (_, i): Mark => {
    const kind = (MARKS[marks.kind[i]!] || 'note') as Mark['kind']
    const time = marks.time[i]!
    const until = Number.isNaN(marks.until[i]!) ? Math.max(time, to) : marks.until[i]!
    if (kind !== 'fault') return { time, until, kind, text: marks.text[i] ?? '' }
    return { time, until, kind, text: `GPU fault at ${formatIova(marks.iova[i]!)}`, iova: marks.iova[i]! }
  })
}

/** null where it cannot be read: it can be made again. */
function soundly<T>(read: () => T | null): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
