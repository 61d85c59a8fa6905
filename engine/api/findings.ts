/** What the checker says. */

export type Policy = 'hard' | 'weak' | 'handle-counted' | 'unknown'

/** violation: an invariant is broken. retention: memory that is kept, by design or not. suspicion: not explained. gap: the tracer's own. */
export type Severity = 'violation' | 'retention' | 'suspicion' | 'gap'

export interface FindingObject {
  kind: 'vm' | 'bo' | 'vm_bo' | 'va' | 'fb' | 'job' | 'process'
  id: number
  label: string
}

/** What the checker found. docs/policies.md has a paragraph for each rule. */
export interface Finding {
  /** "S2" */
  rule: string
  severity: Severity
  time: number
  objects: FindingObject[]
  /** One sentence. */
  what: string
  evidence: Record<string, number | string>
  /** The same finding has the same key in every reading of a session. */
  key: string
}

/** A rule of the checker, and how it fared in this session. */
export interface FindingRule {
  id: string
  title: string
  /** What holds, one sentence. */
  text: string
  severity: Severity
  checked: boolean
  /** Why it was not checked; empty where it was. */
  reason: string
  /** All findings of it, also those that are not kept. */
  hits: number
}

export interface FindingPage {
  /** Of all findings, by severity and together; `findings` has the first of them. */
  counts: Record<Severity, number>
  total: number
  findings: Finding[]
  rules: FindingRule[]
}
