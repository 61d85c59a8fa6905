const BINS = 512

/** The most that a quantity was in each of at most 512 bins of time, however long that is: bins double their width when they run out. */
export class Track {
  /** Seconds of a bin. */
  step = 0.001
  length = 0
  private readonly bins = new Float64Array(BINS)
  private last = 0

  /** The quantity has this value from here on. Times before 0 count as 0. */
  set(time: number, value: number): void {
    const bin = this.reach(Math.max(0, time))
    this.bins[bin] = Math.max(this.bins[bin]!, value)
    this.last = value
  }

  /** The whole course up to a time. */
  upTo(time: number): { stepSeconds: number; values: Float32Array<ArrayBuffer> } {
    this.reach(Math.max(0, time))
    return { stepSeconds: this.step, values: Float32Array.from(this.bins.subarray(0, this.length)) }
  }

  private reach(time: number): number {
    while (time >= this.step * BINS) this.fold()
    const bin = Math.floor(time / this.step)
    // what it was until then it was in between
    for (; this.length <= bin; this.length++) this.bins[this.length] = this.last
    return bin
  }

  private fold(): void {
    for (let i = 0; i < BINS / 2; i++) this.bins[i] = Math.max(this.bins[2 * i]!, this.bins[2 * i + 1]!)
    this.bins.fill(0, BINS / 2)
    this.step *= 2
    this.length = Math.ceil(this.length / 2)
  }
}
