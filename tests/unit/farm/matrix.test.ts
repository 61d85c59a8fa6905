import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseMatrix } from '../../../engine/ci/matrix-file'
import { planMatrix } from '../../../engine/ci/plan'
import { VascopeError } from '../../../engine/problem'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const GOOD = `version: 1
title: nightly
fail-on: retention
boards:
  emulated: virtual:farm
  rb3:
    address: root@rb3
    kernels: [soft]
kernels:
  plain: { virtual: mainline }
  soft: { virtual: weakref, prepare: ./boot.sh, release: "^7\\\\.3" }
defaults: { limit: 60 }
scenarios:
  - id: vm-bind-churn
    parameters: { ops: 500 }
    seeds: [1, 2]
    repeat: 2
  - id: scanout-flip
    boards: [emulated]
    limit: 30
`

function refused(text: string): string {
  try {
    planMatrix(parseMatrix(text, 'm.yaml'), '/results')
  } catch (error) {
    if (error instanceof VascopeError && error.exit === 2) return error.message
    throw error
  }
  throw new Error('it was not refused')
}

describe('a matrix', () => {
  it('becomes every scenario with every seed, repeated, on every board with every kernel', () => {
    const plans = planMatrix(parseMatrix(GOOD, 'm.yaml'), '/results')
    expect(plans.map((p) => [p.name, p.jobs.length])).toEqual([
      ['emulated', 10],
      ['rb3', 4]
    ])
    const [first] = plans[0]!.jobs
    expect(first).toMatchObject({
      name: 'vm-bind-churn',
      board: 'virtual:farm-mainline:mainline',
      kernel: 'plain',
      repeat: 1,
      limit: 60,
      runs: [{ id: 'vm-bind-churn', seed: 1, parameters: { ops: 500 } }],
      file: '/results/emulated/plain/vm-bind-churn-s1-r1.vascope'
    })
    expect(plans[0]!.jobs.filter((j) => j.kernel === 'soft' && j.name === 'scanout-flip')).toMatchObject([
      { board: 'virtual:farm-weakref:weakref', limit: 30, release: '^7\\.3' }
    ])
    expect(plans[1]!.jobs.every((j) => j.board === 'root@rb3' && j.kernel === 'soft')).toBe(true)
    const files = plans.flatMap((p) => p.jobs.map((j) => j.file))
    expect(new Set(files).size).toBe(files.length)
  })

  it.each([
    ['a value of the wrong type', GOOD.replace('ops: 500', 'ops: many'), 'm.yaml:15: scenarios[0].parameters.ops: '],
    [
      'a key that there is not',
      GOOD.replace('repeat: 2', 'repeats: 2'),
      'm.yaml:17: scenarios[0].repeats: there is no such key'
    ],
    ['a key that is missing', GOOD.replace('version: 1\n', ''), 'version: it is missing'],
    [
      'a version of the future',
      GOOD.replace('version: 1', 'version: 2'),
      'm.yaml:1: version: this Vascope reads version 1'
    ],
    ['YAML that is none', GOOD.replace('[soft]', '[soft'), /^m\.yaml:\d+: /],
    [
      'a kernel that nobody described',
      GOOD.replace('[soft]', '[hard]'),
      'm.yaml:8: boards.rb3.kernels[0]: there is no kernel "hard"'
    ],
    [
      'a board that nobody described',
      GOOD.replace('[emulated]', '[rb5]'),
      'm.yaml:19: scenarios[1].boards[0]: there is no board "rb5"'
    ],
    [
      'parameters for all',
      GOOD.replace('id: vm-bind-churn', 'id: all'),
      'm.yaml:15: scenarios[0].parameters.ops: all takes only seeds'
    ],
    [
      'two scenarios of one name',
      GOOD.replace('id: scanout-flip', 'id: vm-bind-churn'),
      'm.yaml:18: scenarios[1]: there is a scenario "vm-bind-churn" above'
    ],
    [
      'a board that is there twice',
      GOOD.replace('root@rb3', 'virtual:farm').replace('[soft]', '[plain]'),
      'm.yaml:6: boards.rb3: it is the same board as emulated: virtual:farm'
    ],
    [
      'a scenario that no board runs',
      GOOD.replace('boards: [emulated]', 'boards: [rb3]\n    kernels: [plain]'),
      'm.yaml:18: scenarios[1]: no board runs it'
    ],
    [
      'a limit beyond what a timer can wait',
      GOOD.replace('limit: 30', 'limit: 2147484'),
      'm.yaml:20: scenarios[1].limit: give at most 2147483 seconds (24 days)'
    ],
    [
      'a kernel that a real board cannot boot',
      GOOD.replace('prepare: ./boot.sh, release: "^7\\\\.3"', ''),
      'kernels.soft: rb3 is no virtual board'
    ],
    ['a pattern that is none', GOOD.replace('^7\\\\.3', '('), 'kernels.soft.release: it is no regular expression']
  ])('is refused with line and key: %s', (_, text, message) => {
    expect(refused(text)).toMatch(message instanceof RegExp ? message : new RegExp(escape(message)))
  })

  it('is described by the published schema, which refuses what Vascope refuses', () => {
    const schema = JSON.parse(readFileSync(path.join(ROOT, 'docs/schema/matrix.schema.json'), 'utf8')) as object
    const valid = new Ajv({ formats: { regex: true } }).compile(schema)
    expect(valid(parse(GOOD)), JSON.stringify(valid.errors)).toBe(true)
    for (const [from, to] of [
      ['ops: 500', 'ops: many'],
      ['repeat: 2', 'repeats: 2'],
      ['version: 1\n', ''],
      ['limit: 30', 'limit: 0'],
      ['limit: 30', 'limit: 2147484']
    ] as const)
      expect(valid(parse(GOOD.replace(from, to)))).toBe(false)
  })

  it('of the documentation is one', () => {
    const text = readFileSync(path.join(ROOT, 'docs/farm.md'), 'utf8')
    const [, example] = /```yaml\n([\s\S]*?)```/.exec(text)!
    const plans = planMatrix(parseMatrix(example!, 'farm.md'), '/results')
    expect(plans.flatMap((p) => p.jobs).length).toBeGreaterThan(0)
  })
})

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
