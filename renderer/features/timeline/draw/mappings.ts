import type { View } from '../../../../engine/api'
import { type PolicyInk, shadeOf } from '../../../components/palette'
import { font, type Surface } from '../../../components/surface'
import { formatBytes, quantityText } from '../../../../engine/format'
import { boxOf, type LaneLayout } from '../../../model/lanes'
import type { Selection } from '../../../model/selection'
import { type TimeRange, timeToX } from '../../../model/time-axis'
import { drawDensity } from './density'
import { drawGrid } from './grid'

/** Mappings narrower than this are density. */
const DENSITY_WIDTH = 2.5
const CELL = 4
/** Rows lower than this have no room for text. */
const LABEL_HEIGHT = 9

const STATE = { ended: 0, live: 1, pending: 2, evicted: 3 } as const

export interface MapScene {
  view: View
  /** Index into view.vms. */
  group: number
  layout: LaneLayout
  range: TimeRange
  /** The time at which mappings are bright. */
  time: number
  selection: Selection | null
  /** Name of a BO where it is known, for the label. */
  boName(bo: number): string
}

/** One VM's address space over time: a row per mapping, hue by policy, shade by BO, form by state. */
export function drawMappings(surface: Surface, scene: MapScene): void {
  const { width, palette } = surface
  const { view, group, layout, range } = scene
  const { rects } = view
  const policy = view.vms[group]?.policy ?? 'unknown'
  const ink = palette.policy[policy]
  const cells = new Map<number, number>()

  drawGrid(surface, range)
  drawBreaks(surface, layout)
  const segments = view.vms[group]?.segments ?? []
  for (const density of view.density)
    if (density.group === group) drawDensity(surface, density, { layout, segments }, view.request, range, ink)

  for (let index = 0; index < rects.group.length; index++) {
    if (rects.group[index] !== group) continue
    const start = rects.start[index] ?? 0
    const end = Math.min(rects.end[index] ?? 0, view.end)
    const x0 = Math.max(-2, timeToX(start, range, width))
    const x1 = Math.min(width + 2, timeToX(end, range, width))
    if (x1 < -1 || x0 > width + 1) continue
    const { top, height } = boxOf(layout, rects, index)
    const chosen = scene.selection?.va === rects.va[index]
    if (x1 - x0 < DENSITY_WIDTH && !chosen) {
      const key = Math.floor(top / CELL) * 65536 + Math.max(0, Math.floor(x0 / CELL))
      cells.set(key, (cells.get(key) ?? 0) + 1)
      continue
    }
    const bo = rects.bo[index] ?? 0
    const box = { x: x0, y: top, width: Math.max(1, x1 - x0), height }
    const bright = start <= scene.time && (rects.end[index] ?? 0) > scene.time
    drawOne(surface, box, bo === 0 ? palette.policy.none : ink, { bo, bright, state: rects.state[index] ?? STATE.live })
    if (bo !== 0 || rects.state[index] !== STATE.evicted) {
      drawLabel(
        surface,
        box,
        bo === 0 ? `MAP_NULL ${quantityText(formatBytes(rects.bytes[index] ?? 0))}` : label(bo, scene)
      )
    }
  }
  drawCells(surface, cells, ink)
  if (scene.selection) outlineSelected(surface, scene, scene.selection)
}

interface Box {
  x: number
  y: number
  width: number
  height: number
}

