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

  /** Writes an entry that there is, or the one behind the last. */
  set(index: number, value: number): void {
    if (index === this.length) this.push(value)
    else this.data[index] = value
  }

  at(index: number): number {
    return this.data[index]!
  }

  /** Leaves out the first `n`; the memory of what is left goes with them. */
  drop(n: number): void {
    const left = this.data.subarray(n, this.length)
    this.data = new Float64Array(Math.max(1024, 2 * left.length))
    this.data.set(left)
    this.length = left.length
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

  /** As Column.set. */
  set(index: number, value: number): void {
    if (index === this.length) this.push(value)
    else this.data[index] = value
  }

  at(index: number): number {
    return this.data[index]!
  }

  /** As Column.drop. */
  drop(n: number): void {
    const left = this.data.subarray(n, this.length)
    this.data = new Uint8Array(Math.max(1024, 2 * left.length))
    this.data.set(left)
    this.length = left.length
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

/**
 * Ids from here on are taken for nonsense. A daemon counts its ids from 1; a session with so many VAs would not fit into memory, and
 * what a board or a file says must not make an index for it.
 */
export const ID_LIMIT = 2 ** 28
const PAGE = 4096

/** Whether an index can hold it. */
export function isId(id: number): boolean {
  return id >= 0 && id < ID_LIMIT
}

/** Where the object with a dense id stands in its columns. In pages, so that one id far from the others costs no more than a page. */
export class IdIndex {
  private readonly pages: (Int32Array | undefined)[] = []

  /** -1 where the id is not known. */
  get(id: number): number {
    return isId(id) ? (this.pages[Math.floor(id / PAGE)]?.[id % PAGE] ?? -1) : -1
  }

  /** It is not known any more. */
  delete(id: number): void {
    if (this.get(id) >= 0) this.pages[Math.floor(id / PAGE)]![id % PAGE] = -1
  }

  /** Only for what isId() holds of. */
  set(id: number, index: number): void {
    const page = (this.pages[Math.floor(id / PAGE)] ??= new Int32Array(PAGE).fill(-1))
    page[id % PAGE] = index
  }
}
