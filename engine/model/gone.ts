/** More are not remembered: nothing has so many objects that only their end tells of, and a stream must not fill the memory with them. */
const LIMIT = 1 << 20
/** Ends of what was known that are remembered: more than happen while a walk goes on. */
const RECENT = 1 << 11

type End = [id: number, time: number]

/**
 * Objects that ended since the last walk. One that began before that may still list them, and its snapshot comes later than the event of
 * their end. Ids are never given again.
 *
 * A model that goes on from an image does not know what had ended before it, so that those must be remembered too that the model itself knows.
 */
export class Gone {
  /** Those that ended before anything had told of them: older than tracing, or made in a loss. */
  private readonly unknown = new Map<number, number>()
  /** The newest ends of others, and some that are older. */
  private recent = new Map<number, number>()

  constructor(private readonly most = RECENT) {}

  /** `known`: something had told of it. */
  add(id: number, time: number, known = false): void {
    if (!known) {
      if (this.unknown.size < LIMIT) this.unknown.set(id, time)
      return
    }
    // whole ms, so that an image of it is small; it never comes back, so later does no harm
    this.recent.set(id, Math.ceil(time * 1000 - 1e-6) / 1000)
    if (this.recent.size >= 2 * this.most) this.recent = new Map(this.newest())
  }

  /** Those that nothing had told of, as they came. */
  unheard(): Iterable<End> {
    return this.unknown
  }

  /** The newest ends of those that were known, by id; the same however long ago the model began. */
  ended(): End[] {
    return this.newest().sort(([a], [b]) => a - b)
  }

  /** Whether it ended at `begin` or later, so that a walk which began then may have met it. */
  since(id: number, begin: number): boolean {
    return (this.unknown.get(id) ?? this.recent.get(id) ?? -Infinity) >= begin
  }

  /** A walk ended at `end`: the next begins later, and meets none that had gone by then. */
  forget(end: number): void {
    for (const ends of [this.unknown, this.recent]) for (const [id, time] of ends) if (time <= end) ends.delete(id)
  }

  private newest(): End[] {
    const all = [...this.recent]
    if (all.length <= this.most) return all
    return all.sort(([a, from], [b, to]) => to - from || b - a).slice(0, this.most)
  }
}
