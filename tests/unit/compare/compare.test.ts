import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CompareMeasure, Comparison } from '../../../engine/api'
import { compareFiles, compareRuns } from '../../../engine/compare/compare'
import { applyGate } from '../../../engine/compare/gate'
import { comparisonHtml } from '../../../engine/compare/report'
import { readRun } from '../../../engine/compare/run'
import { compareText } from '../../../engine/compare/text'
import { SessionWriter } from '../../../engine/store/writer'
import { Frame, ScenarioState } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { frame, ORIGIN, type ScriptEvent } from '../stream'

const MS = 1e6
let dir: string
let files = 0
beforeAll(() => (dir = mkdtempSync(path.join(tmpdir(), 'vascope-compare-'))))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

interface Recorded {
  events: ScriptEvent[]
  pid?: number
  loss?: boolean
  flags?: Record<string, number>
}

/** A session of one step, as a recorder writes it; answers its file. */
function session({ events, pid = 100, loss = false, flags }: Recorded): string {
  const file = path.join(dir, `${files++}.vascope`)
  const head = { program: 'vascope test', board: 'virtual', title: 't', command: '', startedRealtimeNs: 1 }
  const writer = new SessionWriter(file, { ...head, facts: {} })
  const status = (ms: number, state: number): Uint8Array =>
    Frame.encode({
      scenario: { runId: 1, scenario: 'vm-bind-once', seed: 1, state, timeNs: ORIGIN + ms * MS, pid }
    }).finish()
  const tasks = [{ id: 1, pid, tid: pid, comm: 'runner' }]
  const names = [{ id: 1, text: 'gpu' }]
  writer.frame(frame.hello())
  writer.frame(frame.capabilities({ vmFlags: flags }))
  writer.frame(status(0, ScenarioState.SCENARIO_STATE_STARTED))
  writer.frame(
    frame.events(
      1,
      [...events].sort((a, b) => a.ms - b.ms),
      { tasks, names }
    )
  )
  if (loss) writer.frame(Frame.encode({ loss: { kinds: [{ kind: Kind.Vblank, kernel: 1 }] } }).finish())
  writer.frame(status(1000, ScenarioState.SCENARIO_STATE_DONE))
  writer.frame(
    Frame.encode({ goodbye: { reason: 1, totals: { produced: events.length, delivered: events.length } } }).finish()
  )
  writer.close(true)
  return file
}

/** A VM, and BOs that each have a handle and a mapping for a while. `from`: where ids and addresses begin. */
function workload(
  bos: number,
  from: number,
  options: { lasts?: number; reason?: number; references?: number } = {}
): ScriptEvent[] {
  const { lasts = 50, reason = 1, references = 3 } = options
  const vm = from
  const events: ScriptEvent[] = [
    { ms: 1, kind: Kind.VmCreate, task: 1, vm, name: 1, flags: 0, iova: 0x100, range: 0x100000 },
    { ms: 1, kind: Kind.VmMode, task: 1, vm, mode: 2 }
  ]
  for (let i = 0; i < bos; i++) {
    const [bo, ms] = [from + i, 10 + 2 * i]
    const place = { task: 1, vm, va: bo, bo, iova: from * 64 + 16 * i, range: 4, offset: 0, flags: 0 }
    events.push(
      { ms, kind: Kind.BoCreate, task: 1, bo, size: 4, flags: 0 },
      { ms, kind: Kind.HandleOpen, task: 1, file: 1, bo, handle: 1 + i, refcount: 1 },
      { ms: ms + 0.1, kind: Kind.VmBoCreate, task: 1, vm, vmBo: bo, bo, refcount: references, count: 1 },
      { ms: ms + 0.2, kind: Kind.VaInsert, ...place },
      { ms: ms + lasts, kind: Kind.VaRemove, task: 1, vm, va: bo, reason }
    )
  }
  return events
}

const find = ({ measures }: Comparison, id: string): CompareMeasure => measures.find((m) => m.id === id)!
const compare = (a: Recorded[], b: Recorded[]): Comparison => compareFiles(a.map(session), b.map(session))

