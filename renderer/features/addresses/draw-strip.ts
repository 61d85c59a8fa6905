import type { AddressRange, AddressSpace } from '../../../engine/api'
import { extentAt, layoutSpace, placeOf } from '../../../engine/space'
import { formatBytes, formatIova, quantityText } from '../../../engine/format'
import { shadeOf } from '../../components/palette'
import { font, type Surface } from '../../components/surface'
import type { Selection } from '../../model/selection'
import type { AddressWindow } from './useAddresses'

export const STRIP = { axis: 20, top: 26, height: 64, foot: 22 } as const

/** All used addresses side by side, the holes between them left out, and the window that is looked at. */
export function drawOverview(surface: Surface, space: AddressSpace, window: AddressWindow): void {
  const { g, width, height, palette } = surface
  const layout = layoutSpace(space.extents)
  const ink = palette.policy[space.policy]
  const [top, tall] = [4, height - 22]
  font(surface, 10)
  let free = -Infinity
  space.extents.forEach(({ iova, bytes }, index) => {
    const x = layout.tops[index]! * width
    const wide = Math.max(1, layout.shares[index]! * width - (index < space.extents.length - 1 ? 3 : 0))
    g.fillStyle = ink.fill
    g.globalAlpha = 0.82
    g.fillRect(x, top, wide, tall)
    g.globalAlpha = 1
    g.fillStyle = ink.line
    g.fillRect(x, top, wide, 1)
    const text = `${formatIova(iova)}, ${quantityText(formatBytes(bytes))}`
    const room = x + g.measureText(text).width + 8
    if (x < free || room > width + 8) return
    free = room
    g.fillStyle = palette.ink3
    g.fillText(text, x, height - 8)
  })
  const x0 = placeOf(space.extents, layout, window.from) * width
  const x1 = Math.max(x0 + 3, placeOf(space.extents, layout, window.to) * width)
  g.fillStyle = palette.selectSoft
  g.fillRect(x0, 0, x1 - x0, top + tall + 4)
  g.strokeStyle = palette.select
  g.lineWidth = 1
  g.strokeRect(Math.round(x0) + 0.5, 0.5, Math.max(2, Math.round(x1 - x0) - 1), top + tall + 3)
}

/** The address at a pixel of the overview. */
export function overviewAddress({ extents }: AddressSpace, share: number): number {
  const layout = layoutSpace(extents)
  let at = 0
  while (at < extents.length - 1 && layout.tops[at + 1]! <= share) at++
  const extent = extents[at]
  if (!extent) return 0
  return extent.iova + Math.min(1, (share - layout.tops[at]!) / layout.shares[at]!) * extent.bytes
}

/** The window of addresses to scale: mappings by policy and state, MAP_NULL dotted, aliases with a second line, holes empty. */
export function drawStrip(
  surface: Surface,
  space: AddressSpace,
  window: AddressWindow,
  selection: Selection | null,
  hovered: number
): void {
  const { g, width, palette } = surface
  const x = (iova: number): number => ((iova - window.from) / (window.to - window.from)) * width
  drawAxis(surface, window)
  const { top, height } = STRIP
  g.fillStyle = palette.bg0
  g.fillRect(0, top, width, height)
  if (space.coverage) return drawCoverage(surface, space, space.coverage)
  let reach = window.from
  for (const range of space.ranges) {
    drawHole(surface, x(reach), x(range.iova), range.iova - reach)
    reach = Math.max(reach, range.iova + range.bytes)
  }
  drawHole(surface, x(reach), width, window.to - reach)
  for (const range of space.ranges) {
    const x0 = Math.max(-2, x(range.iova))
    const wide = Math.max(1, Math.min(width + 2, x(range.iova + range.bytes)) - x0)
    drawRange(surface, space, range, x0, wide, range.va === hovered)
    const twin = selection !== null && selection.bo !== 0 && range.bo === selection.bo
    if (range.va !== selection?.va && !twin) continue
    g.strokeStyle = palette.select
    g.lineWidth = 1.5
    g.setLineDash(range.va === selection?.va ? [] : [3, 2])
    g.strokeRect(x0 - 1, top - 1.5, wide + 1, height + 3)
    g.setLineDash([])
  }
}

