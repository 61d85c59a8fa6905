import * as v from 'valibot'
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml'

/** A file that a user wrote in YAML, as its schema reads it. */
export interface YamlFile<T> {
  value: T
  /** The line of the key at a path; of one that is missing, where it should be. */
  lineOf(path: readonly unknown[]): number
  /** Refuses the file for what is at a path, with its line and key. */
  refuse(path: readonly unknown[], why: string): never
}

/** Reads it. `refused` is called with the line and a sentence where it is no YAML or not what the schema says, and throws. */
export function readYaml<T>(
  text: string,
  schema: v.GenericSchema<unknown, T>,
  refused: (line: number, what: string) => never
): YamlFile<T> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const lineOf = (path: readonly unknown[]): number => lines.linePos(offsetOf(document, path)).line
  const refuse = (path: readonly unknown[], why: string): never => refused(lineOf(path), `${keyText(path)}: ${why}`)
  const [error] = document.errors
  if (error) return refused(error.linePos?.[0].line ?? 1, error.message.split('\n')[0]!.replace(/ at line \d+.*$/, ''))
  const parsed = v.safeParse(schema, document.toJS())
  if (parsed.success) return { value: parsed.output, lineOf, refuse }
  const { issue, path } = meant(parsed.issues[0], [])
  if (path.length === 0) return refuse(path, 'it has no keys with values')
  if (issue.type === 'strict_object' && issue.expected === 'never') return refuse(path, 'there is no such key')
  return refuse(path, issue.received === 'undefined' ? 'it is missing' : issue.message)
}

type Issue = v.BaseIssue<unknown>

/** The issue in the branch of a union that came further than its begin: that is what was meant. Paths in a union begin at it. */
function meant(issue: Issue, before: readonly unknown[]): { issue: Issue; path: unknown[] } {
  const path = [...before, ...(issue.path ?? []).map((item) => item.key)]
  const inner = issue.issues?.find((one) => (one.path ?? []).length > 0)
  return inner ? meant(inner, path) : { issue, path }
}

/** Where the key at a path stands, or the nearest thing above that is there. */
function offsetOf(document: Document, path: readonly unknown[]): number {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const key of path) {
    let at: unknown
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      at = pair?.key
      node = pair?.value
    } else if (isSeq(node)) at = node = node.items[Number(key)]
    if (!isNode(at)) break
    offset = at.range?.[0] ?? offset
  }
  return offset
}

/** "scenarios[0].parameters.ops" */
function keyText(path: readonly unknown[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return text.replace(/^\./, '') || 'the file'
}
