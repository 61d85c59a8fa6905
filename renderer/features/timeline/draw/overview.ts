import type { View } from '../../../../engine/api'
import type { Surface } from '../../../components/surface'
import { type TimeRange, timeToX } from '../../../model/time-axis'
import { largest } from './charts'

/** The whole session in one strip: how much was mapped and unmapped, what was lost, and the window that is shown. */
export function drawOverview(
  { g, width, height, palette }: Surface,
  view: View | null,
  extent: TimeRange,
  range: TimeRange
): void {
  if (view) {
    const { charts } = view
    const top = Math.sqrt(largest(charts.maps) + largest(charts.unmaps)) || 1
    g.fillStyle = palette.dataSoft
    charts.maps.forEach((maps, bin) => {
      const operations = maps + (charts.unmaps[bin] ?? 0)
      if (Number.isNaN(operations)) return
      const x = timeToX(charts.from + bin * charts.step, extent, width)
      const next = timeToX(charts.from + (bin + 1) * charts.step, extent, width)
      // Square root, so that a quiet stretch beside a storm can still be told from silence.
      const tall = (Math.sqrt(operations) / top) * (height - 8)
      if (operations > 0) g.fillRect(x, height - Math.max(1.5, tall), Math.max(1, next - x), Math.max(1.5, tall))
    })
    for (const mark of view.marks) {
      if (mark.kind !== 'loss') continue
      const x = timeToX(mark.time, extent, width)
      g.fillStyle = palette.hatch(g, palette.loss, 3)
      g.fillRect(x - 1, 0, Math.max(5, timeToX(mark.until, extent, width) - x), height)
    }
  }
  const x0 = Math.max(0, timeToX(range.from, extent, width))
  const x1 = Math.min(width, Math.max(timeToX(range.to, extent, width), x0 + 3))
  g.fillStyle = palette.selectSoft
  g.fillRect(x0, 0, x1 - x0, height)
  g.strokeStyle = palette.select
  g.lineWidth = 1
  g.strokeRect(Math.round(x0) + 0.5, 0.5, Math.max(2, Math.round(x1 - x0) - 1), height - 1)
}