function drawRange(
  surface: Surface,
  space: AddressSpace,
  range: AddressRange,
  x: number,
  width: number,
  hovered: boolean
): void {
  const { g, palette } = surface
  const { top, height } = STRIP
  const ink = range.bo === 0 ? palette.policy.none : palette.policy[space.policy]
  // A pixel of air where there is room for it.
  const wide = width > 3 ? width - 1 : width
  g.lineWidth = 1
  if (range.bo === 0) {
    g.strokeStyle = ink.line
    g.setLineDash([2, 2])
    g.strokeRect(x + 0.5, top + 0.5, wide - 1, height - 1)
    g.setLineDash([])
  } else if (range.state === 'live') {
    g.fillStyle = shadeOf(ink, range.bo)
    g.fillRect(x, top, wide, height)
    g.fillStyle = ink.line
    g.fillRect(x, top, wide, 1)
  } else {
    g.strokeStyle = ink.line
    g.fillStyle = range.state === 'pending' ? palette.hatch(g, ink.line, 3) : ink.line
    g.strokeRect(x + 0.5, top + 0.5, wide - 1, height - 1)
    if (range.state === 'pending') g.fillRect(x, top, wide, height)
    else g.fillRect(x, top + height / 2 - 1, wide, 2)
  }
  // The same bytes are seen elsewhere too.
  if (range.alias) {
    g.fillStyle = ink.line
    g.fillRect(x, top + height - 5, wide, 1)
    g.fillRect(x, top + height - 2, wide, 2)
  }
  if (hovered) {
    g.fillStyle = palette.selectSoft
    g.fillRect(x, top, wide, height)
  }
  const name = range.bo === 0 ? 'MAP_NULL' : `BO ${range.bo} ${range.boName}`.trim()
  const lines = [name, quantityText(formatBytes(range.bytes))]
  lines.forEach((text, line) => {
    font(surface, 10, line > 0, 500)
    if (x + 6 + g.measureText(text).width + 4 > x + wide || x < -1) return
    g.fillStyle = palette.ink1
    g.fillText(text, x + 6, top + 12 + line * 14)
  })
}

/** What is not mapped is empty, with its size where there is room. */
function drawHole(surface: Surface, from: number, to: number, bytes: number): void {
  const { g, width, palette } = surface
  const [x0, x1] = [Math.max(0, from), Math.min(width, to)]
  if (x1 - x0 < 28 || bytes <= 0) return
  font(surface, 10)
  const text = `hole ${quantityText(formatBytes(bytes))}`
  const wide = g.measureText(text).width
  g.fillStyle = palette.ink3
  if (wide + 12 < x1 - x0) g.fillText(text, (x0 + x1 - wide) / 2, STRIP.top + STRIP.height / 2)
}

function drawCoverage({ g, width, palette }: Surface, space: AddressSpace, coverage: Float32Array): void {
  const ink = palette.policy[space.policy]
  const step = width / coverage.length
  coverage.forEach((share, cell) => {
    if (!share) return
    g.fillStyle = ink.line
    g.globalAlpha = 0.25 + 0.6 * share
    g.fillRect(cell * step, STRIP.top, Math.max(1, step), STRIP.height)
  })
  g.globalAlpha = 1
}

/** Addresses at round steps of a power of two. */
function drawAxis(surface: Surface, { from, to }: AddressWindow): void {
  const { g, width, palette } = surface
  font(surface, 10)
  const room = ((to - from) / width) * 128
  const step = 2 ** Math.max(8, Math.ceil(Math.log2(room)))
  for (let iova = Math.ceil(from / step) * step; iova <= to; iova += step) {
    const x = Math.round(((iova - from) / (to - from)) * width)
    g.fillStyle = palette.line2
    g.fillRect(x, STRIP.axis - 4, 1, 8)
    g.fillStyle = palette.grid
    g.fillRect(x, STRIP.top, 1, STRIP.height + STRIP.foot)
    const text = formatIova(iova)
    if (x + 4 + g.measureText(text).width > width) continue
    g.fillStyle = palette.ink2
    g.fillText(text, x + 4, 9)
  }
}

/** The mapping at an address, or undefined. */
export function rangeAt(space: AddressSpace, iova: number): AddressRange | undefined {
  const at = extentAt(space.ranges, iova)
  const range = space.ranges[at]
  return range && iova < range.iova + range.bytes ? range : undefined
}