function drawOne(
  { g, palette }: Surface,
  box: Box,
  ink: PolicyInk,
  { bo, bright, state }: { bo: number; bright: boolean; state: number }
): void {
  // One pixel of air tells two mappings apart that follow each other.
  const width = Math.max(1, box.width - 1)
  if (bo === 0) {
    g.strokeStyle = ink.line
    g.globalAlpha = bright ? 1 : palette.endedAlpha
    g.lineWidth = 1
    g.setLineDash([2, 2])
    g.strokeRect(box.x + 0.5, box.y + 0.5, width, box.height - 1)
    g.setLineDash([])
  } else if (state === STATE.evicted && bright) {
    g.strokeStyle = g.fillStyle = ink.line
    g.lineWidth = 1
    g.strokeRect(box.x + 0.5, box.y + 0.5, width - 1, box.height - 1)
    g.fillRect(box.x + 1, box.y + box.height / 2 - 0.75, width - 2, 1.5)
  } else if (state === STATE.pending && bright) {
    g.fillStyle = g.strokeStyle = ink.line
    g.fillStyle = palette.hatch(g, ink.line, 3)
    g.fillRect(box.x, box.y, width, box.height)
    g.lineWidth = 1
    g.strokeRect(box.x + 0.5, box.y + 0.5, width - 1, box.height - 1)
  } else {
    g.fillStyle = shadeOf(ink, bo)
    g.globalAlpha = bright ? 0.86 : palette.endedAlpha
    g.fillRect(box.x, box.y, width, box.height)
    g.fillStyle = ink.line
    // A row too low for a line at its top is lit as a whole, so that the shade still shows.
    g.globalAlpha = box.height < 4 ? 0.4 : 1
    if (bright) g.fillRect(box.x, box.y, width, box.height < 4 ? box.height : 1)
  }
  g.globalAlpha = 1
}

function label(bo: number, scene: MapScene): string {
  const name = scene.boName(bo)
  return name ? `BO ${bo} ${name}` : `BO ${bo}`
}

function drawLabel(surface: Surface, box: Box, text: string): void {
  const { g, palette } = surface
  if (box.height < LABEL_HEIGHT || box.width < 48) return
  font(surface, 10, false, 500)
  const x = Math.max(6, box.x + 6)
  if (x + g.measureText(text).width + 6 > box.x + box.width) return
  g.fillStyle = palette.ink1
  g.fillText(text, x, box.y + box.height / 2 + 0.5)
}

/** Dashed lines where the VA axis leaves a hole out. */
function drawBreaks({ g, width, palette }: Surface, layout: LaneLayout): void {
  g.fillStyle = palette.line
  for (const y of layout.breaks) for (let x = 0; x < width; x += 6) g.fillRect(x, Math.round(y), 3, 1)
}

/** Many short mappings: the more in a cell, the stronger. */
function drawCells({ g }: Surface, cells: Map<number, number>, ink: PolicyInk): void {
  let most = 1
  for (const count of cells.values()) most = Math.max(most, count)
  for (const [key, count] of cells)
    fillCell(g, ink, (key % 65536) * CELL, Math.floor(key / 65536) * CELL, CELL, CELL, count / most)
  g.globalAlpha = 1
}

function fillCell(
  g: CanvasRenderingContext2D,
  ink: PolicyInk,
  x: number,
  y: number,
  width: number,
  height: number,
  share: number
): void {
  const strength = Math.min(1, share * 1.25)
  g.fillStyle = ink.fill
  g.globalAlpha = strength < 0.5 ? 0.24 + strength * 1.1 : 0.82
  g.fillRect(x, y, width, height)
  if (strength < 0.5) return
  g.fillStyle = ink.line
  g.globalAlpha = (strength - 0.5) * 1.4
  g.fillRect(x, y, width, height)
}

/** Ink around the selected mapping; dashed ink around its twins, the mappings of the same BO in another VM. */
function outlineSelected({ g, width, palette }: Surface, scene: MapScene, selection: Selection): void {
  const { rects, end, vms } = scene.view
  const elsewhere = selection.bo !== 0 && vms[scene.group]?.vm !== selection.vm
  g.strokeStyle = palette.select
  for (let index = 0; index < rects.group.length; index++) {
    if (rects.group[index] !== scene.group) continue
    const chosen = rects.va[index] === selection.va
    if (!chosen && (!elsewhere || rects.bo[index] !== selection.bo)) continue
    const x0 = Math.max(-3, timeToX(rects.start[index] ?? 0, scene.range, width))
    const x1 = Math.min(width + 3, timeToX(Math.min(rects.end[index] ?? 0, end), scene.range, width))
    if (x1 < 0 || x0 > width) continue
    g.lineWidth = chosen ? 1.5 : 1
    g.setLineDash(chosen ? [] : [3, 2])
    const { top, height } = boxOf(scene.layout, rects, index)
    g.strokeRect(x0 - 1, top - 0.5, Math.max(2, x1 - x0 + 1), height + 1)
  }
  g.setLineDash([])
}
