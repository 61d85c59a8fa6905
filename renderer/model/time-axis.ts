/** A window of session time, in seconds. */
export interface TimeRange {
  from: number
  to: number
}

/** The shortest window that can be zoomed to: 20 µs, a few jobs. */
export const MIN_SPAN = 20e-6

export function span(range: TimeRange): number {
  return range.to - range.from
}

/** Pixel of a time in a lane `width` pixels wide. */
export function timeToX(time: number, range: TimeRange, width: number): number {
  return ((time - range.from) / span(range)) * width
}

export function xToTime(x: number, range: TimeRange, width: number): number {
  return range.from + (x / width) * span(range)
}

/** Zooms by `factor` (below 1: closer) so that `around` stays where it is on the screen. */
export function zoom(range: TimeRange, factor: number, around: number): TimeRange {
  const wanted = Math.max(MIN_SPAN, span(range) * factor)
  const share = (around - range.from) / span(range)
  const from = around - share * wanted
  return { from, to: from + wanted }
}

/** Moves by a share of the window's own width. */
export function pan(range: TimeRange, share: number): TimeRange {
  const shift = span(range) * share
  return { from: range.from + shift, to: range.to + shift }
}

/** Keeps a window inside the session, keeping its span where it fits. */
export function clampRange(range: TimeRange, extent: TimeRange): TimeRange {
  const length = Math.min(span(range), Math.max(span(extent), MIN_SPAN))
  const from = Math.min(Math.max(range.from, extent.from), Math.max(extent.from, extent.to - length))
  return { from, to: from + length }
}

/** Seconds between labelled ticks: the smallest 1, 2 or 5 of a decade (or a round number of minutes) that leaves `room` pixels. */
export function tickStep(range: TimeRange, width: number, room = 72): number {
  const least = (span(range) / width) * room
  if (least > 20) return [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400].find((step) => step >= least) ?? 28800
  const decade = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((digit) => digit * decade).find((step) => step >= least * (1 - 1e-9)) ?? least
}

/** Tick times inside the window. Counted, not added up, so that they do not drift. */
export function ticks(range: TimeRange, step: number): number[] {
  const first = Math.ceil(range.from / step - 1e-6)
  const last = Math.floor(range.to / step + 1e-6)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step)
}

/** Decimals that tell neighbouring ticks apart. */
export function tickDecimals(step: number): number {
  return step >= 1 ? 0 : Math.min(6, Math.ceil(-Math.log10(step) - 1e-9))
}
