import { describe, expect, it } from 'vitest'
import { Frame } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { frame } from '../stream'
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
  it('takes E1 and E2 from the processes that lived through it, whose objects cannot be told by number any more', () => {
    const resync = [lost(1, 2), snapshotFrame(10, 11, { tasks: [{ id: 1, pid: 41, tid: 41, comm: 'app' }] })]
    const late = (task: number, tasks: object[]): Uint8Array =>
      frame.events(2, [...k.vm(20, 2, { task }), k.bo(21, 2, 16, task), k.open(22, 2, 2, 1, task), k.later(9000)], {
        tasks
      })
    const expected = (pid: number): Uint8Array =>
      Frame.encode({
        checkpoint: {
          runId: 1,
          timeNs: at(100),
          step: 'at the checkpoint',
          vms: [
            { pid, ordinal: 1, vas: [{ iova: 32, range: 16, bo: 1 }] },
            { pid, ordinal: 2, vas: [] }
          ],
          bos: [
            { pid, ordinal: 1, gone: true },
            { pid, ordinal: 2, handles: 1 }
          ]
        }
      }).finish()
    const rules = (last: Uint8Array[]): string[] => findingsOf([k.later(0)], { last }).map((f) => f.rule)
    expect(rules([...resync, late(1, []), expected(41)])).toEqual(['G2'])
    // one that began after the snapshot is judged
    const born = [{ id: 3, pid: 43, tid: 43, comm: 'app' }]
    expect(rules([...resync, late(3, born), expected(43)])).toEqual(['G2', 'E1', 'E1', 'E2', 'E2'])
    // one that was first seen before the snapshot may have begun in the loss
    const between = frame.events(2, k.vm(5, 3, { task: 3 }), { tasks: born })
    const [loss, snapshot] = resync as [Uint8Array, Uint8Array]
    const after = frame.events(3, [...k.vm(20, 2, { task: 3 }), k.later(9000)])
    expect(rules([loss, between, snapshot, after, expected(43)])).toEqual(['G2'])
  })

  it('leaves F2 to a VM that was born after it, whose jobs run while the snapshot is taken', () => {
    const before = [...k.vm(5, 1), k.bo(5, 1), k.smMap(6, 32), ...k.map(6, 1, 32), k.job(6, 1)]
    const after = [k.smMap(20, 64), ...k.map(20, 2, 64), k.job(20, 2), k.jobRuns(21, 1), k.pteMap(21, 32)]
    const done = [k.jobDone(22, 1), k.jobRuns(23, 2), k.pteMap(23, 64), k.jobDone(24, 2)]
    const end = [k.later(3000), k.vmCloses(3001), k.later(5000)]
    const whole = snapshotFrame(10, 11, {
      vms: [{ id: 1, mode: 2 }],
      bos: [{ id: 1, size: 16, refcount: 1, handles: 1 }],
      vas: [{ id: 1, vm: 1, vmBo: 1, bo: 1, iova: 32, range: 16 }]
    })
    const last = [lost(1, 2), frame.events(2, before), whole, frame.events(3, [...after, ...done, ...end])]
    expect(findingsOf([k.later(0)], { last }).filter((f) => f.rule === 'F2')).toEqual([])
  })
})
