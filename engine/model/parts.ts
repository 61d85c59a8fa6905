import type { Snapshot } from '../wire/messages'

/** Whether all parts of a snapshot came. One that was lost, or stood in a damaged chunk, leaves less than the walk had met. */
export class SnapshotParts {
  /** The part that was taken last is the first that came of its snapshot. */
  first = false
  /** It and all before it came. */
  all = false
  private id = -1
  private next = 0

  /** Takes a part of a snapshot; they come one after another. */
  take(part: Pick<Snapshot, 'id' | 'part'>): void {
    const [id, number] = [part.id ?? 0, part.part ?? 0]
    this.first = number === 0 || id !== this.id
    this.all = number === (this.first ? 0 : this.next) && (this.first || this.all)
    this.id = id
    this.next = number + 1
  }
}
