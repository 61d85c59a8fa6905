/** A VM's addresses are laid out in buckets of this size; used buckets that touch form one segment. */
export const BUCKET_BYTES = 2 ** 28

/**
 * Gives each mapping a row within its bucket of the VA space: the lowest row that is free at its insert. A mapping keeps its row for
 * life, so nothing moves while data streams in, and a bucket needs as many rows as it had mappings at once.
 */
export class RowAllocator {
  private readonly buckets = new Map<number, { taken: boolean[]; free: number }>()

  take(iova: number): { bucket: number; row: number } {
    const bucket = Math.floor(iova / BUCKET_BYTES)
    let slots = this.buckets.get(bucket)
    if (!slots) this.buckets.set(bucket, (slots = { taken: [], free: 0 }))
    let row = slots.free
    while (slots.taken[row]) row++
    slots.taken[row] = true
    slots.free = row + 1
    return { bucket, row }
  }

  release(bucket: number, row: number): void {
    const slots = this.buckets.get(bucket)
    if (!slots) return
    slots.taken[row] = false
    if (row < slots.free) slots.free = row
  }

  /** Takes up what an image of the state says: so many rows in a bucket, none of them taken. */
  resume(bucket: number, rows: number): void {
    this.buckets.set(bucket, { taken: new Array<boolean>(rows).fill(false), free: 0 })
  }

  /** At least so many rows in a bucket, as the session will need them later. */
  widen(bucket: number, rows: number): void {
    let slots = this.buckets.get(bucket)
    if (!slots) this.buckets.set(bucket, (slots = { taken: [], free: 0 }))
    while (slots.taken.length < rows) slots.taken.push(false)
  }

  /** Takes a row that an image of the state gave to a mapping. */
  occupy(iova: number, row: number): number {
    const bucket = Math.floor(iova / BUCKET_BYTES)
    let slots = this.buckets.get(bucket)
    if (!slots) this.buckets.set(bucket, (slots = { taken: [], free: 0 }))
    slots.taken[row] = true
    while (slots.taken[slots.free]) slots.free++
    return bucket
  }

  /** Buckets in ascending order, with the rows that each needs. */
  layout(): { bucket: number; rows: number }[] {
    return [...this.buckets]
      .map(([bucket, slots]) => ({ bucket, rows: slots.taken.length }))
      .sort((a, b) => a.bucket - b.bucket)
  }
}
