/** Work that is due at a time. */
export interface Entry {
  /** Seconds. */
  readonly due: number
  readonly run: () => void
  /** Also when the stream ends before that. */
  readonly atEnd: boolean
}

/** Entries by when they are due, those of one moment as they were added: a binary heap, since busy sessions have thousands waiting. */
export class Agenda {
  private heap: { entry: Entry; order: number }[] = []
  private added = 0

  /** When the next one is due; Infinity where there is none. */
  get next(): number {
    return this.heap[0]?.entry.due ?? Infinity
  }

  add(entry: Entry): void {
    const { heap } = this
    let at = heap.push({ entry, order: this.added++ }) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.before(at, parent)) break
      this.swap(at, parent)
      at = parent
    }
  }

  /** Takes out those that are due before `time`, in their order. */
  takeBefore(time: number): Entry[] {
    const taken: Entry[] = []
    while (this.next < time) taken.push(this.shift())
    return taken
  }

  /** Takes out all, in their order. */
  takeAll(): Entry[] {
    const taken = this.heap.sort((a, b) => a.entry.due - b.entry.due || a.order - b.order)
    this.heap = []
    return taken.map(({ entry }) => entry)
  }

  private shift(): Entry {
    const { heap } = this
    const { entry } = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return entry
    heap[0] = last
    for (let at = 0; ;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && this.before(child, least)) least = child
      if (least === at) return entry
      this.swap(at, least)
      at = least
    }
  }

  private before(a: number, b: number): boolean {
    const [left, right] = [this.heap[a]!, this.heap[b]!]
    return left.entry.due < right.entry.due || (left.entry.due === right.entry.due && left.order < right.order)
  }

  private swap(a: number, b: number): void {
    const { heap } = this
    ;[heap[a], heap[b]] = [heap[b]!, heap[a]!]
  }
}
