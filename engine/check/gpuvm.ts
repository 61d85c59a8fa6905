/**
 * drm_gpuvm's VA space by the book: what drm_gpuvm_sm_map() and drm_gpuvm_sm_unmap() (drm_gpuvm.c, 7.3) ask of a driver, and what msm's
 * step callbacks (msm_gem_vma.c, 7.3) make of it. Pure: addresses and sizes in whatever unit the caller has.
 */
export interface Va {
  iova: number
  bytes: number
  /** 0: MAP_NULL. */
  bo: number
  /** Into the BO; without meaning for MAP_NULL. */
  offset: number
  flags: number
}

/** What a request does to the VA space, in the order in which the kernel does it. */
export interface Steps {
  removes: Va[]
  inserts: Va[]
  /** Stays where it is, with other flags: msm's in-place remap. */
  keep: Va | null
}

export class GpuVm {
  /** Ascending, without overlaps. */
  readonly vas: Va[]

  constructor(vas: Iterable<Va> = []) {
    this.vas = [...vas].sort((a, b) => a.iova - b.iova)
  }

  /**
   * MAP and MAP_NULL. What it covers goes, what it cuts lives on in its rest with its offset and flags. msm keeps a mapping that already is
   * exactly the same, BO and offset and range, and changes its flags; never one of MAP_NULL (its gem.obj is NULL, which does not merge).
   */
  map(request: Va): Steps {
    const [first, count] = this.covered(request.iova, request.iova + request.bytes)
    const only = this.vas[first]
    if (count === 1 && only && request.bo !== 0 && same(only, request)) {
      only.flags = request.flags
      return { removes: [], inserts: [], keep: only }
    }
    return this.replace(first, count, request.iova, request.iova + request.bytes, { ...request })
  }

  unmap(iova: number, bytes: number): Steps {
    const [first, count] = this.covered(iova, iova + bytes)
    return this.replace(first, count, iova, iova + bytes, null)
  }

  /** The mapping at an address, or null. */
  at(iova: number): Va | null {
    const [first, count] = this.covered(iova, iova + 1)
    return count > 0 ? this.vas[first]! : null
  }

  /** Takes out one mapping that something else than a request took away. */
  drop(iova: number): void {
    const index = this.lower(iova)
    if (this.vas[index]?.iova === iova) this.vas.splice(index, 1)
  }

  private replace(first: number, count: number, from: number, to: number, by: Va | null): Steps {
    const removes = this.vas.slice(first, first + count)
    const inserts: Va[] = []
    for (const va of removes) {
      const end = va.iova + va.bytes
      if (va.iova < from) inserts.push({ ...va, bytes: from - va.iova })
      if (end > to) inserts.push({ ...va, iova: to, bytes: end - to, offset: va.offset + (to - va.iova) })
    }
    if (by) inserts.push(by)
    this.vas.splice(first, count, ...[...inserts].sort((a, b) => a.iova - b.iova))
    return { removes, inserts, keep: null }
  }

  /** Index of the first mapping that touches the range, and how many do. */
  private covered(from: number, to: number): [number, number] {
    let first = this.lower(from)
    const before = this.vas[first - 1]
    if (before && before.iova + before.bytes > from) first--
    let next = first
    while (next < this.vas.length && this.vas[next]!.iova < to) next++
    return [first, next - first]
  }

  private lower(iova: number): number {
    let low = 0
    let high = this.vas.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.vas[middle]!.iova < iova) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Same range of the same memory; flags may differ. */
export function same(a: Va, b: Va): boolean {
  return a.iova === b.iova && a.bytes === b.bytes && a.bo === b.bo && (a.bo === 0 || a.offset === b.offset)
}
