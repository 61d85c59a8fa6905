import type { Mark } from '../../../../engine/api'
import { font, type Surface } from '../../../components/surface'
import { type TimeRange, timeToX } from '../../../model/time-axis'

/** Bands closer than this, in pixels, are drawn as one. */
const CLOSE = 3

interface Band {
  from: number
  to: number
  names: string[]
}

/** The runs of scenarios as bands of one strip: named where there is room, counted where many share a place. */
export function drawRuns(
  surface: Surface,
  marks: readonly Mark[],
  range: TimeRange,
  top: number,
  height: number
): void {
  const { g, palette } = surface
  font(surface, 10, false, 500)
  for (const band of bandsOf(marks, range, surface.width)) {
    const from = Math.max(0, band.from)
    const to = Math.min(surface.width, band.to)
    g.fillStyle = palette.bg3
    g.fillRect(from, top, Math.max(1, to - from), height)
    g.fillStyle = palette.ink3
    g.fillRect(from, top, 1, height)
    const text = fitting(band.names, to - from - 10, (part) => g.measureText(part).width)
    if (!text) continue
    g.fillStyle = palette.ink2
    g.fillText(text, from + 5, top + height / 2 + 0.5)
  }
}

/** The bands in view, in order; those that are too narrow to be told apart joined. */
export function bandsOf(marks: readonly Mark[], range: TimeRange, width: number): Band[] {
  const bands: Band[] = []
  const runs = marks.filter(({ kind }) => kind === 'scenario').sort((a, b) => a.time - b.time)
  for (const { time, until, text } of runs) {
    const from = timeToX(time, range, width)
    const to = Math.max(from + 1, timeToX(until, range, width))
    if (to < 0 || from > width) continue
    const last = bands.at(-1)
    // one pixel of air between two that follow each other
    if (last && (to - from < CLOSE || last.to - last.from < CLOSE) && from - last.to < CLOSE) {
      last.to = Math.max(last.to, to)
      last.names.push(text)
    } else bands.push({ from: last ? Math.max(from, last.to + 1) : from, to, names: [text] })
  }
  return bands
}

/** The most that can be said in so many pixels: the name, what tells it apart, how many there are, or nothing. */
export function fitting(names: readonly string[], room: number, measure: (text: string) => number): string {
  const [name = ''] = names
  const offers =
    names.length > 1 ? [`${name} and ${names.length - 1} more`, `${names.length} runs`, `${names.length}`] : [name]
  const whole = offers.find((text) => measure(text) <= room)
  if (whole) return whole
  if (names.length > 1) return ''
  let cut = name
  while (cut.length > 4 && measure(`${cut}…`) > room) cut = cut.slice(0, -1)
  return cut.length > 4 ? `${cut}…` : ''
}
