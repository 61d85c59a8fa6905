import type { CompareLanes } from '../../../engine/api'
import { type PolicyInk, shadeOf } from '../../components/palette'
import type { Surface } from '../../components/surface'

const PADDING = 3
/** Alpha of what is not selected while something is. */
const ASIDE = 0.3

export interface LaneScene {
  lanes: CompareLanes
  /** Index into lanes.vms. */
  group: number
  /** Where a time of this side stands, as a share of the width. */
  place(time: number): number
  /** The selected BO of this side; null: none, so that nothing stands aside. */
  bo: number | null
  /** There is a selection, on this side or not. */
  any: boolean
}

interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** One VM of one side over time: rows as on the timeline, hue by policy, shade by BO. */
export function drawLane(surface: Surface, scene: LaneScene): void {
  const { g, palette } = surface
  const { lanes, group, bo, any } = scene
  const ink = palette.policy[lanes.vms[group]?.policy ?? 'unknown']
  for (const density of lanes.density) if (density.group === group) drawCells(surface, scene, density, ink)
  const chosen: Box[] = []
  for (let i = 0; i < lanes.rects.group.length; i++) {
    if (lanes.rects.group[i] !== group) continue
    const box = boxOf(surface, scene, i)
    const of = lanes.rects.bo[i] ?? 0
    const own = of === 0 ? palette.policy.none : ink
    g.globalAlpha = any && of !== bo ? ASIDE : 0.9
    g.fillStyle = shadeOf(own, of)
    g.fillRect(box.x, box.y, box.width, box.height)
    g.fillStyle = own.line
    if (box.height >= 4) g.fillRect(box.x, box.y, box.width, 1)
    if (of !== 0 && of === bo) chosen.push(box)
  }
  g.globalAlpha = 1
  g.strokeStyle = palette.select
  g.lineWidth = 1.5
  for (const { x, y, width, height } of chosen) g.strokeRect(x - 1, y - 0.75, width + 2, height + 1.5)
}

/** The BO of the mapping at a place; null where there is none, or a sparse range. */
export function boAt(size: { width: number; height: number }, scene: LaneScene, x: number, y: number): number | null {
  const { rects } = scene.lanes
  for (let i = rects.group.length - 1; i >= 0; i--) {
    if (rects.group[i] !== scene.group || !rects.bo[i]) continue
    const box = boxOf(size, scene, i)
    // a hair is hard to hit
    if (x >= box.x - 2 && x <= box.x + box.width + 2 && y >= box.y - 1 && y <= box.y + box.height + 1)
      return rects.bo[i] ?? null
  }
  return null
}

function boxOf(
  { width, height }: { width: number; height: number },
  { lanes, group, place }: LaneScene,
  i: number
): Box {
  const { rects, end, vms } = lanes
  const pitch = Math.min(12, (height - 2 * PADDING) / Math.max(1, vms[group]?.rows ?? 1))
  const x0 = Math.max(-2, place(rects.start[i] ?? 0) * width)
  const x1 = Math.min(width + 2, place(Math.min(rects.end[i] ?? 0, end)) * width)
  return {
    x: x0,
    y: PADDING + (rects.row[i] ?? 0) * pitch,
    width: Math.max(1, x1 - x0 - (x1 - x0 > 3 ? 1 : 0)),
    height: Math.max(1, pitch > 4 ? pitch - 1.5 : pitch)
  }
}

/** More mappings than can be told apart: the more in a cell, the stronger. */
function drawCells(
  { g, width, height }: Surface,
  { lanes, place, any }: LaneScene,
  { columns, rows, counts }: CompareLanes['density'][number],
  ink: PolicyInk
): void {
  const { from, to } = lanes.request
  let most = 1
  for (const count of counts) most = Math.max(most, count)
  const pitch = (height - 2 * PADDING) / rows
  for (let column = 0; column < columns; column++) {
    const x0 = place(from + ((to - from) * column) / columns) * width
    const x1 = place(from + ((to - from) * (column + 1)) / columns) * width
    for (let row = 0; row < rows; row++) {
      const count = counts[row * columns + column] ?? 0
      if (!count) continue
      g.globalAlpha = (0.25 + 0.7 * (count / most)) * (any ? ASIDE : 1)
      g.fillStyle = ink.fill
      g.fillRect(x0, PADDING + row * pitch, Math.max(0.5, x1 - x0), Math.max(0.5, pitch))
    }
  }
  g.globalAlpha = 1
}
