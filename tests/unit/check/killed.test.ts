import { describe, expect, it } from 'vitest'
import { whyAlive } from '../../../engine/query/why'
import { openRecording } from '../../../engine/session/recording'

/**
 * Recorded on mainline 7.3.4: a process is killed while its VM_BIND job with eight MAPs waits for a fence. msm_vma_job_free() drops neither
 * the references nor the pins of operations that never ran (msm/msm_gem_vma.c).
 */
const FILE = 'tests/fixtures/sessions/killed-vm-bind.vascope'

describe('a VM_BIND job that was killed, as recorded', () => {
  const { checker, model } = openRecording(FILE)
  const bosOf = (rule: string): number[] => checker.findings.filter((f) => f.rule === rule).map((f) => f.objects[0]!.id)

  it('is told, and so are the BOs that it leaves pinned, alive and without a holder', () => {
    expect(checker.findings.filter((f) => f.rule === 'F1')).toMatchObject([{ evidence: { operations: 8 } }])
    const left = [7, 8, 9, 10, 11, 12, 13, 14]
    for (const rule of ['C5', 'L2', 'E2']) expect(bosOf(rule), rule).toEqual(left)
    expect(checker.page().counts).toEqual({ violation: 16, retention: 0, suspicion: 9, gap: 0 })
  })

  it('is no holder that is known', () => {
    expect(whyAlive(model, 7, model.end)).toMatchObject({ state: 'alive', explained: 0 })
  })
})
