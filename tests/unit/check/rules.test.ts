import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { Leaks } from '../../../engine/check/leaks'
import { Checker } from '../../../engine/check/checker'
import { SessionModel } from '../../../engine/model/session'
import { RULES, ruleOf } from '../../../engine/check/rules'
import { Frame } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { frame, type ScriptEvent } from '../stream'
import { at, checked, findingsOf, k, snapshotFrame, TASKS, WEAK } from './script'
import { CASES } from './scripts'

const of = (rule: string, list: readonly { rule: string }[]): unknown[] => list.filter((f) => f.rule === rule)

describe.each(CASES)('rule $rule', ({ rule, passes, fails, session, failsIn }) => {
  it('holds', () => {
    expect(of(rule, findingsOf(passes, session))).toEqual([])
  })

  it('is broken, and says by what', () => {
    const [finding] = of(rule, findingsOf(fails, failsIn ?? session)) as ReturnType<typeof findingsOf>
    expect(finding).toBeDefined()
    expect(finding!.what).not.toBe('')
    expect(finding!.key.startsWith(`${rule}:`)).toBe(true)
    for (const { label } of finding!.objects) expect(label).not.toBe('')
  })

  // a gap is what a loss is told by, and some rules need nothing
  if (ruleOf(rule).severity !== 'gap')
    it('is silent about what lived through a loss', () => {
      const lost = Frame.encode({
        loss: { firstNs: at(-1), lastNs: at(4500), kinds: [{ kind: Kind.VaRemove, kernel: 1 }] }
      }).finish()
      const end = failsIn ?? session
      expect(of(rule, findingsOf(fails, { ...end, last: [lost, ...(end?.last ?? [])] }))).toEqual([])
    })

  if (ruleOf(rule).needs.length > 0)
    it('is not judged without what it needs, and says so', () => {
      const { needs } = ruleOf(rule)
      const without = [needs.at(-1)!]
      const { checker } = checked(fails, {
        ...(failsIn ?? session),
        capabilities: { ...session?.capabilities, without }
      })
      const page = checker.page()
      const verdict = page.rules.find((r) => r.id === rule)!
      expect(verdict).toMatchObject({ checked: false, hits: 0 })
      expect(verdict.reason).toContain('not sent')
    })
})

