import type { Palette } from './palette'

/** What drawing code paints on: a cleared canvas, in CSS pixels. */
export interface Surface {
  g: CanvasRenderingContext2D
  width: number
  height: number
  palette: Palette
}

/** Sets a font of the interface (or the figures) for the text that follows. */
export function font({ g, palette }: Surface, pixels: number, mono = true, weight = 400): void {
  g.font = `${weight} ${pixels}px ${mono ? palette.fontMono : palette.fontUi}`
  g.textBaseline = 'middle'
  g.textAlign = 'left'
}
