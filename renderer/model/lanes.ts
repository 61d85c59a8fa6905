import type { Rects, View, VmGroup } from '../../engine/api'
import { ADDRESS_ROWS, layoutSpace, placeOf } from '../../engine/space'
import { type TimeRange, xToTime } from './time-axis'

/** Pixels between two segments of the VA axis, where a dashed line stands for the hole that is left out. */
export const SEGMENT_GAP = 8
const PADDING = 4

/** What the rows of a VA map are: packed lanes, addresses, or a lane for each BO. */
export type MapAxis = 'lanes' | 'address' | 'bo'
export const MAP_AXES: readonly MapAxis[] = ['lanes', 'address', 'bo']

/** Where a VM's rows are inside its VA map, in CSS pixels. */
export interface LaneLayout {
  /** Top and height of one mapping; where left out, its row says. */
  place?(rects: Rects, index: number): { top: number; height: number }
  /** Top of each row. */
  tops: Float32Array
  /** Height of a row, with the gap to the next. */
  pitch: number
  /** Height of what is drawn of a row. */
  height: number
  /** Middles of the gaps between segments. */
  breaks: number[]
  /** Top and address of each segment. */
  labels: { top: number; iova: number; bytes: number }[]
}

/** Height of a VM's VA map. Few steps, so that a row more or less does not move the page. */
export function mapHeight(rows: number): number {
  return rows <= 2 ? 36 : rows <= 5 ? 60 : rows <= 9 ? 108 : 168
}

/** Fits a VM's rows and segments into its VA map. */
export function layoutLanes(group: Pick<VmGroup, 'rows' | 'segments'>, height: number): LaneLayout {
  const rows = Math.max(1, group.rows)
  const gap = group.segments.length > 1 ? Math.min(SEGMENT_GAP, (height * 0.3) / (group.segments.length - 1)) : 0
  const gaps = gap * Math.max(0, group.segments.length - 1)
  const pitch = Math.min(16, (height - 2 * PADDING - gaps) / rows)
  const tops = Float32Array.from({ length: rows }, (_, row) => PADDING + row * pitch)
  const breaks: number[] = []
  const labels: LaneLayout['labels'] = []
  group.segments.forEach((segment, index) => {
    const top = PADDING + segment.row * pitch + index * gap
    if (index > 0) breaks.push(top - gap / 2)
    labels.push({ top, iova: segment.iova, bytes: segment.bytes })
    for (let row = segment.row; row < Math.min(rows, segment.row + segment.rows); row++) {
      tops[row] = top + (row - segment.row) * pitch
    }
  })
  return { tops, pitch, height: Math.max(1, pitch > 4 ? pitch - 2 : pitch > 2 ? pitch - 1 : pitch), breaks, labels }
}

/** Addresses from top to bottom, the holes between the used ranges left out: each mapping at its place and of its size. */
export function layoutAddresses({ extents }: Pick<VmGroup, 'extents'>, height: number): LaneLayout {
  const space = layoutSpace(extents)
  const gap = extents.length > 1 ? Math.min(SEGMENT_GAP, (height * 0.3) / (extents.length - 1)) : 0
  const room = height - 2 * PADDING - gap * Math.max(0, extents.length - 1)
  const gapsBefore = (share: number): number => {
    let at = space.tops.length - 1
    while (at > 0 && space.tops[at]! > share + 1e-9) at--
    return Math.max(0, at) * gap
  }
  const y = (share: number): number => PADDING + share * room + gapsBefore(share)
  const rows = ADDRESS_ROWS
  return {
    place(rects, index) {
      const iova = rects.iova[index] ?? 0
      const from = placeOf(extents, space, iova)
      const to = placeOf(extents, space, iova + (rects.bytes[index] ?? 0) - 1)
      const top = y(from)
      return { top, height: Math.max(1, (to - from) * room - ((to - from) * room > 4 ? 1 : 0)) }
    },
    tops: Float32Array.from({ length: rows }, (_, row) => y(row / rows)),
    pitch: room / rows,
    height: Math.max(1, room / rows),
    breaks: space.tops.slice(1).map((top) => y(top) - gap / 2),
    labels: extents.flatMap(({ iova, bytes }, index) =>
      addressLabels(iova, bytes, y(space.tops[index]!), space.shares[index]! * room)
    )
  }
}

