import * as v from 'valibot'
import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import { EXIT, VascopeError } from '../problem'

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
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const error = document.errors[0]
  if (error)
    throw refused(file, error.linePos?.[0].line ?? 1, error.message.split('\n')[0]!.replace(/ at line .*$/, ''))
  const parsed = v.safeParse(gate, document.toJS())
  const at = (path: readonly unknown[]): number => lines.linePos(offsetOf(document, path)).line
  if (!parsed.success) {
    const { issue, path } = meant(parsed.issues[0], [])
    throw refused(file, at(path), sentence(path, issue))
  }
  const { unseen, rules } = parsed.output
  const named = Object.entries(rules).map(([measure, one]) => ({ measure, rule: one, line: at(['rules', measure]) }))
  if (named.length === 0) throw refused(file, at(['rules']), 'rules: there is none, so that everything would pass')
  for (const { measure, rule: one, line } of named)
    if (typeof one === 'object' && Object.keys(one).length === 0)
      throw refused(file, line, `rules.${measure}: says nothing; give max, min, max_increase or max_drop`)
  return { file, unseen, rules: named }
}

type Issue = v.BaseIssue<unknown>

/** The issue in the branch of a union that came further than its begin: that is what was meant. Paths in a union begin at it. */
function meant(issue: Issue, before: readonly unknown[]): { issue: Issue; path: unknown[] } {
  const path = [...before, ...(issue.path ?? []).map((item) => item.key)]
  const inner = issue.issues?.find((one) => (one.path ?? []).length > 0)
  return inner ? meant(inner, path) : { issue, path }
}

function sentence(path: readonly unknown[], issue: Issue): string {
  const key = path.join('.') || 'the file'
  if (issue.type === 'strict_object' && issue.expected === 'never') return `${key}: no such key`
  if (issue.expected?.startsWith('"') && issue.received === 'undefined') return `${key}: is missing`
  return `${key}: ${issue.message}`
}

/** Where the key at a path stands; of one that is missing, where it should. */
function offsetOf(document: Document, path: readonly unknown[]): number {
  let node: unknown = document.contents
  let offset = 0
  for (const key of path) {
    if (!isMap(node)) break
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
    if (!pair) break
    offset = (pair.key as Node).range?.[0] ?? offset
    node = pair.value
  }
  return offset
}

function refused(file: string, line: number, what: string): VascopeError {
  return new VascopeError(
    'gate-file',
    `${file}:${line}: ${what}.`,
    'docs/compare.md says what a gate file may have; vascope diff --json lists the measures by their id.',
    EXIT.usage
  )
}
