/**
 * How late events arrive. The board's clock is placed on the desktop's by the fastest heartbeat seen: what a heartbeat took at least
 * is then not counted, so a latency from here is a lower bound that misses one one-way delay of the link.
 */
export class Latency {
  private offset = Infinity
  private readonly recent: number[] = []

  /** `sentNs`: board time in the heartbeat, `now`: milliseconds of the desktop. */
  heartbeat(sentNs: number, now: number): void {
    this.offset = Math.min(this.offset, now - sentNs / 1e6)
  }

  event(boardNs: number, now: number): void {
    if (!Number.isFinite(this.offset)) return
    this.recent.push(now - boardNs / 1e6 - this.offset)
    if (this.recent.length > 256) this.recent.shift()
  }

  /** Milliseconds, 95th percentile of the last 256 batches; null before any. */
  p95(): number | null {
    if (this.recent.length === 0) return null
    const sorted = [...this.recent].sort((a, b) => a - b)
    return Math.max(0, sorted[Math.floor(sorted.length * 0.95)]!)
  }
}
