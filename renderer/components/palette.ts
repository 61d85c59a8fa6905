import type { Policy } from '../../engine/api'

/** How many shades of one policy's hue tell neighbouring BOs apart. */
const SHADES = 4

export interface PolicyInk {
  line: string
  fill: string
  shades: string[]
}

/** Everything that drawing code takes from tokens.css, read once per theme. */
export interface Palette {
  bg0: string
  bg1: string
  bg2: string
  bg3: string
  line: string
  line2: string
  grid: string
  ink1: string
  ink2: string
  ink3: string
  inkInverse: string
  data: string
  dataSoft: string
  select: string
  selectSoft: string
  cursor: string
  loss: string
  record: string
  error: string
  endedAlpha: number
  policy: Record<Policy | 'none', PolicyInk>
  fontUi: string
  fontMono: string
  /** Diagonal lines, `gap` pixels apart. */
  hatch(g: CanvasRenderingContext2D, color: string, gap: number): CanvasPattern | string
}

/** `token` gives the value of a custom property, without the leading dashes. */
export function createPalette(token: (name: string) => string): Palette {
  const hatches = new Map<string, CanvasPattern>()
  const background = token('bg-0')
  const policy = (name: string): PolicyInk => {
    const [line, fill] = [token(name), token(`${name}-fill`)]
    return { line, fill, shades: shadesOf(fill, line, background) }
  }
  const none = policy('none')
  return {
    bg0: background,
    bg1: token('bg-1'),
    bg2: token('bg-2'),
    bg3: token('bg-3'),
    line: token('line'),
    line2: token('line-2'),
    grid: token('grid'),
    ink1: token('ink-1'),
    ink2: token('ink-2'),
    ink3: token('ink-3'),
    inkInverse: token('ink-inv'),
    data: token('ink-data'),
    dataSoft: token('ink-data-soft'),
    select: token('select'),
    selectSoft: token('select-soft'),
    cursor: token('cursor'),
    loss: token('loss'),
    record: token('record'),
    error: token('error'),
    endedAlpha: Number(token('a-ended')),
    policy: { hard: policy('hard'), weak: policy('weak'), 'handle-counted': policy('handle'), unknown: none, none },
    fontUi: token('font-ui'),
    fontMono: token('font-mono'),
    hatch(g, color, gap) {
      const key = color + gap
      const known = hatches.get(key)
      if (known) return known
      const pattern = hatchPattern(g, color, gap)
      if (pattern) hatches.set(key, pattern)
      return pattern ?? color
    }
  }
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement)
  return createPalette((name) => style.getPropertyValue(`--${name}`).trim())
}

/** From the fill towards the line colour on one side and the background on the other: one hue, several strengths. */
function shadesOf(fill: string, line: string, background: string): string[] {
  const mixes: [string, number][] = [
    [line, 0],
    [line, 0.34],
    [background, 0.26],
    [line, 0.17]
  ]
  return mixes.slice(0, SHADES).map(([towards, share]) => mix(fill, towards, share))
}

/** Neighbouring BO numbers get different shades. */
export function shadeOf(ink: PolicyInk, bo: number): string {
  return ink.shades[bo % ink.shades.length] ?? ink.fill
}

/** Mixes two #rrggbb colours. */
export function mix(a: string, b: string, share: number): string {
  const channels = [1, 3, 5].map((at) => {
    const [from, to] = [parseInt(a.slice(at, at + 2), 16), parseInt(b.slice(at, at + 2), 16)]
    return Math.round(from + (to - from) * share)
      .toString(16)
      .padStart(2, '0')
  })
  return '#' + channels.join('')
}

function hatchPattern(g: CanvasRenderingContext2D, color: string, gap: number): CanvasPattern | null {
  const size = gap * 2
  const tile = document.createElement('canvas')
  tile.width = tile.height = size
  const t = tile.getContext('2d')
  if (!t) return null
  t.strokeStyle = color
  t.lineWidth = 1
  t.beginPath()
  for (let offset = -size; offset <= 2 * size; offset += gap) {
    t.moveTo(offset, size)
    t.lineTo(offset + size, 0)
  }
  t.stroke()
  return g.createPattern(tile, 'repeat')
}
