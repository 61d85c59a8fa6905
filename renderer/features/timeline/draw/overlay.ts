import type { Mark } from '../../../../engine/api'
import { font, type Surface } from '../../../components/surface'
import { formatTime } from '../../../../engine/format'
import { type TimeRange, timeToX } from '../../../model/time-axis'
import { drawRuns } from './runs'

/** More lines than this across all lanes would hide what they mark; each then is a tick in its strip. */
const LINES = 12

/** What crosses all lanes: losses, snapshots, faults, the newest time and the cursor; and the runs of scenarios in their strip. */
export interface OverlayScene {
  marks: Mark[]
  range: TimeRange
  cursor: number | null
  /** Newest time while live; null in a recording. */
  live: number | null
  /** Top and bottom of the stretches between group heads, which stay opaque over bands. */
  bands: [number, number][]
  /** From a VM_BIND job to the mapping whose page tables it wrote: when, and from which y to which. */
  bind: { time: number; from: number; to: number } | null
  /** Tops of the ruler's strips. */
  ruler: { labels: number; marks: number; runs: number }
}

export function drawOverlay(surface: Surface, scene: OverlayScene): void {
  const { marks, range, ruler } = scene
  const used: [number, number][] = scene.live === null ? [] : [liveFlag(surface, scene, scene.live)]
  drawRuns(surface, marks, range, ruler.runs + 1, 14)
  // Losses first: their bands lie under the thin lines. Then what matters most has its label first.
  for (const mark of marks) if (mark.kind === 'loss') drawLoss(surface, scene, mark, used)
  for (const kind of ['fault', 'gap', 'note', 'snapshot'] as const) drawMoments(surface, scene, kind, used)
  drawEvictions(surface, scene)
  if (scene.bind) drawBind(surface, scene, scene.bind)
  if (scene.cursor !== null) drawCursor(surface, scene, scene.cursor)
}

function drawLoss(surface: Surface, { range, bands, ruler }: OverlayScene, mark: Mark, used: [number, number][]): void {
  const { g, width, palette } = surface
  const x0 = Math.round(timeToX(mark.time, range, width))
  const x1 = Math.max(x0 + 2, Math.round(timeToX(mark.until, range, width)))
  if (x1 < 0 || x0 > width) return
  for (const [top, bottom] of bands) {
    g.fillStyle = palette.bg0
    g.globalAlpha = 0.72
    g.fillRect(x0, top, x1 - x0, bottom - top)
    g.globalAlpha = 1
    g.fillStyle = palette.hatch(g, palette.loss, 4)
    g.fillRect(x0, top, x1 - x0, bottom - top)
    g.fillStyle = palette.loss
    g.fillRect(x0, top, 1, bottom - top)
    g.fillRect(x1 - 1, top, 1, bottom - top)
  }
  flag(surface, x1 - 1, ruler.marks, mark.text, palette.ink1, used)
}

/** Dotted: a snapshot. Dashed: said by somebody or doubted. Whole, in the colour of errors: a fault of the GPU. */
const DASH: Partial<Record<Mark['kind'], number[]>> = { snapshot: [1, 3], gap: [4, 3], note: [4, 3], fault: [] }

function drawMoments(surface: Surface, scene: OverlayScene, kind: Mark['kind'], used: [number, number][]): void {
  const { g, width, palette } = surface
  const { range, bands, ruler } = scene
  const inView = scene.marks.filter((mark) => mark.kind === kind && mark.time >= range.from && mark.time <= range.to)
  const ink = kind === 'fault' ? palette.error : kind === 'gap' ? palette.ink2 : palette.ink3
  g.strokeStyle = ink
  g.lineWidth = 1
  g.setLineDash(DASH[kind] ?? [])
  g.beginPath()
  if (inView.length <= LINES || kind === 'fault')
    for (const { time } of inView) {
      const x = Math.round(timeToX(time, range, width)) + 0.5
      for (const [top, bottom] of bands) {
        g.moveTo(x, top)
        g.lineTo(x, bottom)
      }
    }
  g.stroke()
  g.setLineDash([])
  let last = -Infinity
  for (const { time, text } of inView) {
    const x = Math.round(timeToX(time, range, width))
    // ticks on one pixel are one tick
    if (x - last < 2) continue
    last = x
    flag(
      surface,
      x,
      ruler.marks,
      kind === 'fault' ? `✕ ${text}` : text,
      kind === 'fault' ? palette.error : palette.ink2,
      used
    )
  }
}

