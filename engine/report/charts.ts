import { formatBytes, formatCount, formatDuration, formatTime, quantityText } from '../format'
import { html, Html } from './html'
import type { LifetimeChart, TimeChart } from './model'

const WIDTH = 960
const LEFT = 64

/** A series over time as a filled step line; what was not seen is a gap. */
export function timeChart({ title, unit, from, step, values, query }: TimeChart, height = 96): Html {
  const highest = values.reduce<number>((top, v) => Math.max(top, v ?? 0), 0)
  const top = unit === 'bytes' ? niceBytes(Math.max(1, highest)) : niceTop(Math.max(1, highest))
  const end = from + values.length * step
  const x = (t: number): number => LEFT + ((t - from) / (end - from)) * (WIDTH - LEFT)
  const y = (v: number): number => height - (Math.max(0, v) / top) * (height - 8)
  let area = ''
  let open = false
  values.forEach((value, i) => {
    const [a, b] = [x(from + i * step).toFixed(1), x(from + (i + 1) * step).toFixed(1)]
    if (value === null) {
      if (open) area += `V${height}Z`
      open = false
      return
    }
    area += `${open ? '' : `M${a} ${height}`}V${y(value).toFixed(1)}H${b}`
    open = true
  })
  if (open) area += `V${height}Z`
  const text = (v: number): string => (unit === 'bytes' ? quantityText(formatBytes(v)) : formatCount(v))
  return html`<figure data-query="${query}">
    <figcaption>${title}<code class="query">${query}</code></figcaption>
    <svg viewBox="0 0 ${WIDTH} ${height + 18}" role="img" aria-label="${title} over time, at most ${text(highest)}">
      <path class="grid" d="M${LEFT} 8H${WIDTH}M${LEFT} ${height}H${WIDTH}" />
      <text class="tick end" x="${LEFT - 6}" y="12">${text(top)}</text>
      <text class="tick end" x="${LEFT - 6}" y="${height}">0</text>
      <path class="area" d="${area}" />
      ${ticks(from, end).map((t) => tick(x(t), height, formatTime(t, 1)))}
    </svg>
  </figure>`
}

/** Ended lifetimes, logarithmic time to the right. */
export function lifetimeChart({ title, policy, bins, query }: LifetimeChart, height = 120): Html {
  if (bins.length === 0) return html`<p class="note">${title}: no mapping ended while it was traced.</p>`
  const top = Math.max(...bins.map((b) => b.count))
  const step = (WIDTH - LEFT) / bins.length
  return html`<figure data-query="${query}">
    <figcaption>${title}<code class="query">${query}</code></figcaption>
    <svg
      viewBox="0 0 ${WIDTH} ${height + 18}"
      role="img"
      aria-label="${title}: ${formatCount(bins.reduce((n, b) => n + b.count, 0))} lifetimes"
    >
      <path class="grid" d="M${LEFT} 8H${WIDTH}M${LEFT} ${height}H${WIDTH}" />
      <text class="tick end" x="${LEFT - 6}" y="12">${formatCount(top)}</text>
      <text class="tick end" x="${LEFT - 6}" y="${height}">0</text>
      ${bins.map((b, i) => {
        const h = (b.count / top) * (height - 8)
        const span = `${quantityText(formatDuration(b.from))} to ${quantityText(formatDuration(b.to))}: ${formatCount(b.count)}`
        return html`<rect
          class="bar ${policy}"
          x="${(LEFT + i * step + 1).toFixed(1)}"
          y="${(height - h).toFixed(1)}"
          width="${Math.max(1, step - 2).toFixed(1)}"
          height="${h.toFixed(1)}"
          ><title>${span}</title></rect
        >`
      })}
      ${bins.map((b, i) => (i % Math.ceil(bins.length / 10) === 0 ? tick(LEFT + i * step, height, quantityText(formatDuration(b.from))) : html``))}
    </svg>
  </figure>`
}

/** Begins at its place, but for the last, which would be cut off: that ends at the edge. */
function tick(x: number, height: number, text: string): Html {
  const last = x > WIDTH - LEFT
  return html`<text class="tick ${last ? 'end' : ''}" x="${last ? WIDTH : x.toFixed(1)}" y="${height + 14}"
    >${text}</text
  >`
}

/** 1, 2 or 5 times a power of ten, not below the value. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return power * [1, 2, 5, 10].find((k) => k * power >= value)!
}

/** The same in binary units: 1, 2, 5, 10, 20, 50 … 500 KiB, MiB or GiB. */
function niceBytes(value: number): number {
  const unit = 1024 ** Math.floor(Math.log2(value) / 10)
  return Math.min(unit * niceTop(value / unit), unit * 1024)
}

function ticks(from: number, to: number): number[] {
  const rough = (to - from) / 8
  const power = 10 ** Math.floor(Math.log10(Math.max(1e-6, rough)))
  const step = power * [1, 2, 5, 10].find((k) => k * power >= rough)!
  const out: number[] = []
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) out.push(t)
  return out
}
