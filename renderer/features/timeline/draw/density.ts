import type { Density, VmGroup } from '../../../../engine/api'
import type { PolicyInk } from '../../../components/palette'
import type { Surface } from '../../../components/surface'
import type { LaneLayout } from '../../../model/lanes'
import { type TimeRange, timeToX } from '../../../model/time-axis'

/** Pictures of densities, a pixel a cell, made once for a view and a theme; while one pans they are only moved. */
const pictures = new WeakMap<Density, { ink: PolicyInk; canvas: OffscreenCanvas }>()

/** Mappings per cell of time and row, the more the stronger. `window` is the time that the density covers, `segments` its VM's. */
export function drawDensity(
  { g, width }: Surface,
  density: Density,
  { layout, segments }: { layout: LaneLayout; segments: VmGroup['segments'] },
  window: TimeRange,
  range: TimeRange,
  ink: PolicyInk
): void {
  const canvas = pictureOf(density, ink)
  if (!canvas) return
  const x0 = timeToX(window.from, range, width)
  const x1 = timeToX(window.to, range, width)
  const { per } = density
  const stretches = per === undefined ? runsOf(layout, density.rows) : segmentRuns(layout, segments, per)
  const before = g.imageSmoothingEnabled
  // Cells lower than a pixel are averaged, others have sharp edges.
  g.imageSmoothingEnabled = layout.pitch * (per ?? 1) < 1
  for (const { row, rows, top } of stretches) {
    const lines = rows * (per ?? 1)
    const tall = (lines - 1) * layout.pitch + Math.max(layout.height, Math.min(1, layout.pitch))
    g.drawImage(canvas, 0, row, density.columns, rows, x0, top, x1 - x0, Math.max(1, tall))
  }
  g.imageSmoothingEnabled = before
}

/** Where the rows of a density are that has `per` of its VM's rows in each; a segment's last may be less than a whole one. */
export function segmentRuns(
  { tops }: LaneLayout,
  segments: VmGroup['segments'],
  per: number
): { row: number; rows: number; top: number }[] {
  let next = 0
  return segments.map(({ row, rows }) => {
    const first = next
    next += Math.ceil(rows / per)
    return { row: first, rows: rows / per, top: tops[row] ?? 0 }
  })
}

/** Rows that follow each other without a gap between segments are drawn in one go. */
export function runsOf({ tops, pitch }: LaneLayout, rows: number): { row: number; rows: number; top: number }[] {
  const runs: { row: number; rows: number; top: number }[] = []
  for (let row = 0; row < rows; row++) {
    const top = tops[row] ?? 0
    const last = runs.at(-1)
    if (last && Math.abs(top - last.top - last.rows * pitch) < 0.5) last.rows++
    else runs.push({ row, rows: 1, top })
  }
  return runs
}

function pictureOf(density: Density, ink: PolicyInk): OffscreenCanvas | null {
  const known = pictures.get(density)
  if (known?.ink === ink) return known.canvas
  const canvas = new OffscreenCanvas(density.columns, density.rows)
  const context = canvas.getContext('2d')
  if (!context) return null
  const pixels = new ImageData(density.columns, density.rows)
  paintCells(pixels.data, density.counts, ink)
  context.putImageData(pixels, 0, 0)
  pictures.set(density, { ink, canvas })
  return canvas
}

/** Strengths that are told apart. */
const LEVELS = 255

/** RGBA for each count: the fill first, then the line's colour over it. */
export function paintCells(out: Uint8ClampedArray, counts: Uint16Array, ink: PolicyInk): void {
  let most = 1
  for (let cell = 0; cell < counts.length; cell++) if (counts[cell]! > most) most = counts[cell]!
  const pixels = new Uint32Array(out.buffer, out.byteOffset, counts.length)
  const scale = Math.min(1, LEVELS / most)
  const colors = levelsOf(ink, Math.ceil(most * scale))
  for (let cell = 0; cell < counts.length; cell++) {
    const count = counts[cell]!
    if (count) pixels[cell] = colors[Math.ceil(count * scale)]!
  }
}

/** The pixel of each strength up to the most, in memory's order. */
function levelsOf({ fill, line }: PolicyInk, most: number): Uint32Array {
  const [from, to] = [rgb(fill), rgb(line)]
  const bytes = new Uint8ClampedArray(4 * (most + 1))
  for (let level = 1; level <= most; level++) {
    const strength = Math.min(1, (level / most) * 1.25)
    const over = strength < 0.5 ? 0 : (strength - 0.5) * 1.4
    for (let channel = 0; channel < 3; channel++)
      bytes[level * 4 + channel] = from[channel]! + (to[channel]! - from[channel]!) * over
    bytes[level * 4 + 3] = 255 * (strength < 0.5 ? 0.24 + strength * 1.1 : 0.82 + 0.18 * over)
  }
  return new Uint32Array(bytes.buffer)
}

function rgb(color: string): number[] {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
}
