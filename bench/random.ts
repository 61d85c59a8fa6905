/** Numbers that are the same for the same seed on every machine (xorshift32). */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1
  }

  /** A whole number from 0 up to but without `limit`. */
  below(limit: number): number {
    let x = this.state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.state = x >>> 0
    return Math.floor((this.state / 0x100000000) * limit)
  }
}
