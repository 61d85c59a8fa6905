import { inject, type InjectionKey, onScopeDispose, provide, shallowRef, watch } from 'vue'
import { type Palette, readPalette } from '../components/palette'
import { useTheme } from './useTheme'

/** Repaints canvases together, at most once per frame. */
export interface Painter {
  /** Of the theme that is shown now. */
  palette(): Palette
  /** Asks for a repaint in the next frame. */
  invalidate(): void
  /** Takes part in repaints until the returned function is called. */
  add(paint: () => void): () => void
}

const KEY: InjectionKey<Painter> = Symbol('painter')

export function providePainter(): Painter {
  const { theme } = useTheme()
  const palette = shallowRef(readPalette())
  const paints = new Set<() => void>()
  let frame = 0

  function invalidate(): void {
    frame ||= requestAnimationFrame(() => {
      frame = 0
      for (const paint of paints) paint()
    })
  }

  watch(
    theme,
    () => {
      palette.value = readPalette()
      invalidate()
    },
    { flush: 'post' }
  )
  // The first paint may come before the fonts.
  void document.fonts?.ready.then(invalidate)
  onScopeDispose(() => cancelAnimationFrame(frame))

  const painter: Painter = {
    palette: () => palette.value,
    invalidate,
    add(paint) {
      paints.add(paint)
      invalidate()
      return () => paints.delete(paint)
    }
  }
  provide(KEY, painter)
  return painter
}

export function usePainter(): Painter {
  const painter = inject(KEY)
  if (!painter) throw new Error('no painter above this component')
  return painter
}
