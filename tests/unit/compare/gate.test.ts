import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { CompareMeasure, Comparison } from '../../../engine/api'
import { applyGate, gateSuite, gateText } from '../../../engine/compare/gate'
import { readGate } from '../../../engine/compare/gate-file'
import { junit } from '../../../engine/junit'
import { VascopeError } from '../../../engine/problem'

const SCHEMA = path.resolve(import.meta.dirname, '../../../docs/schema/gate.schema.json')

const BASE: CompareMeasure = {
  ...{ id: '', label: '', group: 'bytes', unit: 'count', kind: 'fact', better: 'less' },
  ...{ a: 0, b: 0, valuesA: [0], valuesB: [0], change: 0, relative: null, interval: null },
  ...{ verdict: 'none', reason: 'equal', weight: 0 }
}

function measure(id: string, a: number | null, b: number | null, more: Partial<CompareMeasure> = {}): CompareMeasure {
  const change = a === null || b === null ? null : b - a
  const verdict = change === null ? 'unknown' : change === 0 ? 'none' : 'differs'
  return {
    ...BASE,
    id,
    a,
    b,
    valuesA: [a],
    valuesB: [b],
    change,
    relative: change && a ? change / a : null,
    verdict,
    ...more
  }
}

const compared = (...measures: CompareMeasure[]): Comparison => ({ measures }) as Comparison

/** The outcome of each rule, by the line it stands in. */
function outcomes(rules: string, ...measures: CompareMeasure[]): [number, string][] {
  const gate = readGate(`rules:\n${rules}`, 'rules.yaml')
  return applyGate(gate, compared(...measures)).results.map((r) => [r.line, r.outcome])
}

function refusal(text: string): string {
  try {
    readGate(text, 'rules.yaml')
  } catch (error) {
    if (error instanceof VascopeError && error.exit === 2) return error.message
    throw error
  }
  throw new Error('it was taken')
}

describe('a gate', () => {
  it('holds B against a limit, by its worst run', () => {
    const worst = measure('m', 0, 1, { valuesB: [0, 1, 3] })
    expect(outcomes('  m: {max: 3}', worst)).toEqual([[2, 'holds']])
    expect(outcomes('  m: {max: 2}', worst)).toEqual([[2, 'broken']])
    expect(outcomes('  m: {min: 1}', worst)).toEqual([[2, 'broken']])
    expect(outcomes('  m: none', measure('m', 5, 0))).toEqual([[2, 'holds']])
  })

  it('limits growth and loss, in numbers and in shares of A', () => {
    const grown = measure('m', 100, 110)
    expect(outcomes('  m: {max_increase: 10}', grown)).toEqual([[2, 'holds']])
    expect(outcomes('  m: {max_increase: 9%}', grown)).toEqual([[2, 'broken']])
    expect(outcomes('  m: {max_drop: 0}', grown)).toEqual([[2, 'holds']])
    expect(outcomes('  m: {max_drop: 10 %}', measure('m', 100, 89))).toEqual([[2, 'broken']])
    expect(outcomes('  m: {max_increase: 50%}', measure('m', 0, 1))).toEqual([[2, 'broken']])
  })

  it('does not break on what is within the noise', () => {
    const noise = { kind: 'timing', verdict: 'none', reason: 'within the noise of 4 runs against 4' } as const
    expect(outcomes('  m: {max_drop: 1%}', measure('m', 100, 80, noise))).toEqual([[2, 'holds']])
    expect(outcomes('  m: same', measure('m', 100, 80, noise))).toEqual([[2, 'holds']])
  })

  it('judges one run of a side by its numbers, and says that the noise is not known', () => {
    const one = { kind: 'timing', verdict: 'unknown', reason: 'one run: noise unknown' } as const
    const gate = readGate('rules: {m: {max_drop: 1%}}', 'rules.yaml')
    const { failed } = applyGate(gate, compared(measure('m', 100, 80, one)))
    expect(failed[0]!.text).toBe('m may drop by 1 % at most: 80 instead of 100, −20 (one run: noise unknown)')
    expect(outcomes('  m: same', measure('m', 100, 80, one))).toEqual([[2, 'unseen']])
  })

  it('fails on what was not seen, or skips it where it is told to', () => {
    const unseen = measure('m', 1, null, { reason: 'not seen in B' })
    for (const rule of ['none', 'same', '{max_increase: 0}', '{min: 0}'])
      for (const [policy, passed] of [
        ['fail', false],
        ['skip', true]
      ] as const) {
        const gate = readGate(`unseen: ${policy}\nrules: {m: ${rule}}`, 'rules.yaml')
        const verdict = applyGate(gate, compared(unseen))
        expect([rule, verdict.results[0]!.outcome, verdict.passed]).toEqual([rule, 'unseen', passed])
      }
  })

  it('judges nothing that some runs did not see, a time neither', () => {
    const part = { kind: 'timing', verdict: 'unknown', valuesB: [3, null, null, null] } as const
    for (const rule of ['same', '{max: 9}', '{max_increase: 0}', '{max_drop: 0}'])
      expect([rule, outcomes(`  m: ${rule}`, measure('m', 3, 3, part as unknown as Partial<CompareMeasure>))]).toEqual([
        rule,
        [[2, 'unseen']]
      ])
  })

  it('never takes a count after a loss for all there was', () => {
    const lossy = { verdict: 'unknown', reason: 'events were lost in B', atLeast: true } as const
    expect(outcomes('  m: none', measure('m', 0, 0, lossy))).toEqual([[2, 'unseen']])
    expect(outcomes('  m: none', measure('m', 0, 2, lossy))).toEqual([[2, 'broken']])
    expect(outcomes('  m: {max_increase: 0}', measure('m', 0, 2, lossy))).toEqual([[2, 'unseen']])
  })

  it('never takes changes that could not all be counted for all there were', () => {
    const some = { atLeast: true, reason: 'at least so many' } as const
    expect(outcomes('  m: {max: 1}', measure('m', 0, 2, some))).toEqual([[2, 'broken']])
    expect(outcomes('  m: {max: 2}', measure('m', 0, 2, some))).toEqual([[2, 'unseen']])
    expect(outcomes('  m: {max_increase: 2}', measure('m', 0, 2, some))).toEqual([[2, 'unseen']])
  })

  it('takes a star for any text, and each measure by itself', () => {
    const all = [
      measure('vm[gpu].outlived', 0, 0),
      measure('vm[mdp_kms].outlived', 0, 5),
      measure('vm[gpu].mappings', 1, 2)
    ]
    expect(outcomes('  "vm[*].outlived": none', ...all)).toEqual([
      [2, 'holds'],
      [2, 'broken']
    ])
  })

  it('has one line for each rule that failed, with file and line, and the same as JUnit', () => {
    const gate = readGate('rules:\n  a: none\n  b: none\n', 'ci/rules.yaml')
    const verdict = applyGate(gate, compared(measure('a', 0, 0), measure('b', 0, 2)))
    expect(gateText(gate, verdict).split('\n')).toEqual([
      'broken  ci/rules.yaml:3: b may be 0 at most: 2',
      'failed  ci/rules.yaml: 1 of 2 hold'
    ])
    const xml = junit([gateSuite(gate, verdict)])
    expect(xml).toContain('tests="2" failures="1" errors="0" skipped="0"')
    expect(xml).toContain('ci/rules.yaml:3: b may be 0 at most: 2')
  })
})

