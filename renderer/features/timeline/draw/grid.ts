import type { Surface } from '../../../components/surface'
import { font } from '../../../components/surface'
import { formatTime } from '../../../../engine/format'
import { tickDecimals, ticks, tickStep, type TimeRange, timeToX } from '../../../model/time-axis'

/** Vertical lines at the labelled ticks, the same in every lane. */
export function drawGrid({ g, width, height, palette }: Surface, range: TimeRange): void {
  g.fillStyle = palette.grid
  for (const time of ticks(range, tickStep(range, width)))
    g.fillRect(Math.round(timeToX(time, range, width)), 0, 1, height)
}

/** The ruler: labelled ticks above, strips for marks and runs below. Labels under the cursor's own are left out. */
export function drawRuler(surface: Surface, range: TimeRange, cursor: number | null): void {
  const { g, width, palette } = surface
  g.fillStyle = palette.bg2
  g.fillRect(0, 0, width, 20)
  g.fillStyle = palette.bg1
  g.fillRect(0, 20, width, 32)
  const step = tickStep(range, width)
  const decimals = tickDecimals(step)
  const cursorX = cursor === null ? -Infinity : timeToX(cursor, range, width)
  font(surface, 10)
  for (const time of ticks({ from: range.from - step, to: range.to }, step)) {
    const x = Math.round(timeToX(time, range, width))
    const text = formatTime(Math.max(0, time), decimals)
    g.fillStyle = palette.line2
    g.fillRect(x, 12, 1, 8)
    g.fillStyle = palette.line
    for (let part = 1; part < 5; part++)
      g.fillRect(Math.round(timeToX(time + (step * part) / 5, range, width)), 16, 1, 4)
    const end = x + 4 + g.measureText(text).width
    if (time < 0 || (end > cursorX - 34 && x < cursorX + 34)) continue
    g.fillStyle = palette.ink2
    g.fillText(text, x + 4, 9)
  }
}
