import type { CompareMeasure, Comparison } from '../api'
import type { JunitSuite } from '../junit'
import { EXIT, VascopeError } from '../problem'
import type { Gate, GateLimit, GateRule } from './gate-file'
import { changeText, valueText } from './words'

/** How a rule fared with one measure. */
export interface GateResult {
  /** Of the gate file. */
  line: number
  measure: string
  /** "may drop by 10 %" */
  rule: string
  outcome: 'holds' | 'broken' | 'unseen'
  /** One line. */
  text: string
}

export interface GateVerdict {
  results: GateResult[]
  /** Rules that are broken, and those that could not be judged where these count as such. */
  failed: GateResult[]
  passed: boolean
}

/** Holds a comparison against the rules of a gate. Throws where a rule is of a measure that no comparison has. */
export function applyGate(gate: Gate, comparison: Comparison): GateVerdict {
  const results = gate.rules.flatMap(({ measure, rule, line }) => {
    const pattern = new RegExp(`^${measure.split('*').map(escape).join('.*')}$`)
    const measures = comparison.measures.filter((m) => pattern.test(m.id)).sort((a, b) => (a.id < b.id ? -1 : 1))
    if (measures.length === 0) throw noMeasure(gate, line, measure, comparison)
    return measures.flatMap((m) => conditionsOf(rule).map((condition) => judge(m, condition, line)))
  })
  const failed = results.filter((r) => r.outcome === 'broken' || (r.outcome === 'unseen' && gate.unseen === 'fail'))
  return { results, failed, passed: failed.length === 0 }
}

/** The gate as a suite: a case for each rule and measure. */
export function gateSuite(gate: Gate, { results, failed }: GateVerdict): JunitSuite {
  return {
    name: gate.file,
    cases: results.map((r) => ({
      name: `${r.measure} ${r.rule}`,
      className: 'vascope.gate',
      seconds: 0,
      ...(failed.includes(r) ? { failure: { message: r.text, text: `${gate.file}:${r.line}: ${r.text}` } } : {}),
      ...(r.outcome === 'unseen' && !failed.includes(r) ? { skipped: r.text } : {})
    }))
  }
}

/** One line for each rule that failed or could not be judged, and a sum. */
export function gateText(gate: Gate, { results, failed, passed }: GateVerdict): string {
  const lines = results
    .filter((r) => r.outcome !== 'holds')
    .map((r) => `${r.outcome.padEnd(8)}${gate.file}:${r.line}: ${r.text}`)
  const sum = `${gate.file}: ${results.length - failed.length} of ${results.length} hold`
  return [...lines, `${passed ? 'passed' : 'failed'}  ${sum}`].join('\n')
}

type Condition =
  { what: 'same' } | { what: 'max' | 'min'; value: number } | { what: 'max_increase' | 'max_drop'; limit: GateLimit }

function conditionsOf(rule: GateRule): Condition[] {
  if (rule === 'none') return [{ what: 'max', value: 0 }]
  if (rule === 'same') return [{ what: 'same' }]
  const out: Condition[] = []
  if (rule.max !== undefined) out.push({ what: 'max', value: rule.max })
  if (rule.min !== undefined) out.push({ what: 'min', value: rule.min })
  if (rule.max_increase !== undefined) out.push({ what: 'max_increase', limit: rule.max_increase })
  if (rule.max_drop !== undefined) out.push({ what: 'max_drop', limit: rule.max_drop })
  return out
}

function judge(m: CompareMeasure, condition: Condition, line: number): GateResult {
  const rule = ruleText(m, condition)
  const result = (outcome: GateResult['outcome'], text: string): GateResult => ({
    ...{ line, measure: m.id, rule, outcome },
    text: `${m.id} ${rule}: ${text}`
  })
  const changed = `${valueText(m.unit, m.b)} instead of ${valueText(m.unit, m.a)}, ${changeText(m)} (${m.reason})`
  // a time of one run has a value, if no known noise; a fact after a loss is a lower bound
  const uncertain = m.verdict === 'unknown' && m.kind === 'fact'
  switch (condition.what) {
    case 'max':
    case 'min': {
      const seen = m.valuesB.filter((value) => value !== null)
      if (seen.length < m.valuesB.length || seen.length === 0) return result('unseen', m.reason)
      const worst = condition.what === 'max' ? Math.max(...seen) : Math.min(...seen)
      const broken = condition.what === 'max' ? worst > condition.value : worst < condition.value
      const of = seen.length > 1 ? `, the worst of ${seen.length} runs` : ''
      if (broken) return result('broken', `${valueText(m.unit, worst)}${of}`)
      return m.atLeast ? result('unseen', m.reason) : result('holds', valueText(m.unit, worst))
    }
    case 'same':
      if (m.verdict === 'unknown') return result('unseen', m.reason)
      return m.verdict === 'differs' ? result('broken', changed) : result('holds', m.reason)
    case 'max_increase':
    case 'max_drop': {
      if (m.change === null || uncertain || [...m.valuesA, ...m.valuesB].includes(null))
        return result('unseen', m.reason)
      const by = condition.what === 'max_increase' ? m.change : -m.change
      const limit = typeof condition.limit === 'number' ? condition.limit : condition.limit.share * Math.abs(m.a!)
      if (by > limit && m.verdict !== 'none') return result('broken', changed)
      return m.atLeast ? result('unseen', m.reason) : result('holds', changed)
    }
  }
}

function ruleText({ unit }: CompareMeasure, condition: Condition): string {
  switch (condition.what) {
    case 'same':
      return 'must be the same'
    case 'max':
      return `may be ${valueText(unit, condition.value)} at most`
    case 'min':
      return `must be ${valueText(unit, condition.value)} at least`
    default: {
      const { limit } = condition
      const by = typeof limit === 'number' ? valueText(unit, limit) : `${Number((100 * limit.share).toPrecision(6))} %`
      const verb = condition.what === 'max_increase' ? 'grow' : 'drop'
      return by === '0' || limit === 0 ? `may not ${verb}` : `may ${verb} by ${by} at most`
    }
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function noMeasure({ file }: Gate, line: number, measure: string, { measures }: Comparison): VascopeError {
  const start = measure.split(/[.*[]/)[0]!
  const alike = measures
    .map((m) => m.id)
    .filter((id) => id.startsWith(start))
    .sort()
  const families = [...new Set(measures.map((m) => m.id.split(/[.[]/)[0]!))].sort()
  return new VascopeError(
    'gate-measure',
    `${file}:${line}: rules.${measure}: this comparison has no such measure.`,
    start && alike.length > 0
      ? `It has ${alike.slice(0, 12).join(', ')}${alike.length > 12 ? ' …' : ''}.`
      : `Measures begin with one of ${families.join(', ')}; vascope diff --json lists them.`,
    EXIT.usage
  )
}