/** The first address of a range, and more of them down a tall one, on whole pages. */
function addressLabels(iova: number, bytes: number, top: number, tall: number): LaneLayout['labels'] {
  const count = Math.max(1, Math.floor(tall / 44))
  return Array.from({ length: count }, (_, n) => {
    const at = Math.round((bytes * n) / count / 4096) * 4096
    return { top: top + (at / bytes) * tall, iova: iova + at, bytes: bytes - at }
  })
}

/** A lane for each BO in view, in the order in which they were first mapped. Those without BO share the last. */
export function layoutBos(rects: Rects, group: number, height: number): LaneLayout & { bos: number[] } {
  const lanes = new Map<number, number>()
  for (let index = 0; index < rects.group.length; index++) {
    const bo = rects.bo[index] ?? 0
    if (rects.group[index] === group && bo !== 0 && !lanes.has(bo)) lanes.set(bo, lanes.size)
  }
  const bos = [...lanes.keys()]
  const pitch = Math.min(16, (height - 2 * PADDING) / Math.max(1, bos.length + 1))
  const tall = Math.max(1, pitch > 4 ? pitch - 2 : pitch)
  const top = (bo: number): number => PADDING + (lanes.get(bo) ?? lanes.size) * pitch
  return {
    bos,
    place: (all, index) => ({ top: top(all.bo[index] ?? 0), height: tall }),
    tops: new Float32Array(),
    pitch,
    height: tall,
    breaks: [],
    labels: []
  }
}

/** The rows of a VM's map as they are drawn. Too many mappings come as density, which has no BOs, and addresses only where it was asked for so. */
export function layoutMap(
  view: View,
  index: number,
  axis: MapAxis,
  height: number
): LaneLayout | (LaneLayout & { bos: number[] }) {
  const vm = view.vms[index]!
  if (axis === 'address' && (view.request.axis === 'address' || !view.rectsCut[index]))
    return layoutAddresses(vm, height)
  if (axis === 'bo' && !view.rectsCut[index]) return layoutBos(view.rects, index, height)
  return layoutLanes(vm, height)
}

/** Labels that do not run into each other, the topmost first. */
export function spacedLabels(labels: LaneLayout['labels'], room = 12): LaneLayout['labels'] {
  let free = -Infinity
  return labels.filter(({ top }) => {
    if (top < free) return false
    free = top + room
    return true
  })
}

/** Top and height of one mapping. */
export function boxOf(layout: LaneLayout, rects: Rects, index: number): { top: number; height: number } {
  return layout.place?.(rects, index) ?? { top: layout.tops[rects.row[index] ?? 0] ?? 0, height: layout.height }
}

/**
 * Index of the mapping under a point of a VA map, or -1. A mapping narrower than `slack` pixels can be hit beside its edge;
 * the nearest wins.
 */
export function hitMapping(
  rects: Rects,
  group: number,
  layout: LaneLayout,
  range: TimeRange,
  point: { x: number; y: number; width: number },
  slack = 3
): number {
  const time = xToTime(point.x, range, point.width)
  const reach = xToTime(slack, range, point.width) - range.from
  let best = -1
  let nearest = Infinity
  for (let index = 0; index < rects.group.length; index++) {
    if (rects.group[index] !== group) continue
    const { top, height } = boxOf(layout, rects, index)
    if (point.y < top - 1 || point.y > top + Math.max(height, 3)) continue
    const before = (rects.start[index] ?? 0) - time
    const after = time - (rects.end[index] ?? 0)
    const distance = Math.max(0, before, after)
    if (distance <= reach && distance < nearest) {
      nearest = distance
      best = index
    }
  }
  return best
}
