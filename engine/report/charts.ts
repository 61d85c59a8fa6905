import type { Charts, Policy } from '../api'
import { formatBytes, formatCount, formatDuration, formatTime, quantityText } from '../format'
import type { HistogramBin } from '../stats/lifetimes'
import { html, Html } from './html'

const WIDTH = 960
const LEFT = 64

/** A series over time as a filled step line; what was not seen is a gap. */
export function timeChart(
  title: string,
  charts: Charts,
  series: Float32Array,
  unit: 'count' | 'bytes',
  height = 96
): Html {
  const seen = [...series].filter((v) => !Number.isNaN(v))
  const top = unit === 'bytes' ? niceBytes(Math.max(1, ...seen)) : niceTop(Math.max(1, ...seen))
  const end = charts.from + series.length * charts.step
  const x = (t: number): number => LEFT + ((t - charts.from) / (end - charts.from)) * (WIDTH - LEFT)
  const y = (v: number): number => height - (Math.max(0, v) / top) * (height - 8)
  let area = ''
  let open = false
  series.forEach((value, i) => {
    const [a, b] = [x(charts.from + i * charts.step).toFixed(1), x(charts.from + (i + 1) * charts.step).toFixed(1)]
    if (Number.isNaN(value)) {
      if (open) area += `V${height}Z`
      open = false
      return
    }
    area += `${open ? '' : `M${a} ${height}`}V${y(value).toFixed(1)}H${b}`
    open = true
  })
  if (open) area += `V${height}Z`
  const text = (v: number): string => (unit === 'bytes' ? quantityText(formatBytes(v)) : formatCount(v))
  return html`<figure>
    <figcaption>${title}</figcaption>
    <svg
      viewBox="0 0 ${WIDTH} ${height + 18}"
      role="img"
      aria-label="${title} over time, at most ${text(Math.max(0, ...seen))}"
    >
      <path class="grid" d="M${LEFT} 8H${WIDTH}M${LEFT} ${height}H${WIDTH}" />
      <text class="tick end" x="${LEFT - 6}" y="12">${text(top)}</text>
      <text class="tick end" x="${LEFT - 6}" y="${height}">0</text>
      <path class="area" d="${area}" />
      ${ticks(charts.from, end).map((t) => html`<text class="tick" x="${x(t).toFixed(1)}" y="${height + 14}">${formatTime(t, 1)}</text>`)}
    </svg>
  </figure>`
}

/** Ended lifetimes, logarithmic time to the right. */
export function lifetimeChart(title: string, bins: readonly HistogramBin[], policy: Policy, height = 120): Html {
  if (bins.length === 0) return html`<p class="note">${title}: no mapping ended while it was traced.</p>`
  const top = Math.max(...bins.map((b) => b.count))
  const step = (WIDTH - LEFT) / bins.length
  return html`<figure>
    <figcaption>${title}</figcaption>
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
      ${bins.map((b, i) => (i % Math.ceil(bins.length / 10) === 0 ? html`<text class="tick" x="${(LEFT + i * step).toFixed(1)}" y="${height + 14}">${quantityText(formatDuration(b.from))}</text>` : html``))}
    </svg>
  </figure>`
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