describe('a gate file', () => {
  it('is refused with its line and key', () => {
    expect(refusal('rules:\n  a: none\n  b: {max_grow: 1}')).toBe(
      'rules.yaml:3: rules.b.max_grow: there is no such key.'
    )
    expect(refusal('rules:\n  a: {max: ten}')).toBe('rules.yaml:2: rules.a.max: must be a number.')
    expect(refusal('rules:\n  a: {max_drop: 10 ms}')).toContain('rules.yaml:2: rules.a.max_drop: ')
    expect(refusal('rules:\n  a: never')).toContain('rules.yaml:2: rules.a: must be none, same')
    expect(refusal('rules:\n  a: {}')).toContain('rules.yaml:2: rules.a: says nothing')
    expect(refusal('rules: {}')).toContain('there is none')
    expect(refusal('rules:\n  a: none\nunseen: perhaps')).toBe('rules.yaml:3: unseen: must be fail or skip.')
    expect(refusal('rules:\n  a: none\nrule: 1')).toBe('rules.yaml:3: rule: there is no such key.')
    expect(refusal('unseen: fail')).toContain('rules')
    expect(refusal('rules:\n  a: none\n  a: same')).toMatch(/^rules.yaml:3: .*unique/)
    expect(refusal('rules: [')).toMatch(/^rules.yaml:\d+: /)
    expect(refusal('')).toMatch(/^rules.yaml:1: /)
  })

  it('that is of a measure which there is not is refused, with those there are', () => {
    const gate = readGate('rules:\n  events.gpu-falt: none', 'rules.yaml')
    const apply = (): unknown => applyGate(gate, compared(measure('events.gpu-fault', 0, 0)))
    expect(apply).toThrow('rules.yaml:2: rules.events.gpu-falt: this comparison has no such measure.')
  })

  it('is what its schema says', () => {
    const valid = new Ajv2020({ strict: true }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object)
    const good = [
      'rules: {a: none}',
      'unseen: skip\nrules: {a: same, "vm[*].b": {max: 1, min: -1, max_increase: 10%, max_drop: 2.5}}'
    ]
    const bad = [
      'rules: {}',
      'rules: {a: {}}',
      'rules: {a: never}',
      'rules: {a: {max: "1"}}',
      'rules: {a: {max_drop: -1}}',
      'unseen: no'
    ]
    for (const text of good) {
      expect(readGate(text, 'rules.yaml').rules.length).toBeGreaterThan(0)
      expect([text, valid(parse(text))]).toEqual([text, true])
    }
    for (const text of bad) {
      expect(refusal(text)).toContain('rules.yaml:')
      expect([text, valid(parse(text))]).toEqual([text, false])
    }
  })
})
