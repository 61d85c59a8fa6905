import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { VARIANTS } from '../connect/virtual/variant'
import { TRACE_LEVELS } from '../deploy/deploy'
import { EXIT, systemReason, VascopeError } from '../problem'
import { readYaml, type YamlFile } from '../yaml-file'
import { MOST_SECONDS } from './job'

const Name = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a name has letters, digits, dots, hyphens and underscores')
)
const Text = v.pipe(v.string(), v.nonEmpty('it is empty'))
const Whole = v.pipe(v.number(), v.safeInteger('give a whole number'), v.minValue(0, 'give a number from 0 on'))
const Repeat = v.pipe(v.number(), v.safeInteger('give a whole number'), v.minValue(1, 'give a number from 1 on'))
const Seeds = v.pipe(v.array(Whole), v.minLength(1, 'give at least one seed'))
const Seconds = v.pipe(
  v.number(),
  v.gtValue(0, 'give a number of seconds above 0'),
  v.maxValue(MOST_SECONDS, `give at most ${MOST_SECONDS} seconds (24 days)`)
)
const Pattern = v.pipe(
  Text,
  v.check((text) => isPattern(text), 'it is no regular expression')
)
const Names = v.pipe(v.array(Name), v.minLength(1, 'name at least one'))

const Board = v.union(
  [Text, v.strictObject({ address: Text, kernels: v.optional(Names), trace: v.optional(v.picklist(TRACE_LEVELS)) })],
  'give an address, or an object with address, kernels, trace'
)

const Kernel = v.strictObject({
  /** The virtual board's kernel. */
  virtual: v.optional(v.picklist(VARIANTS)),
  /** A command that boots the board with it. */
  prepare: v.optional(Text),
  /** A pattern that the kernel's release must match. */
  release: v.optional(Pattern)
})

const Scenario = v.strictObject({
  id: Name,
  name: v.optional(Name),
  parameters: v.optional(v.record(Name, Whole)),
  seeds: v.optional(Seeds),
  repeat: v.optional(Repeat),
  limit: v.optional(Seconds),
  trace: v.optional(v.picklist(TRACE_LEVELS)),
  destructive: v.optional(v.boolean()),
  boards: v.optional(Names),
  kernels: v.optional(Names)
})

const Matrix = v.strictObject({
  version: v.literal(1, 'this Vascope reads version 1'),
  title: v.optional(Text),
  'fail-on': v.optional(v.picklist(['violation', 'retention', 'suspicion', 'gap'])),
  boards: v.pipe(
    v.record(Name, Board),
    v.check((all) => Object.keys(all).length > 0, 'name at least one board')
  ),
  kernels: v.optional(v.record(Name, Kernel)),
  defaults: v.optional(
    v.strictObject({ seeds: v.optional(Seeds), repeat: v.optional(Repeat), limit: v.optional(Seconds) })
  ),
  scenarios: v.pipe(v.array(Scenario), v.minLength(1, 'name at least one scenario'))
})

export type Matrix = v.InferOutput<typeof Matrix>

/** Refuses the file with this line and key. */
export type Refuse = YamlFile<Matrix>['refuse']

/** Reads a matrix file (docs/farm.md, docs/schema/matrix.schema.json). Throws VascopeError with the line and the key of what is wrong. */
export function readMatrix(file: string): { matrix: Matrix; refuse: Refuse } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new VascopeError(
      'matrix-read',
      `The matrix ${file} cannot be read: ${systemReason(error)}.`,
      'Check its name and its permissions.',
      EXIT.usage
    )
  }
  return parseMatrix(text, file)
}

/** As readMatrix, from text; `file` is its name in errors. */
export function parseMatrix(text: string, file: string): { matrix: Matrix; refuse: Refuse } {
  const { value, refuse } = readYaml(text, Matrix, (line, what) => {
    throw new VascopeError(
      'matrix-invalid',
      `${file}:${line}: ${what}`,
      'docs/farm.md describes the file; docs/schema/matrix.schema.json checks it in an editor.',
      EXIT.usage
    )
  })
  return { matrix: value, refuse }
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}
