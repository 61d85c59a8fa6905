import type { CompareMeasure } from '../../../engine/api'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShort,
  NOT_SEEN,
  quantityText
} from '../../../engine/format'

/** A figure of a measure as people read it. */
export function figureText(unit: CompareMeasure['unit'], value: number | null): string {
  if (value === null) return NOT_SEEN
  switch (unit) {
    case 'bytes':
      return quantityText(formatBytes(value))
    case 'bytes_per_s':
      return quantityText(formatRate(value))
    case 's':
      return quantityText(formatDuration(value))
    case 'per_s':
      return `${quantityText(formatShort(value))}/s`
    case 'share':
      return `${(value * 100).toFixed(1)} %`
    case 'count':
      return Number.isInteger(value) ? formatCount(value) : value.toFixed(2)
  }
}

/** "+165 %", or the difference itself where A has none to compare with. */
export function changeText({ verdict, relative, change, unit }: CompareMeasure): string {
  if (verdict === 'unknown') return 'not known'
  if (verdict === 'none') return change === 0 ? 'same' : 'noise'
  if (relative === null) return change === null ? 'only one' : sign(change) + figureText(unit, Math.abs(change))
  const share = Math.abs(relative) * 100
  return `${sign(relative)}${share >= 100 ? Math.round(share) : share.toFixed(1)} %`
}

function sign(value: number): string {
  return value < 0 ? '−' : '+'
}

/** Facts in which the sides differ. Of lists only what one side alone has stands there; the title has all. */
export function differing(
  facts: readonly { name: string; a: string; b: string }[]
): { name: string; a: string; b: string; title: string }[] {
  return facts.map(({ name, a, b }) => {
    const [inA, inB] = [a.split(', '), b.split(', ')]
    const list = inA.length > 1 && inB.length > 1
    const only = (own: string[], other: string[]): string => own.filter((item) => !other.includes(item)).join(', ')
    const [shownA, shownB] = list ? [only(inA, inB), only(inB, inA)] : [a, b]
    return { name, a: shownA || 'none', b: shownB || 'none', title: `${name}\nA: ${a || 'none'}\nB: ${b || 'none'}` }
  })
}

/** Why a count of changes is not known, or is only a lower bound; null where it is known. */
export function unseenIn(measures: readonly CompareMeasure[], id: string): string | null {
  const found = measures.find((m) => m.id === id)
  return found && (found.b === null || found.atLeast) ? found.reason : null
}
