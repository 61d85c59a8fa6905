/** Heartbeats, one a second, that place the clock. */
const PLACED_BY = 60
const RECENT = 256

/**
 * How late events arrive: kernel event to the engine. The board's clock is placed on the desktop's by the fastest heartbeat of the last
 * minute: what a heartbeat takes at least is then not counted, so a latency from here is a lower bound that misses one one-way delay of
 * the link, and the drift of two clocks stays out of it. `now` is a monotonic clock of the desktop in milliseconds.
 */
export class Latency {
  private readonly offsets: number[] = []
  private readonly recent: number[] = []
  /** The oldest event that no view has had yet, in the board's time. */
  private unseen: number | null = null

  heartbeat(sentNs: number, now: number): void {
    this.offsets.push(now - sentNs / 1e6)
    if (this.offsets.length > PLACED_BY) this.offsets.shift()
  }

  /** `boardNs`: the oldest event of what arrived. */
  event(boardNs: number, now: number): void {
    this.unseen = Math.min(this.unseen ?? Infinity, boardNs)
    if (this.offsets.length === 0) return
    this.recent.push(now - boardNs / 1e6 - Math.min(...this.offsets))
    if (this.recent.length > RECENT) this.recent.shift()
  }

  /** There is an event that no view has had yet. */
  get waiting(): boolean {
    return this.unseen !== null
  }

  /** Milliseconds since the oldest event that came since the last call, which a view now has; null where none came. */
  seen(now: number): number | null {
    const { unseen, offsets } = this
    this.unseen = null
    return unseen === null || offsets.length === 0 ? null : Math.max(0, now - unseen / 1e6 - Math.min(...offsets))
  }

  /** Milliseconds, 95th percentile of the last 256 batches; null before any. */
  p95(): number | null {
    return this.percentile(0.95)
  }

  p50(): number | null {
    return this.percentile(0.5)
  }

  private percentile(share: number): number | null {
    if (this.recent.length === 0) return null
    const sorted = [...this.recent].sort((a, b) => a - b)
    return Math.max(0, sorted[Math.floor(sorted.length * share)]!)
  }
}
