import * as v from 'valibot'
import { EXIT, VascopeError } from '../problem'
import { readYaml } from '../yaml-file'

const percent = v.pipe(
  v.string(),
  v.regex(/^\d+(\.\d+)?\s*%$/, 'is no share such as 10%'),
  v.transform((text) => ({ share: parseFloat(text) / 100 }))
)
/** A number in the measure's own unit, or a share of A. */
const limit = v.union(
  [v.pipe(v.number(), v.minValue(0, 'is below 0')), percent],
  'must be a number from 0, or a share such as 10%'
)

const conditions = v.strictObject({
  max: v.optional(v.number('must be a number')),
  min: v.optional(v.number('must be a number')),
  max_increase: v.optional(limit),
  max_drop: v.optional(limit)
})

const rule = v.union(
  [v.picklist(['none', 'same']), conditions],
  'must be none, same, or some of max, min, max_increase and max_drop'
)

const gate = v.strictObject({
  unseen: v.optional(v.picklist(['fail', 'skip'], 'must be fail or skip'), 'fail'),
  rules: v.record(v.string(), rule, 'must be rules by the id of their measure')
})

export type GateLimit = number | { share: number }
export type GateRule = v.InferOutput<typeof rule>

/** Rules for CI; docs/compare.md has the language, docs/schema/gate.schema.json its schema. */
export interface Gate {
  file: string
  /** What a rule means whose measure was not seen, or could not be compared. */
  unseen: 'fail' | 'skip'
  /** By measure, with the line it stands in. `*` in a measure stands for any text. */
  rules: { measure: string; rule: GateRule; line: number }[]
}

/** Reads a gate file. Throws VascopeError (exit code 2) that names the line and the key. */
export function readGate(text: string, file: string): Gate {
  const { value, lineOf, refuse } = readYaml(text, gate, (line, what) => {
    throw refused(file, line, what)
  })
  const rules = Object.entries(value.rules)
  if (rules.length === 0) refuse(['rules'], 'there is none, so that everything would pass')
  for (const [measure, one] of rules)
    if (typeof one === 'object' && Object.keys(one).length === 0)
      refuse(['rules', measure], 'says nothing; give max, min, max_increase or max_drop')
  const named = rules.map(([measure, one]) => ({ measure, rule: one, line: lineOf(['rules', measure]) }))
  return { file, unseen: value.unseen, rules: named }
}

function refused(file: string, line: number, what: string): VascopeError {
  return new VascopeError(
    'gate-file',
    `${file}:${line}: ${what}.`,
    'docs/compare.md says what a gate file may have; vascope diff --json lists the measures by their id.',
    EXIT.usage
  )
}
