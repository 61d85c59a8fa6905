/** More are not remembered: nothing has so many objects that only their end tells of, and a stream must not fill the memory with them. */
const LIMIT = 1 << 20

/**
 * Objects that ended before anything had told of them: older than tracing, or made in a loss. A walk that began before that may still
 * list them, and its snapshot comes later than the event of their end. Ids are never given again.
 */
export class Gone {
  private readonly times = new Map<number, number>()

  add(id: number, time: number): void {
    if (this.times.size < LIMIT) this.times.set(id, time)
  }

  entries(): Iterable<[number, number]> {
    return this.times
  }

  /** Whether it ended at `begin` or later, so that a walk which began then may have met it. */
  since(id: number, begin: number): boolean {
    return (this.times.get(id) ?? -Infinity) >= begin
  }

  /** A walk ended at `end`: the next begins later, and meets none that had gone by then. */
  forget(end: number): void {
    for (const [id, time] of this.times) if (time <= end) this.times.delete(id)
  }
}
