import { readFileSync } from 'node:fs'
import path from 'node:path'
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { comparisonJson } from '../../../cli/commands/diff'
import { openStatistics, statsJson } from '../../../cli/commands/stats'
import { statsText } from '../../../cli/stats-text'
import type { Comparison } from '../../../engine/api'
import { compareFiles } from '../../../engine/compare/compare'
import { applyGate } from '../../../engine/compare/gate'
import { readGate } from '../../../engine/compare/gate-file'
import { comparisonHtml } from '../../../engine/compare/report'
import { compareText } from '../../../engine/compare/text'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const MAINLINE = path.join(ROOT, 'tests/fixtures/compare/mainline.vascope')
const WEAKREF = path.join(ROOT, 'tests/fixtures/compare/weakref.vascope')

function schema(name: string): ValidateFunction {
  const text = readFileSync(path.join(ROOT, `docs/schema/${name}.schema.json`), 'utf8')
  return new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(text) as object)
}

let comparison: Comparison
beforeAll(() => {
  comparison = compareFiles([MAINLINE], [WEAKREF])
})

describe('the text of vascope diff', () => {
  it('tells what a reviewer asks first: policies, what became of BOs, what differs', () => {
    const text = compareText(comparison)
    for (const line of [
      '# mainline against weakref',
      '* drm_gpuvm_flags: only B has DRM_GPUVM_VA_WEAK_REF',
      '* mdp_kms: 7 BOs with 3 references instead of 4 as the vm_bo is made',
      '* mdp_kms: mappings of 7 BOs torn down by BO free instead of vma_put',
      '* mdp_kms: mappings of 5 BOs outlive the handle; in A they do not',
      'One run: noise unknown.'
    ])
      expect(text.split('\n')).toContain(line)
    expect(text).toMatch(/\| mdp_kms +\| kernel-managed \| handle-counted \| weak \|/)
  })

  it('has no row left out with --all, and says so without', () => {
    expect(compareText(comparison)).toMatch(/… and \d+ more \(--all\)\./)
    expect(compareText(comparison, true)).not.toContain('(--all)')
  })

  it('says in one line that nothing differs', () => {
    const text = compareText(compareFiles([WEAKREF], [WEAKREF]))
    expect(text).toContain('No difference.')
    expect(text).not.toContain('##')
  })
})

describe('the HTML of vascope diff', () => {
  it('is one file that needs nothing else, and the same each time', () => {
    const page = comparisonHtml(comparison)
    expect(page).not.toMatch(/<script|(?:src|href)=|url\(|@import/)
    expect(comparisonHtml(structuredClone(comparison))).toBe(page)
    for (const part of [
      'handle-counted',
      'outlive the handle',
      'vascope diff mainline.vascope weakref.vascope',
      'flip.mappings'
    ])
      expect(page).toContain(part)
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('escapes what sessions say', () => {
    const named = structuredClone(comparison)
    named.sides[0].label = '<img src=x>'
    expect(comparisonHtml(named)).not.toContain('<img')
  })
})

describe('what is printed as JSON', () => {
  it('is what the schema of a comparison says, with a gate and without', () => {
    const valid = schema('compare')
    const verdict = applyGate(readGate('rules: {policy_changes: none, "flip.*": same}', 'rules.yaml'), comparison)
    for (const gate of [null, verdict])
      expect([valid(comparisonJson(comparison, gate)), valid.errors]).toEqual([true, null])
    expect(verdict.passed).toBe(false)
  })

  it('is what the schema of statistics says, also of old files and of a board that tells little', () => {
    const valid = schema('stats')
    const sessions = path.join(ROOT, 'tests/fixtures/sessions')
    for (const file of [
      MAINLINE,
      WEAKREF,
      ...['format-1.0', 'killed-vm-bind'].map((n) => path.join(sessions, `${n}.vascope`))
    ]) {
      const { recording, statistics } = openStatistics(file)
      expect([file, valid(JSON.parse(JSON.stringify(statsJson(recording, statistics)))), valid.errors]).toEqual([
        file,
        true,
        null
      ])
    }
  })
})

describe('the manual', () => {
  it('has rules that are understood, and whose measures there are', () => {
    const manual = readFileSync(path.join(ROOT, 'docs/compare.md'), 'utf8')
    const gate = readGate(/```yaml\n(.*?)```/s.exec(manual)![1]!, 'rules.yaml')
    const { failed } = applyGate(gate, comparison)
    for (const { line, text } of failed) expect(manual).toContain(`broken  rules.yaml:${line}: ${text}\n`)
    expect(failed.length).toBeGreaterThan(0)
  })
})

describe('the text of vascope stats', () => {
  it('has every section, and what was not seen as that', () => {
    const { statistics } = openStatistics(WEAKREF)
    const text = statsText(statistics)
    for (const title of ['rates and bytes', 'latency', 'lifetimes', 'churn', 'why mappings went', 'VA space', 'steps'])
      expect(text).toMatch(new RegExp(`^${title}`, 'm'))
    expect(text).not.toMatch(/NaN|undefined|Infinity/)
    const blind = {
      ...statistics,
      vmBind: { ...statistics.vmBind, ioctl: null },
      notSeen: { 'vmBind.ioctl': 'it is not there' }
    }
    expect(statsText(blind)).toMatch(/VM_BIND ioctl +not seen/)
    expect(statsText(blind)).toContain('vmBind.ioctl: it is not there')
  })
})