describe('objects of two sessions', () => {
  it('are matched by who made them and in which order, whatever their ids, addresses and pids', () => {
    const c = compare([{ events: workload(3, 10) }], [{ events: workload(3, 700), pid: 4321 }])
    expect(c.vms.map(({ key, a, b }) => [key, a!.id, b!.id])).toEqual([['1 vm-bind-once, VM 1', 10, 700]])
    expect(c.objects).toEqual([])
    expect(c.measures.filter((m) => m.verdict === 'differs')).toEqual([])
  })

  it('that one side alone has are told', () => {
    const { objects } = compare([{ events: workload(3, 10) }], [{ events: workload(5, 10) }])
    expect(objects).toMatchObject([{ what: 'only-b', count: 2, a: '', b: 'mapped' }])
    expect(objects[0]!.examples.map((e) => [e.key, e.a, e.b])).toEqual([
      ['1 vm-bind-once, BO 4', null, 13],
      ['1 vm-bind-once, BO 5', null, 14]
    ])
  })

  it('that fared otherwise are told in groups', () => {
    const { objects } = compare(
      [{ events: workload(3, 10) }],
      [{ events: workload(3, 10, { reason: 7, references: 2 }) }]
    )
    expect(objects.map(({ text }) => text).sort()).toEqual([
      '1 vm-bind-once, VM 1: 3 BOs with 2 references instead of 3 as the vm_bo is made',
      '1 vm-bind-once, VM 1: mappings of 3 BOs torn down by VM close instead of unmap'
    ])
  })

  it('are only said to differ where all runs of a side agree', () => {
    const [two, three] = [{ events: workload(3, 10, { references: 2 }) }, { events: workload(3, 10) }]
    expect(compare([three, three], [two, three]).objects).toEqual([])
    expect(compare([three, three], [two, two]).objects).toMatchObject([{ what: 'references', count: 3 }])
  })
})

