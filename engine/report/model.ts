import type { Policy, Severity } from '../api'

/**
 * What a report says, without how it looks: gathered once from a recording (gather.ts), set as HTML, Markdown or JSON, and printed. It
 * is what `--format json` writes, described by docs/schema/report.schema.json. Values are raw (seconds, bytes, counts; null is "not
 * seen"), `text` is how people read them. Every figure has, itself or by its section, the query that yields it from the session FILE.
 */
export interface Report {
  format: 'vascope-report'
  /** Raised when something is taken away or changes its meaning; what is added does not raise it. */
  version: 1
  title: string
  /** Who recorded. */
  generator: string
  board: string
  /** ISO 8601, by the clock of the machine that recorded. */
  started: string
  seconds: number
  events: number
  /** A virtual board: real drm_gpuvm, nothing is rendered. */
  emulated: boolean
  /** What of the file could not be read; empty for a sound one. */
  damage: string
  /** What befell the recording: a lost daemon, a reboot. */
  notes: { time: number; text: string }[]
  sections: Section[]
}

export interface Section {
  /** Stable, kebab-case. */
  id: string
  title: string
  query: string
  blocks: Block[]
}

export type Block = Facts | Table | TimeChart | LifetimeChart | Remark | Code

export type Value = number | string | boolean | null

export interface Fact {
  id: string
  label: string
  value: Value
  text: string
  query?: string
}

export interface Facts {
  kind: 'facts'
  facts: Fact[]
}

/** How a cell, a row's subject or a remark is marked. */
export type Mark = Policy | Severity | 'none' | 'failed' | 'lost' | 'note'

export interface Cell {
  value: Value
  text: string
  mark?: Mark
}

export interface Column {
  id: string
  title: string
  align?: 'right'
  /** An address or a symbol. */
  mono?: boolean
}

export interface Table {
  kind: 'table'
  id: string
  title?: string
  columns: Column[]
  rows: Cell[][]
}

/** Values from `from` on, each over `step` seconds; null where that time was not seen. */
export interface TimeChart {
  kind: 'time'
  id: string
  title: string
  unit: 'count' | 'bytes'
  from: number
  step: number
  values: (number | null)[]
  query: string
}

/** Ended lifetimes in bins of time (seconds: from inclusive, to exclusive). */
export interface LifetimeChart {
  kind: 'lifetimes'
  id: string
  title: string
  policy: Policy
  bins: { from: number; to: number; count: number }[]
  query: string
}

export interface Remark {
  kind: 'remark'
  text: string
  mark?: Mark
}

export interface Code {
  kind: 'code'
  text: string
}

/** A cell of text, or of a value with its text. */
export function cell(value: Value, text = value === null ? '' : String(value), mark?: Mark): Cell {
  return mark === undefined ? { value, text } : { value, text, mark }
}
