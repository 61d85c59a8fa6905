import { describe, expect, it } from 'vitest'
import { Frame } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { at, checked, findingsOf, k, snapshotFrame } from './script'

const lost = (first: number, last: number): Uint8Array =>
  Frame.encode({
    loss: { firstNs: at(first), lastNs: at(last), kinds: [{ kind: Kind.VaRemove, kernel: 1 }] }
  }).finish()

describe('findings beyond those that are kept whole', () => {
  const twice = [
    ...k.vm(0, 1),
    ...Array.from({ length: 800 }, (_, n) => [
      k.insert(1, n + 1, 32 * (n + 1), 16, 1),
      k.remove(1, n + 1),
      k.remove(2, n + 1)
    ])
  ].flat()

  it('are withdrawn by a loss as the others are', () => {
    const before = checked(twice).checker.page()
    expect([before.counts.violation, before.findings.length]).toEqual([800, 500])
    const { counts, total, rules } = checked(twice, { last: [lost(0, 1000)] }).checker.page()
    expect([counts.violation, total]).toEqual([0, 1])
    expect(rules.find((r) => r.id === 'S5')!.hits).toBe(0)
  })

  it('count under their own severity, not their rule’s', () => {
    const leaks = [
      ...k.managed(0, 1),
      k.vmFile(0, 1),
      ...Array.from({ length: 600 }, (_, i) => i + 1).flatMap((n) => [
        k.bo(1, n),
        k.open(2, n, n),
        k.vmBo(3, n, 1, n),
        ...k.map(3, n, 32 * n, 16, n, 1, n),
        ...k.close(4, n, n)
      ]),
      k.later(5000)
    ].sort((a, b) => a.ms - b.ms)
    const page = checked(leaks).checker.page()
    expect(page.rules.find((r) => r.id === 'H4')!.hits).toBe(600)
    expect(page.counts.retention).toBe(0)
  })
})

describe('a loss', () => {
  it('that was told before the first snapshot leaves its time unknown', () => {
    const overlap = [...k.vm(0, 1), ...k.map(3, 1, 32), ...k.map(4, 2, 40), k.later(5000)]
    const first = [lost(-10, 1000), snapshotFrame(-3, -2)]
    expect(findingsOf(overlap, { first }).map((f) => f.rule)).toEqual(['G2'])
  })
})
