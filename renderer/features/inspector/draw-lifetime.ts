import type { BoDetail, Policy } from '../../../engine/api'
import { font, type Surface } from '../../components/surface'
import { formatTime } from '../../../engine/format'
import { tickDecimals, ticks, tickStep, type TimeRange, timeToX } from '../../model/time-axis'

export interface LifetimeRow {
  label: string
  policy: Policy | null
  spans: { start: number; end: number | null }[]
}

export const LIFETIME_ROW = 17
const LABEL = 64
const AXIS = 20

/** Rows of a BO's life: its handles, its mappings by VM, its framebuffers. */
export function lifetimeRows(bo: BoDetail): LifetimeRow[] {
  const rows: LifetimeRow[] = []
  if (bo.handles.length) {
    const spans = bo.handles.map(({ opened, closed }) => ({ start: opened, end: closed }))
    rows.push({ label: 'handle', policy: null, spans })
  }
  const byVm = new Map<number, LifetimeRow>()
  for (const { vm, policy, start, end } of bo.mappings) {
    const row = byVm.get(vm) ?? { label: `VA, VM ${vm}`, policy, spans: [] }
    row.spans.push({ start, end })
    byVm.set(vm, row)
  }
  rows.push(...byVm.values())
  if (bo.framebuffers.length) {
    const spans = bo.framebuffers.map(({ created, destroyed }) => ({ start: created, end: destroyed }))
    rows.push({ label: 'FB', policy: null, spans })
  }
  return rows
}

/** From the first thing known of the BO to its end, or to now while it lives. */
export function lifetimeRange(bo: BoDetail, now: number): TimeRange {
  const starts = lifetimeRows(bo).flatMap(({ spans }) => spans.map(({ start }) => start))
  const from = Math.min(bo.created ?? Infinity, ...starts, now)
  const to = bo.destroyed ?? now
  return { from, to: Math.max(to, from + 1e-6) }
}

export function lifetimeHeight(rows: number): number {
  return rows * LIFETIME_ROW + AXIS
}

export function drawLifetime(surface: Surface, bo: BoDetail, now: number, cursor: number): void {
  const { g, width, palette } = surface
  const rows = lifetimeRows(bo)
  const range = lifetimeRange(bo, now)
  const lane = width - LABEL
  const x = (time: number): number => LABEL + timeToX(time, range, lane)
  const foot = rows.length * LIFETIME_ROW
  const step = tickStep(range, lane, 56)

  font(surface, 10)
  for (const time of ticks(range, step)) {
    g.fillStyle = palette.grid
    g.fillRect(Math.round(x(time)), 0, 1, foot)
    g.fillStyle = palette.ink3
    const text = formatTime(time, tickDecimals(step))
    const half = g.measureText(text).width / 2
    g.fillText(text, Math.min(width - 2 * half, Math.max(LABEL, x(time) - half)), foot + 10)
  }
  rows.forEach((row, index) => {
    const y = index * LIFETIME_ROW
    font(surface, 11, false)
    g.fillStyle = palette.ink2
    g.fillText(row.label, 0, y + 7)
    const ink = row.policy && palette.policy[row.policy]
    for (const { start, end } of row.spans) {
      const [x0, x1] = [x(start), x(end ?? now)]
      const lives = start <= cursor && (end ?? Infinity) > cursor
      g.globalAlpha = lives ? 1 : palette.endedAlpha
      g.fillStyle = ink ? ink.fill : palette.dataSoft
      g.fillRect(x0, y + 2, Math.max(1, x1 - x0), 9)
      g.globalAlpha = 1
      if (ink && lives) {
        g.fillStyle = ink.line
        g.fillRect(x0, y + 2, Math.max(1, x1 - x0), 1)
      }
    }
  })
  const at = x(cursor)
  if (at < LABEL || at > width) return
  g.fillStyle = palette.cursor
  g.fillRect(Math.min(width - 1, Math.round(at)), 0, 1, foot)
}