describe('measures of two sides', () => {
  const lasting = (...ms: number[]): Recorded[] => ms.map((lasts) => ({ events: workload(4, 10, { lasts }) }))
  const LIFE = 'lifetime.mappings.p50_s'

  it('are judged by the noise of their runs when they are times', () => {
    expect(find(compare(lasting(50, 51, 52, 53), lasting(70, 71, 72, 73)), LIFE)).toMatchObject({ verdict: 'differs' })
    expect(find(compare(lasting(50, 60, 70, 80), lasting(55, 65, 75, 85)), LIFE)).toMatchObject({
      verdict: 'none',
      weight: 0
    })
    expect(find(compare(lasting(50), lasting(90)), LIFE)).toMatchObject({
      verdict: 'unknown',
      reason: 'one run: noise unknown'
    })
  })

  it('have the medians of the runs, and what tells them apart', () => {
    const m = find(compare(lasting(50, 51, 90), lasting(70, 71, 60)), LIFE)
    expect([m.a, m.b]).toEqual([expect.closeTo(0.0508, 6), expect.closeTo(0.0698, 6)])
    expect(m.valuesA).toHaveLength(3)
    expect(m.relative).toBeCloseTo(0.019 / 0.0508, 4)
  })

  it('are compared exactly when they are facts, unless runs of a side do not agree', () => {
    const bos = (...counts: number[]): Recorded[] => counts.map((n) => ({ events: workload(n, 10) }))
    const made = (a: number[], b: number[]): CompareMeasure => find(compare(bos(...a), bos(...b)), 'objects.mappings')
    expect(made([3], [4])).toMatchObject({ a: 3, b: 4, change: 1, verdict: 'differs', reason: 'compared exactly' })
    expect(made([3, 3], [4, 4])).toMatchObject({ verdict: 'differs' })
    expect(made([3, 4], [4, 3])).toMatchObject({ verdict: 'none' })
  })

  it('say nothing of facts after a loss', () => {
    const c = compare([{ events: workload(3, 10) }], [{ events: workload(4, 10), loss: true }])
    expect(find(c, 'objects.mappings')).toMatchObject({ verdict: 'unknown', reason: 'events were lost in B' })
    expect([c.objects, c.sides[1].runs[0]!.lossy]).toEqual([[], true])
    expect(find(c, 'object_changes')).toMatchObject({
      b: null,
      verdict: 'unknown',
      reason: 'not compared after a loss'
    })
  })

  it('tell what one side alone has seen from what did not happen', () => {
    const c = compare([{ events: workload(3, 10) }], [{ events: [] }])
    expect(find(c, 'vm[1 vm-bind-once, VM 1].mappings')).toMatchObject({
      b: null,
      verdict: 'unknown',
      reason: 'not seen in B'
    })
    expect(find(c, 'objects.mappings')).toMatchObject({ b: 0, verdict: 'differs' })
  })

  it('that some runs of a side did not see are not known', () => {
    const [seen, unseen] = [{ events: workload(3, 10) }, { events: [] }]
    const c = compare([seen, seen, seen], [seen, unseen, unseen])
    const id = 'vm[1 vm-bind-once, VM 1].mappings'
    expect(find(c, id)).toMatchObject({ verdict: 'unknown', reason: 'not seen in 2 runs of B' })
    const gate = (rule: string): string[] =>
      applyGate({ file: 'g', unseen: 'fail', rules: [{ measure: id, rule: rule as 'same', line: 1 }] }, c).results.map(
        (r) => r.outcome
      )
    expect([gate('same'), gate('none')]).toEqual([['unseen'], ['unseen']])
  })

  it('do not take a policy that is not known, or a VM after a loss, for one that changed', () => {
    const weak = { DRM_GPUVM_RESV_PROTECTED: 1, DRM_GPUVM_VA_WEAK_REF: 2 }
    const weakly = workload(3, 10).map((e) => (e.kind === Kind.VmCreate ? { ...e, flags: 2 } : e))
    const unknown = compare([{ events: workload(3, 10) }], [{ events: workload(3, 10), flags: {} }])
    expect(unknown.vms.map((vm) => [vm.a?.policy, vm.b?.policy])).toEqual([['hard', 'unknown']])
    expect(find(unknown, 'policy_changes')).toMatchObject({
      ...{ b: null, verdict: 'unknown' },
      reason: 'not compared where the policy is not known, of 1 vm-bind-once, VM 1'
    })
    const rules = [{ measure: 'policy_changes', rule: 'none' as const, line: 1 }]
    expect(applyGate({ file: 'g', unseen: 'fail', rules }, unknown).results[0]!.outcome).toBe('unseen')
    // nor where the runs of a side do not agree
    const [hard, other] = [
      { events: workload(3, 10), flags: weak },
      { events: weakly, flags: weak }
    ]
    expect(find(compare([hard], [hard, other]), 'policy_changes')).toMatchObject({ b: null, verdict: 'unknown' })
    expect(find(compare([hard, hard], [other, other]), 'policy_changes')).toMatchObject({ b: 1, verdict: 'differs' })
    expect(compareText(unknown)).toContain('policies are not compared where the policy is not known')
    const lossy = compare([{ events: workload(3, 10) }], [{ events: weakly, flags: weak, loss: true }])
    expect(find(lossy, 'policy_changes')).toMatchObject({ b: null, verdict: 'unknown' })
  })

  it('stand with the weightiest first: a policy before a count, a large change before a small one', () => {
    const weak = { DRM_GPUVM_RESV_PROTECTED: 1, DRM_GPUVM_VA_WEAK_REF: 2 }
    const events = workload(3, 10).map((e) => (e.kind === Kind.VmCreate ? { ...e, flags: 2 } : e))
    const c = compare([{ events: workload(2, 10) }], [{ events, flags: weak }])
    expect(c.measures[0]).toMatchObject({ id: 'policy_changes', b: 1 })
    expect(c.vms[0]).toMatchObject({ policyChanged: true, a: { policy: 'hard' }, b: { policy: 'weak' } })
    const weights = c.measures.map((m) => m.weight)
    expect([...weights].sort((a, b) => b - a)).toEqual(weights)
  })
})

describe('BOs', () => {
  it('are not compared where there are more than are kept, and that is said', () => {
    const run = readRun(session({ events: workload(3, 10) }))
    const c = compareRuns([run], [{ ...run, overflow: true }])
    const reason = 'not compared: more than 65\u202f536 pairs of a VM and a BO in B'
    expect(find(c, 'object_changes')).toMatchObject({ b: null, verdict: 'unknown', reason })
    expect(compareText(c)).toContain(`No difference; BOs are ${reason}.`)
    expect(comparisonHtml(c)).toContain(`BOs are ${reason}.`)
  })
})

describe('sides', () => {
  it('are refused without a file', () => {
    expect(() => compareFiles([], ['b'])).toThrow('A comparison needs a session on each side.')
  })
})
