import type { Charts } from '../../../../engine/api'
import { font, type Surface } from '../../../components/surface'
import { formatBytes, formatShort, quantityText } from '../../../../engine/format'
import { type TimeRange, timeToX } from '../../../model/time-axis'
import { drawGrid } from './grid'

interface Series {
  values: Float32Array
  /** Largest value that fits. */
  top: number
  fill: string
  line: string
  /** y of zero, and which way values grow. */
  zero: number
  reach: number
  down?: boolean
}

/**
 * A stepped area over the bins. A bin that was not seen (NaN) is a gap, and so is the time after the newest bin:
 * absent is never zero.
 */
export function drawSteps({ g, width }: Surface, charts: Charts, range: TimeRange, series: Series): void {
  const { values, top, zero, reach, down } = series
  const sign = down ? 1 : -1
  g.beginPath()
  g.fillStyle = series.fill
  let drawing = false
  for (let bin = 0; bin < values.length; bin++) {
    const value = values[bin] ?? NaN
    const x0 = timeToX(charts.from + bin * charts.step, range, width)
    const x1 = timeToX(charts.from + (bin + 1) * charts.step, range, width)
    if (x1 < 0 || x0 > width) continue
    if (Number.isNaN(value)) {
      drawing = false
      continue
    }
    const y = zero + sign * Math.min(1, value / top) * reach
    g.fillRect(x0, Math.min(zero, y), x1 - x0, Math.abs(y - zero))
    if (drawing) g.lineTo(x0, y)
    else g.moveTo(x0, y)
    g.lineTo(x1, y)
    drawing = true
  }
  g.strokeStyle = series.line
  g.lineWidth = 1
  g.stroke()
}

/** MAP above the middle line, UNMAP below, to one scale. */
export function drawOperations(surface: Surface, charts: Charts, range: TimeRange): void {
  const { palette, height, width, g } = surface
  const middle = Math.floor(height / 2)
  const top = niceTop(Math.max(largest(charts.maps), largest(charts.unmaps)))
  drawGrid(surface, range)
  g.fillStyle = palette.line
  g.fillRect(0, middle, width, 1)
  const common = { top, reach: middle - 2 }
  drawSteps(surface, charts, range, {
    ...common,
    values: charts.maps,
    zero: middle,
    fill: palette.dataSoft,
    line: palette.data
  })
  drawSteps(surface, charts, range, {
    ...common,
    values: charts.unmaps,
    zero: middle + 1,
    down: true,
    fill: soften(palette.dataSoft),
    line: palette.ink3
  })
  axisLabel(surface, 7, `${quantityText(formatShort(top))}/s`)
}

/** One series of bytes, from the lane's foot upwards. */
export function drawBytes(
  surface: Surface,
  charts: Charts,
  range: TimeRange,
  values: Float32Array,
  perSecond: boolean
): void {
  const { palette, height } = surface
  const top = niceTop(largest(values), 1024)
  drawGrid(surface, range)
  drawSteps(surface, charts, range, {
    values,
    top,
    zero: height,
    reach: height - 6,
    fill: soften(palette.dataSoft),
    line: palette.data
  })
  axisLabel(surface, 7, quantityText(formatBytes(top)) + (perSecond ? '/s' : ''))
}

/** Each flip as a dot at the time since the one before; what comes late stands out by its height and its ink. */
export function drawFlips(surface: Surface, charts: Charts, range: TimeRange): void {
  const { g, width, height, palette } = surface
  const { flipTimes, flipIntervals } = charts
  drawGrid(surface, range)
  const usual = median(flipIntervals)
  const top = niceTop(Math.max(usual * 2, Math.min(largest(flipIntervals), usual * 4)))
  const y = (seconds: number): number => height - 3 - Math.min(1, seconds / top) * (height - 8)
  if (!flipTimes.length || !usual) return
  g.fillStyle = palette.line2
  g.fillRect(0, Math.round(y(usual)), width, 1)
  flipTimes.forEach((time, index) => {
    const interval = flipIntervals[index] ?? NaN
    const x = timeToX(time, range, width)
    if (x < -2 || x > width + 2 || Number.isNaN(interval)) return
    g.fillStyle = interval > usual * 1.5 ? palette.ink1 : palette.dataSoft
    g.fillRect(x - 1.5, y(interval) - 1.5, 3, 3)
  })
  axisLabel(surface, 7, `${(top * 1e3).toFixed(top < 0.01 ? 1 : 0)} ms`)
}

function axisLabel(surface: Surface, y: number, text: string): void {
  font(surface, 10)
  const { g, palette } = surface
  // A backing, so that the scale can be read where the curve is high.
  g.fillStyle = palette.bg0
  g.globalAlpha = 0.72
  g.fillRect(2, y - 6, g.measureText(text).width + 4, 12)
  g.globalAlpha = 1
  g.fillStyle = palette.ink3
  g.fillText(text, 4, y)
}

/** The largest value that was seen; 0 where none was. */
export function largest(values: Float32Array): number {
  let max = 0
  for (const value of values) if (value > max) max = value
  return max
}

/** The next round number: a scale that rarely changes. For bytes the decades are those of 1024. */
export function niceTop(value: number, base: 1000 | 1024 = 1000): number {
  if (!(value > 0)) return 1
  const unit = base === 1024 ? 1024 ** Math.floor(Math.log(value) / Math.log(1024)) : 1
  const decade = 10 ** Math.floor(Math.log10(value / unit))
  const step = [1, 1.5, 2, 3, 5, 7.5, 10].find((digit) => digit * decade * unit >= value * (1 - 1e-9)) ?? 10
  return step * decade * unit
}

export function median(values: Float32Array): number {
  const seen = values.filter((value) => !Number.isNaN(value)).sort()
  return seen[Math.floor(seen.length / 2)] ?? 0
}

/** #rrggbb at a little under half strength, for the second of two series. */
function soften(color: string): string {
  return color + '73'
}
