/** A Float64Array that grows. `data` is only valid up to `length`, and replaced when it grows. */
export class Column {
  data: Float64Array
  length = 0

  constructor(capacity = 1024) {
    this.data = new Float64Array(capacity)
  }

  push(value: number): number {
    if (this.length === this.data.length) {
      const bigger = new Float64Array(this.data.length * 2)
      bigger.set(this.data)
      this.data = bigger
    }
    this.data[this.length] = value
    return this.length++
  }

  at(index: number): number {
    return this.data[index]!
  }
}

/** A Uint8Array that grows, like Column. */
export class ByteColumn {
  data = new Uint8Array(1024)
  length = 0

  push(value: number): number {
    if (this.length === this.data.length) {
      const bigger = new Uint8Array(this.data.length * 2)
      bigger.set(this.data)
      this.data = bigger
    }
    this.data[this.length] = value
    return this.length++
  }

  at(index: number): number {
    return this.data[index]!
  }
}

/** The first index whose value is not below `value`, in a column that ascends. */
export function lowerBound(column: Column, value: number): number {
  let low = 0
  let high = column.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (column.data[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Where the object with a dense id stands in its columns. */
export class IdIndex {
  private data = new Int32Array(1024).fill(-1)

  /** -1 where the id is not known. */
  get(id: number): number {
    return this.data[id] ?? -1
  }

  set(id: number, index: number): void {
    if (id >= this.data.length) {
      const bigger = new Int32Array(Math.max(id + 1, this.data.length * 2)).fill(-1)
      bigger.set(this.data)
      this.data = bigger
    }
    this.data[id] = index
  }
}
