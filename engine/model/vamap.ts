/** Live mappings of one VM by address, as indices; mappings that overlap, as a lossy stream may show them, are kept side by side. */
export class VaMap {
  /** Ascending. */
  private readonly iova: number[] = []
  private readonly index: number[] = []

  get size(): number {
    return this.iova.length
  }

  insert(iova: number, index: number): void {
    const at = this.lower(iova + 1)
    this.iova.splice(at, 0, iova)
    this.index.splice(at, 0, index)
  }

  remove(iova: number, index: number): void {
    for (let at = this.lower(iova); this.iova[at] === iova; at++) {
      if (this.index[at] !== index) continue
      this.iova.splice(at, 1)
      this.index.splice(at, 1)
      return
    }
  }

  /** Indices of those that touch [from, to), by address; `end` answers the end of one. */
  touching(from: number, to: number, end: (index: number) => number): number[] {
    const found: number[] = []
    let at = this.lower(from)
    // one that begins before may reach in; without overlaps it is the neighbour
    if (at > 0 && end(this.index[at - 1]!) > from) at--
    for (; at < this.iova.length && this.iova[at]! < to; at++)
      if (end(this.index[at]!) > from) found.push(this.index[at]!)
    return found
  }

  private lower(iova: number): number {
    let low = 0
    let high = this.iova.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.iova[middle]! < iova) low = middle + 1
      else high = middle
    }
    return low
  }
}
