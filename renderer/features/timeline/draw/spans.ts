import type { Spans } from '../../../../engine/api'
import type { Surface } from '../../../components/surface'
import { type TimeRange, timeToX } from '../../../model/time-axis'
import { drawGrid } from './grid'

/**
 * Spans of work on one lane: hatched while queued, solid while it runs, ink where the cursor is inside. An arrow leads from where that one
 * was queued to where its fence signals.
 */
export function drawSpans(surface: Surface, spans: Spans, range: TimeRange, time: number, color?: string): void {
  const { g, width, height, palette } = surface
  const [top, tall] = [5, height - 10]
  drawGrid(surface, range)
  let painted = -1
  let fence: [number, number] | null = null
  for (let index = 0; index < spans.start.length; index++) {
    const { queued, start, end } = spanAt(spans, index)
    const x1 = Math.min(width + 2, timeToX(end, range, width))
    const xq = Math.max(-2, timeToX(queued, range, width))
    if (x1 < 0 || xq > width) continue
    if (queued <= time && end > time) fence = [xq, x1]
    const x0 = Math.min(width + 2, Math.max(-2, timeToX(start, range, width)))
    if (x0 - xq > 3) {
      g.fillStyle = palette.hatch(g, color ?? palette.data, 3)
      g.fillRect(xq, top, x0 - xq, tall)
    }
    const inside = start <= time && end > time
    // Thousands of spans may share a pixel; drawing it once is enough.
    if (x1 <= painted && !inside) continue
    g.fillStyle = inside ? palette.ink1 : (color ?? palette.dataSoft)
    g.fillRect(x0, top, Math.max(1.5, x1 - x0 - 0.5), tall)
    painted = x0 + 1.5
  }
  if (fence) drawFence(surface, fence[0], fence[1])
}

/** Above the lane's spans, so that it hides none. The head is left out where the fence lies outside of the window. */
function drawFence({ g, width, palette }: Surface, from: number, to: number): void {
  if (to - from < 10) return
  g.fillStyle = palette.ink1
  g.fillRect(from, 1, 1, 4)
  g.fillRect(from, 2, to - from, 1)
  if (to > width) return
  for (let back = 0; back < 4; back++) g.fillRect(to - 1 - back, 2 - back / 2, 1, back + 1)
}

/** Index of the span at a time: the newest that covers it, else the nearest within `slack` seconds; -1 where there is none. */
export function spanUnder(spans: Spans, time: number, slack: number): number {
  let best = -1
  let nearest = slack
  for (let index = 0; index < spans.start.length; index++) {
    const { queued, end } = spanAt(spans, index)
    const distance = Math.max(0, queued - time, time - end)
    if (distance > nearest) continue
    nearest = distance
    best = index
  }
  return best
}

/** The VM_BIND job of a VM in whose run a moment lies: what was done to the VM then is its work. null where none is in view. */
export function jobAt(jobs: Spans, vm: number, time: number): { id: number; queued: number; end: number } | null {
  for (let index = 0; index < jobs.start.length; index++) {
    const { queued, start, end } = spanAt(jobs, index)
    if (jobs.vm?.[index] === vm && start <= time && time <= end) return { id: jobs.id[index]!, queued, end }
  }
  return null
}

/** How many spans are queued and how many run at a time. */
export function spansAt(spans: Spans, time: number): { queued: number; running: number } {
  let [queued, running] = [0, 0]
  for (let index = 0; index < spans.start.length; index++) {
    const { queued: from, start, end } = spanAt(spans, index)
    if (from <= time && start > time) queued++
    else if (start <= time && end > time) running++
  }
  return { queued, running }
}

/** What has not begun or ended yet (NaN) does so later than any time. */
function spanAt(spans: Spans, index: number): { queued: number; start: number; end: number } {
  const later = (time: number | undefined): number => (time === undefined || Number.isNaN(time) ? Infinity : time)
  return { queued: spans.queued[index] ?? 0, start: later(spans.start[index]), end: later(spans.end[index]) }
}
