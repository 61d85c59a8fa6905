import type { CompareMeasure, CompareSide, Comparison } from '../api'
import { formatBytes, formatCount, formatDuration, NOT_SEEN, quantityText } from '../format'

type Unit = CompareMeasure['unit']

/** A value of a measure with its unit; not seen is said so. */
export function valueText(unit: Unit, value: number | null): string {
  if (value === null) return NOT_SEEN
  switch (unit) {
    case 'bytes':
      return quantityText(formatBytes(value))
    case 'bytes_per_s':
      return `${quantityText(formatBytes(value))}/s`
    case 's':
      return quantityText(formatDuration(value))
    case 'share':
      return `${(100 * value).toFixed(1)} %`
    case 'per_s':
      return `${numberText(value)}/s`
    case 'count':
      return numberText(value)
  }
}

/** Few significant figures where it is no whole number. */
function numberText(value: number): string {
  return Number.isInteger(value) || value >= 100 ? formatCount(value) : value.toPrecision(3)
}

/** "+3", "−12.5 %", "0"; relative where that says more. */
export function changeText({ unit, a, change, relative }: CompareMeasure): string {
  if (change === null) return ''
  if (change === 0) return '0'
  const sign = change > 0 ? '+' : '−'
  if (unit === 'count' || relative === null || a === 0) return sign + valueText(unit, Math.abs(change))
  const percent = Math.abs(100 * relative)
  return `${sign}${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`
}

/** "weakref: 4 runs of scanout-flip, kernel 7.3.4" */
export function sideText({ label, runs }: CompareSide): string {
  const kernels = [...new Set(runs.map((run) => run.kernel))].join(', ')
  const titles = [...new Set(runs.map((run) => run.title))].join(', ')
  const lossy = runs.filter((run) => run.lossy).length
  return `${label}: ${runs.length} ${runs.length === 1 ? 'run' : 'runs'} of ${titles}, kernel ${kernels}${lossy > 0 ? `, ${lossy} with losses` : ''}`
}

/** Measures by what can be said of them: what differs, what moved but may be noise, what could not be compared; the rest is equal. */
export function sorted({ measures }: Comparison): {
  differs: CompareMeasure[]
  unsure: CompareMeasure[]
  unseen: CompareMeasure[]
  noise: CompareMeasure[]
  equal: CompareMeasure[]
} {
  const seen = (m: CompareMeasure): boolean => m.a !== null && m.b !== null
  return {
    differs: measures.filter((m) => m.verdict === 'differs'),
    unsure: measures.filter((m) => m.verdict === 'unknown' && seen(m) && m.change !== 0),
    // what neither side has seen is nothing that a comparison could tell
    unseen: measures.filter((m) => m.verdict === 'unknown' && (m.a === null) !== (m.b === null)),
    noise: measures.filter((m) => m.verdict === 'none' && m.change !== 0),
    equal: measures.filter((m) => m.change === 0)
  }
}

/** A fact of the set-up that differs; of a list only what one side alone has. */
export function differenceText(a: string, b: string): string {
  const [inA, inB] = [a, b].map((text) => text.split(', ')) as [string[], string[]]
  if (inA.length === 1 || inB.length === 1) return `${a} in A, ${b} in B`
  const only = (list: string[], other: string[], side: string): string => {
    const alone = list.filter((item) => !other.includes(item))
    return alone.length === 0 ? '' : `only ${side} has ${alone.join(', ')}`
  }
  return [only(inA, inB, 'A'), only(inB, inA, 'B')].filter(Boolean).join('; ') || `in another order`
}
