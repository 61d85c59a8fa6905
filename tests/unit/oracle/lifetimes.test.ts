import { describe, expect, it } from 'vitest'
import { findingsOf } from '../check/script'
import { Kernel, random, type Rule } from './kernel'

const SEEDS = 150

/** A program's life of 60 random steps on a kernel of that rule. */
function lived(rule: Rule, seed: number): Kernel {
  const next = random(seed)
  const kernel = new Kernel(rule)
  kernel.create()
  for (let n = 0; n < 60; n++) {
    const alive = kernel.bos.filter((b) => b.alive)
    const bo = alive[next(alive.length)]
    const step = next(7)
    if (!bo || step === 0) kernel.create()
    else if (step === 1 && bo.handles.length > 0) kernel.open(bo)
    else if (step <= 3 && bo.handles.length > 0) kernel.close(bo)
    else if (step === 4 && bo.handles.length > 0 && bo.va === 0) kernel.map(bo)
    else if (step === 5 && rule === 'hard' && bo.va !== 0) kernel.unmap(bo)
    else if (step === 6 && bo.handles.length > 0 && bo.fb === 0) kernel.addFb(bo)
    else if (bo.fb !== 0) kernel.removeFb(bo)
  }
  kernel.rest()
  return kernel
}

describe('random lives under each rule of lifetime', () => {
  it.each(['hard', 'weak', 'handle-counted'] as const)(
    '%s: nothing is accused, and what is retained is found',
    (rule) => {
      let retained = 0
      for (let seed = 1; seed <= SEEDS; seed++) {
        const kernel = lived(rule, seed)
        const found = findingsOf(kernel.events, kernel.session)
        expect(
          found.filter((f) => f.severity !== 'retention'),
          `seed ${seed}`
        ).toEqual([])
        const named = found.filter((f) => f.rule === 'H4').map((f) => f.objects[0]!.id)
        expect(named.sort(), `seed ${seed}`).toEqual(kernel.retained().sort())
        retained += named.length
      }
      // the rules differ in this: only a hard reference of VM_BIND keeps what nobody has a handle to
      expect(retained > 0).toBe(rule === 'hard')
    }
  )

  it('hard references without a teardown leak, and each BO is found twice: as the leak, and as the close that did not unmap', () => {
    let leaked = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const kernel = lived('leaking', seed)
      const found = findingsOf(kernel.events, kernel.session)
      const of = (rule: string): number[] =>
        found.filter((f) => f.rule === rule && f.severity === 'violation').map((f) => f.objects[0]!.id)
      expect(of('H4').sort(), `seed ${seed}`).toEqual(kernel.retained().sort())
      for (const bo of kernel.retained()) expect(of('C1'), `seed ${seed}`).toContain(bo)
      leaked += kernel.retained().length
    }
    expect(leaked).toBeGreaterThan(0)
  })
})
