import type { Rects, VmGroup } from '../../engine/api'
import { type TimeRange, xToTime } from './time-axis'

/** Pixels between two segments of the VA axis, where a dashed line stands for the hole that is left out. */
export const SEGMENT_GAP = 8
const PADDING = 4

/** Where a VM's rows are inside its VA map, in CSS pixels. */
export interface LaneLayout {
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

/** Labels that do not run into each other, the topmost first. */
export function spacedLabels(labels: LaneLayout['labels'], room = 12): LaneLayout['labels'] {
  let free = -Infinity
  return labels.filter(({ top }) => {
    if (top < free) return false
    free = top + room
    return true
  })
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
    const top = layout.tops[rects.row[index] ?? 0] ?? 0
    if (point.y < top - 1 || point.y > top + Math.max(layout.height, 3)) continue
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
