import { isId } from '../model/columns'

/** A set of dense ids that only grows: a bit for each, since a session may have hundreds of millions. */
export class IdSet {
  private bits = new Uint8Array(1 << 12)

  add(id: number): void {
    if (!isId(id)) return
    const at = Math.floor(id / 8)
    if (at >= this.bits.length) {
      const bigger = new Uint8Array(2 ** Math.ceil(Math.log2(at + 1)))
      bigger.set(this.bits)
      this.bits = bigger
    }
    this.bits[at]! |= 1 << (id % 8)
  }

  has(id: number): boolean {
    return ((this.bits[Math.floor(id / 8)] ?? 0) & (1 << (id % 8))) !== 0
  }
}
