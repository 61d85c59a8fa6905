/** The VA axis with its holes left out, as the engine counts on it and the window draws it. No imports: both use it. */

/** A range of addresses that was used, in bytes. */
export interface Extent {
  iova: number
  bytes: number
}

/** Rows of a density over the addresses of a VM. */
export const ADDRESS_ROWS = 96

/** Where each range begins on the axis and how much of it it takes, as shares of the whole. */
export interface SpaceLayout {
  tops: number[]
  shares: number[]
}

/**
 * A share of the axis for each range, by the root of its size: a heap of gigabytes leaves room for a ring of pages, and inside a range
 * everything is to scale.
 */
export function layoutSpace(extents: readonly Extent[]): SpaceLayout {
  const weights = extents.map(({ bytes }) => Math.sqrt(Math.max(1, bytes)))
  // a range must be seen at all
  const least = (weights.reduce((sum, weight) => sum + weight, 0) / Math.max(1, extents.length)) * 0.08
  const used = weights.map((weight) => Math.max(weight, least))
  const total = used.reduce((sum, weight) => sum + weight, 0) || 1
  const shares = used.map((weight) => weight / total)
  let top = 0
  const tops = shares.map((share) => {
    top += share
    return top - share
  })
  return { tops, shares }
}

/** Index of the range that holds an address, or the nearest below it; -1 below all. Ranges ascend. */
export function extentAt(extents: readonly Extent[], iova: number): number {
  let low = 0
  let high = extents.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (extents[middle]!.iova <= iova) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Where an address lies on the axis, 0 to 1; one in a hole lies at its edge. */
export function placeOf(extents: readonly Extent[], layout: SpaceLayout, iova: number): number {
  const at = extentAt(extents, iova)
  if (at < 0) return 0
  const { iova: begin, bytes } = extents[at]!
  return layout.tops[at]! + Math.min(1, (iova - begin) / bytes) * layout.shares[at]!
}
