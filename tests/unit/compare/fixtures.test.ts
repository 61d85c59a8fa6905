import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Comparison, CompareMeasure } from '../../../engine/api'
import { compareFiles } from '../../../engine/compare/compare'

/** Recorded on the virtual board: the same scenarios and seed on mainline and on weakref (board/kernels). */
const FOLDER = path.resolve(import.meta.dirname, '../../fixtures/compare')
const fixture = (name: string): string => path.join(FOLDER, `${name}.vascope`)

let comparison: Comparison
const measure = (id: string): CompareMeasure => comparison.measures.find((m) => m.id === id)!

beforeAll(() => {
  comparison = compareFiles([fixture('mainline')], [fixture('weakref')])
})

describe('mainline against weakref', () => {
  it('is known by the kernels, with all else the same', () => {
    expect(comparison.sides.map((side) => side.label)).toEqual(['mainline', 'weakref'])
    expect(comparison.differs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['board.kernel', 'drm_gpuvm_flags', 'modules'])
    )
    expect(comparison.same.map(({ name }) => name)).toEqual(expect.arrayContaining(['kernel', 'scenarios', 'driver']))
    expect(comparison.steps.every(({ a, b }) => a !== null && b !== null)).toBe(true)
  })

  it('matches every VM, and finds the policy of the kernel-managed ones changed', () => {
    const { vms } = comparison
    expect(vms.every(({ a, b }) => a !== null && b !== null)).toBe(true)
    for (const { a, b, policyChanged } of vms) {
      const managed = a!.mode === 'kernel-managed'
      expect([a!.policy, b!.policy]).toEqual(managed ? ['handle-counted', 'weak'] : ['hard', 'hard'])
      expect(policyChanged).toBe(managed)
    }
    expect(vms.filter((vm) => vm.a!.mode === 'vm-bind').length).toBeGreaterThan(0)
    expect(measure('policy_changes')).toMatchObject({
      verdict: 'differs',
      b: vms.filter((v) => v.policyChanged).length
    })
    expect(comparison.measures[0]!.id).toBe('policy_changes')
  })

  it('finds framebuffers with one reference less', () => {
    const references = comparison.objects.filter(({ vm, what }) => vm === 'mdp_kms' && what === 'references')
    expect(references.length).toBeGreaterThan(0)
    for (const { a, b } of references) expect(parseInt(b)).toBe(parseInt(a) - 1)
    expect(measure('vm[mdp_kms].references_at_vm_bo_create').change).toBe(-1)
  })

  it('finds mappings that outlive the handle, and no longer one for each flip', () => {
    expect(measure('vm[mdp_kms].outlived')).toMatchObject({ a: 0, verdict: 'differs' })
    expect(measure('vm[mdp_kms].outlived').b).toBeGreaterThan(0)
    expect(comparison.objects).toContainEqual(
      expect.objectContaining({ vm: 'mdp_kms', what: 'outlives', b: 'outlive the handle' })
    )
    expect(measure('flip.mappings').a).toBe(1)
    expect(measure('flip.mappings').b).toBeLessThan(0.5)
  })

  it('finds why mappings go: vma_put and the handle’s close on mainline, the BO’s end on weakref', () => {
    expect(measure('teardown.vma_put').a).toBeGreaterThan(0)
    expect(measure('teardown.vma_put').b).toBe(0)
    expect(measure('teardown.handle_close').b).toBe(0)
    expect(measure('teardown.bo_free')).toMatchObject({ a: 0, verdict: 'differs' })
    expect(measure('teardown.unmap')).toMatchObject({ change: 0, verdict: 'none', reason: 'equal' })
  })

  it('finds VM_BIND VMs unchanged', () => {
    const bind = comparison.vms.filter((vm) => vm.a!.mode === 'vm-bind').map((vm) => vm.key)
    expect(comparison.objects.filter(({ vm }) => bind.includes(vm))).toEqual([])
    const facts = comparison.measures.filter(
      (m) => m.kind === 'fact' && bind.some((key) => m.id.startsWith(`vm[${key}]`))
    )
    expect(facts.length).toBeGreaterThan(0)
    expect(facts.filter((m) => m.verdict === 'differs')).toEqual([])
  })

  it('says of every time that one run has no known noise', () => {
    const timings = comparison.measures.filter((m) => m.kind === 'timing' && m.a !== null && m.b !== null)
    expect(timings.length).toBeGreaterThan(10)
    for (const { verdict, reason } of timings) expect([verdict, reason]).toEqual(['unknown', 'one run: noise unknown'])
  })

  it('is the same for a window', () => {
    expect(structuredClone(comparison)).toEqual(comparison)
  })
})

describe('a session against itself', () => {
  it('has no difference in anything that is certain', () => {
    const { measures, objects, vms, differs } = compareFiles([fixture('weakref')], [fixture('weakref')])
    expect(measures.filter((m) => m.verdict === 'differs')).toEqual([])
    expect(measures.filter((m) => m.change !== 0 && m.change !== null)).toEqual([])
    expect([objects, differs, vms.filter((vm) => vm.policyChanged)]).toEqual([[], [], []])
  })
})
