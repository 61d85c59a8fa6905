import { shallowRef, type ShallowRef } from 'vue'

/** Views that the percentiles are of: about half a minute. */
const RECENT = 256

export interface PixelLatency {
  /** Milliseconds; null before any. */
  figures: Readonly<ShallowRef<{ p50: number; p95: number; last: number } | null>>
  /** A view came that will be painted in the next frame. */
  shown(stamp: { ageMs: number; sent: number }): void
  reset(): void
}

/**
 * How late a kernel event is seen: its age when the engine sent the view, and the time from there until the frame with it was painted.
 * Each sample is of the oldest event that no view before had, so that waiting for a view counts.
 */
export function pixelLatency(now = Date.now, painted: (done: () => void) => void = afterPaint): PixelLatency {
  const recent: number[] = []
  const figures = shallowRef<{ p50: number; p95: number; last: number } | null>(null)
  return {
    figures,
    shown({ ageMs, sent }) {
      painted(() => {
        const last = ageMs + Math.max(0, now() - sent)
        recent.push(last)
        if (recent.length > RECENT) recent.shift()
        const sorted = [...recent].sort((a, b) => a - b)
        const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? last
        figures.value = { p50: at(0.5), p95: at(0.95), last }
      })
    },
    reset() {
      recent.length = 0
      figures.value = null
    }
  }
}

/** After the frame that comes: a task of its own runs once it is handed over. */
export function afterPaint(done: () => void): void {
  requestAnimationFrame(() => window.setTimeout(done))
}