/** Times without their pages, as hollow spans at the foot of the marks. */
function drawEvictions({ g, width, palette }: Surface, { marks, range, ruler }: OverlayScene): void {
  g.strokeStyle = palette.ink2
  g.lineWidth = 1
  let reach = -Infinity
  for (const { kind, time, until } of marks) {
    if (kind !== 'eviction') continue
    const from = Math.max(0, Math.round(timeToX(time, range, width)))
    const to = Math.min(width, Math.max(from + 3, timeToX(until, range, width)))
    if (to < 0 || from > width || to <= reach) continue
    g.strokeRect(from + 0.5, ruler.marks + 11.5, Math.max(2, to - from - 1), 3)
    reach = to
  }
}

/** Down to the mapping, behind the heads as all that crosses lanes. */
function drawBind(
  { g, width, palette }: Surface,
  { range, bands }: OverlayScene,
  bind: NonNullable<OverlayScene['bind']>
): void {
  const x = Math.round(timeToX(bind.time, range, width))
  if (x < 0 || x > width) return
  g.fillStyle = palette.ink1
  for (const [top, bottom] of bands) {
    const [from, to] = [Math.max(top, bind.from), Math.min(bottom, bind.to)]
    if (to > from) g.fillRect(x, from, 1, to - from)
  }
  const inBand = bands.some(([top, bottom]) => bind.to > top && bind.to <= bottom)
  // The point is left out where the mapping is scrolled out of sight.
  if (inBand) for (let back = 0; back < 4; back++) g.fillRect(x - back, bind.to - 1 - back, 2 * back + 1, 1)
}

/** A label beside its line; one that would cover another is only a tick. */
function flag(
  { g, palette, ...rest }: Surface,
  x: number,
  y: number,
  text: string,
  color: string,
  used: [number, number][]
): void {
  font({ g, palette, ...rest }, 10, false, 500)
  const end = x + g.measureText(text).width + 10
  const free = !used.some(([from, to]) => x < to && end > from)
  if (free) {
    used.push([x, end])
    g.fillStyle = palette.bg3
    g.fillRect(x, y + 1, end - x, 14)
  }
  g.fillStyle = color
  g.fillRect(x, y + 1, 1, 14)
  if (free) g.fillText(text, x + 5, y + 8.5)
}

function liveFlag(surface: Surface, { range, ruler }: OverlayScene, live: number): [number, number] {
  const { g, width, height, palette } = surface
  const x = Math.min(width - 1, Math.round(timeToX(live, range, width)))
  if (timeToX(live, range, width) > width + 1 || x < 0) return [Infinity, Infinity]
  g.fillStyle = palette.record
  g.fillRect(x, ruler.marks + 1, 1, height)
  g.beginPath()
  g.arc(x - 8, ruler.marks + 8, 3.5, 0, 7)
  g.fill()
  font(surface, 10, false, 500)
  g.fillStyle = palette.ink1
  g.textAlign = 'right'
  g.fillText('live', x - 15, ruler.marks + 8.5)
  g.textAlign = 'left'
  return [x - 38, x]
}

function drawCursor(surface: Surface, { range, ruler }: OverlayScene, cursor: number): void {
  const { g, width, height, palette } = surface
  const x = Math.round(timeToX(cursor, range, width))
  if (x < -1 || x > width + 1) return
  g.fillStyle = palette.cursor
  g.fillRect(x, ruler.labels + 16, 1, height)
  font(surface, 10, true, 600)
  const text = formatTime(cursor)
  const wide = Math.ceil(g.measureText(text).width) + 8
  const left = Math.min(width - wide, Math.max(0, Math.round(x - wide / 2)))
  g.fillRect(left, ruler.labels + 1, wide, 16)
  g.fillStyle = palette.inkInverse
  g.fillText(text, left + 4, ruler.labels + 9.5)
}