describe('the rules', () => {
  it('each have scripts, and no script has another rule', () => {
    expect(CASES.map((c) => c.rule)).toEqual(RULES.map((r) => r.id))
  })

  it('and docs/policies.md agree', () => {
    const text = readFileSync('docs/policies.md', 'utf8')
    const headings = [...text.matchAll(/^\*\*([A-Z]\d+) ([^(*]+) \((\w+)\)\.\*\* \S/gm)]
    expect(headings.map(([, id, title, severity]) => [id, title, severity])).toEqual(
      RULES.map((r) => [r.id, r.title, r.severity])
    )
  })
})

describe('the checker', () => {
  it('judges nothing before a snapshot, and says so', () => {
    const { checker } = checked([...k.vm(0, 1), ...k.map(3, 1, 32), ...k.map(4, 2, 40), k.later(5000)], { first: [] })
    expect(checker.findings).toEqual([])
    expect(checker.page().rules[0]).toMatchObject({ checked: false, reason: expect.stringContaining('no snapshot') })
  })

  it('judges what was there before tracing by its state alone', () => {
    const first = [
      snapshotFrame(-3, -2, { vms: [{ id: 1, mode: 2 }], vas: [{ id: 1, vm: 1, vmBo: 1, bo: 1, iova: 32, range: 16 }] })
    ]
    expect(findingsOf([...k.map(4, 2, 40, 16, 2), k.later(5000)], { first }).map((f) => f.rule)).toEqual(['S2'])
  })

  it('judges again after a loss when a complete snapshot has come', () => {
    const lost = Frame.encode({ loss: { firstNs: at(1), lastNs: at(2), kinds: [{ kind: 5, kernel: 1 }] } }).finish()
    const whole = snapshotFrame(10, 11, { vms: [{ id: 1, mode: 2 }] })
    const late = frame.events(2, [...k.map(20, 1, 32), ...k.map(21, 2, 40), k.later(9000)])
    const rules = (last: Uint8Array[]): string[] => findingsOf(k.vm(0, 1), { last }).map((f) => f.rule)
    expect(rules([lost, whole, late])).toEqual(['G2', 'S2'])
    expect(rules([late])).toContain('S2')
  })

  it('does not hold another driver against msm’s reference model, and says so', () => {
    const { checker } = checked([...k.vm(0, 1), k.later(5000)], { capabilities: { driver: 'panthor' } })
    const reason = 'the reference model is msm’s'
    expect(checker.page().rules.find((r) => r.id === 'O1')).toMatchObject({ checked: false, reason })
  })

  it('takes a reference count of before that was not seen for nothing', () => {
    const unseen = [1, 2, 3].flatMap((n) => [k.bo(n, n), { ...k.vmBo(n + 1, n, 1, n, 0), count: 0 }])
    const session = { capabilities: { vmFlags: WEAK } }
    expect(findingsOf([...k.managed(0, 1, { flags: 4 }), ...unseen, k.later(5000)], session)).toEqual([])
  })

  it('sweeps once for VMs that close together, and again for the last', () => {
    const sweeps = vi.spyOn(Leaks.prototype, 'sweep')
    const closes = Array.from({ length: 100 }, (_, n) => [...k.managed(10 * n, n + 1), k.vmCloses(10 * n + 5, n + 1)])
    checked([...closes.flat(), ...Array.from({ length: 90 }, (_, n) => k.later(1000 + 100 * n))])
    const times = sweeps.mock.calls.map(([now]) => now)
    sweeps.mockRestore()
    // the snapshot, after the first close, after the last, the end
    expect(times.map((t) => Math.round(t * 1000))).toEqual([-3, 2005, 2995, 9900])
  })

  it('looks at the VMs that live and the vm_bos that are evicted for a submit, not at all of them', () => {
    const [model, n] = [new SessionModel(), 200]
    const checker = new Checker(model)
    const numbers = Array.from({ length: n }, (_, i) => i + 1)
    const gone = numbers.flatMap((i) => [...k.vm(0, i + 1), k.vmEnds(1, i + 1)])
    const mapped = numbers.flatMap((i) => [k.bo(3, i), k.vmBo(3, i, 1, i), ...k.map(3, i, 32 * i, 16, i, 1, i)])
    const events = [...gone, ...k.vm(2, 1), ...mapped, k.evict(4, 1)].sort((a, b) => a.ms - b.ms)
    for (const f of [frame.hello(), frame.capabilities(), snapshotFrame(-3, -2)]) model.take(f)
    model.take(frame.events(1, [...events, k.later(5)], { tasks: TASKS }))
    model.take(Frame.encode({ heartbeat: { timeNs: at(5) } }).finish())
    const looks = [vi.spyOn(model.state.vms, 'values'), vi.spyOn(model.state.vmBos.byId, 'get')]
    const submits = numbers.flatMap((i): ScriptEvent[] => [
      { ms: 5 + i, kind: Kind.Submit, task: 1, submit: i, ring: 0 },
      { ms: 5.5 + i, kind: Kind.SubmitFlush, submit: i, ring: 0, seqno: i }
    ])
    model.take(frame.events(2, [...submits, k.later(900)]))
    const [vms, vmBos] = looks.map((spy) => spy.mock.calls.length)
    checker.finish(true)
    expect(checker.findings.filter((f) => f.rule === 'F5')).toHaveLength(n)
    expect(vms).toBe(0)
    expect(vmBos).toBeLessThan(n * 10)
  })

  it('says the same of a board that behaves, whatever the rule', () => {
    for (const { rule, passes, session } of CASES)
      expect(
        findingsOf(passes, session).filter((f) => f.severity === 'violation'),
        rule
      ).toEqual([])
  })
})
