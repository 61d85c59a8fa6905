import type { CompareCourse, CompareMeasure, CompareStep } from '../api'
import { formatBytes, formatTime, quantityText } from '../format'
import { html, Html } from '../report/html'

const WIDTH = 960
const LEFT = 64
const HEIGHT = 120

/** Where a time of a side stands, 0 to 1; null: in no step. */
type Place = (time: number) => number | null

/**
 * Two courses, A as an area, B as a line. They are aligned by steps: each step that both sides have is as wide as the others, however long it
 * took, and what was between steps is left out. Without steps in common they share one axis of time.
 */
export function courseChart(
  title: string,
  [a, b]: readonly [CompareCourse, CompareCourse],
  steps: readonly CompareStep[]
): Html {
  const common = steps.filter((step) => step.a !== null && step.b !== null)
  const seconds = Math.max(a.values.length * a.stepSeconds, b.values.length * b.stepSeconds, 0.001)
  const place = (side: 'a' | 'b'): Place =>
    common.length === 0 ? (time) => time / seconds : byStep(common.map((step) => step[side]!))
  const top = Math.max(1, ...a.values, ...b.values)
  const x = (part: number): string => (LEFT + part * (WIDTH - LEFT)).toFixed(1)
  const y = (value: number): string => (HEIGHT - (value / top) * (HEIGHT - 24)).toFixed(1)
  const bytes = (value: number): string => quantityText(formatBytes(value))
  const name = (key: string): string => (common.length > 6 ? key.split(' ')[0]! : key)
  return html`<figure>
    <figcaption>${title}</figcaption>
    <svg
      viewBox="0 0 ${WIDTH} ${HEIGHT + 18}"
      role="img"
      aria-label="${title}: at most ${bytes(Math.max(0, ...a.values))} in A, ${bytes(Math.max(0, ...b.values))} in B"
    >
      <path class="grid" d="M${LEFT} 24H${WIDTH}M${LEFT} ${HEIGHT}H${WIDTH}" />
      <text class="tick end" x="${LEFT - 6}" y="28">${bytes(top)}</text>
      <text class="tick end" x="${LEFT - 6}" y="${HEIGHT}">0</text>
      <path class="area" d="${stairs(a, place('a'), x, y)}" />
      <path class="course" d="${stairs(b, place('b'), x, y)}" />
      ${common.map(
        ({ key }, i) =>
          html`<path class="step" d="M${x(i / common.length)} 0V${HEIGHT}" />
            <text class="tick" x="${Number(x(i / common.length)) + 4}" y="10">${name(key)}</text>`
      )}
      ${common.length === 0 ? html`<text class="tick" x="${LEFT}" y="${HEIGHT + 14}">0</text><text class="tick end" x="${WIDTH}" y="${HEIGHT + 14}">${formatTime(seconds, 1)}</text>` : ''}
    </svg>
  </figure>`
}

function byStep(spans: readonly { from: number; to: number }[]): Place {
  return (time) => {
    const i = spans.findIndex(({ from, to }) => time >= from && time < to)
    if (i < 0) return null
    return (i + (time - spans[i]!.from) / (spans[i]!.to - spans[i]!.from)) / spans.length
  }
}

/** A course as steps down to the axis at each end; where it has no place it is not drawn. */
function stairs(
  { values, stepSeconds }: CompareCourse,
  place: Place,
  x: (part: number) => string,
  y: (value: number) => string
): string {
  let path = ''
  let open = false
  values.forEach((value, i) => {
    const from = place((i + 0.5) * stepSeconds)
    if (from === null) {
      if (open) path += `V${HEIGHT}`
      open = false
      return
    }
    path += open ? `H${x(from)}V${y(value)}` : `M${x(from)} ${HEIGHT}V${y(value)}`
    open = true
  })
  return open ? `${path}V${HEIGHT}` : path
}

/** The relative change on a scale of roots from −100 % to +100 %, with its interval where that is known; what is beyond stands at the edge. */
export function intervalBar({ change, relative, a, interval }: CompareMeasure): Html {
  if (change === null || change === 0) return html``
  // from nothing to something is all that there is
  const part = relative ?? Math.sign(change)
  const x = (share: number): number => {
    const within = Math.max(-1, Math.min(1, share))
    return 60 + Math.sign(within) * Math.sqrt(Math.abs(within)) * 54
  }
  const band = interval && a !== null && a !== 0 ? interval.map((value) => x(value / Math.abs(a)).toFixed(1)) : null
  return html`<svg viewBox="0 0 120 12" aria-hidden="true">
    <path class="mid" d="M60 0V12" />
    ${band ? html`<path class="band" d="M${band[0]!} 6H${band[1]!}" />` : ''}
    <rect class="at" x="${(x(part) - 3).toFixed(1)}" y="3" width="6" height="6" />
  </svg>`
}
