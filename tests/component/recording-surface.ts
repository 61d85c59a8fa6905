import { createPalette } from '../../renderer/components/palette'
import type { Surface } from '../../renderer/components/surface'

/** One thing that was drawn, with the state of the canvas at that moment. */
export interface Drawn {
  call: 'fillRect' | 'strokeRect' | 'fillText' | 'moveTo' | 'lineTo'
  args: (number | string)[]
  fill: string
  stroke: string
  alpha: number
  dash: number[]
}

const COLORS: Record<string, string> = {
  'bg-0': '#000000',
  hard: '#0000ff',
  'hard-fill': '#000080',
  weak: '#ffaa00',
  'weak-fill': '#805500',
  handle: '#00ffaa',
  'handle-fill': '#008055',
  none: '#888888',
  'none-fill': '#444444',
  'ink-1': '#eeeeee',
  'ink-data-soft': '#555555',
  loss: '#999999',
  select: '#ffffff',
  'a-ended': '0.5'
}

/** A surface that remembers what is drawn on it, since the test's DOM has no canvas. Text is 6 pixels wide per character. */
export function recordingSurface(width = 1000, height = 60): Surface & { drawn: Drawn[] } {
  const drawn: Drawn[] = []
  const state = { fillStyle: '', strokeStyle: '', globalAlpha: 1, dash: [] as number[] }
  const note =
    (call: Drawn['call']) =>
    (...args: (number | string)[]): void => {
      const { fillStyle: fill, strokeStyle: stroke, globalAlpha: alpha, dash } = state
      drawn.push({ call, args, fill, stroke, alpha, dash })
    }
  const g = Object.assign(state, {
    fillRect: note('fillRect'),
    strokeRect: note('strokeRect'),
    fillText: note('fillText'),
    moveTo: note('moveTo'),
    lineTo: note('lineTo'),
    setLineDash: (dash: number[]) => (state.dash = dash),
    measureText: (text: string) => ({ width: text.length * 6 }),
    beginPath() {},
    stroke() {},
    fill() {},
    arc() {}
  }) as unknown as CanvasRenderingContext2D
  const palette = createPalette((name) => COLORS[name] ?? '#123456')
  palette.hatch = (_g, color) => `hatch ${color}`
  return { g, width, height, palette, drawn }
}
