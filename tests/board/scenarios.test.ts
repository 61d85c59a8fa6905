import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SessionModel } from '../../engine/model/session'
import { openRecording } from '../../engine/session/recording'
import type { Balance } from '../../engine/stats/balance'
import type { Summary } from '../../engine/stats/summary'
import { BOARD, boardUp, onBoard, scratch, until, vascope } from './vascope'

type Info = Summary & { complete: boolean; balances: Balance[]; kernel: string; command: string }

const files = scratch()
beforeAll(boardUp)
afterAll(() => files.remove())

/** All in one session: attaching the probes takes an emulated board longer than running these. */
const SCENARIOS = [
  'vm-bind-churn:ops=600,seed=1',
  'vm-bind-churn:ops=600,seed=1',
  'vm-bind-churn:ops=600,seed=2',
  'vm-bind-remap-split',
  'close-handle-while-mapped',
  'scanout-flip:flips=20'
]
const [CHURN, AGAIN, OTHER, SPLIT, CLOSE, FLIP] = [0, 1, 2, 3, 4, 5] as const
const FILE = files.file('all.vascope')

describe('scenarios on the virtual board', () => {
  let info: Info
  let model: SessionModel
  beforeAll(async () => {
    const args = SCENARIOS.flatMap((scenario) => ['--scenario', scenario])
    const { code, stdout, stderr } = await vascope(['run', '--board', BOARD, ...args, '--out', FILE, '--json'])
    expect(stderr).not.toContain('finding:')
    expect(code, stderr).toBe(0)
    info = JSON.parse(stdout) as Info
    model = openRecording(FILE).model
  })

  /** The scenario's own mappings in the order of their inserts, as indices: one process runs all, one after another. */
  function own(scenario: number): number[] {
    const { mappings: m, vms, tasks, scenarios } = model.state
    const { pid, started, ended } = scenarios[scenario]!
    return Array.from({ length: m.length }, (_, i) => i).filter((i) => {
      const vm = vms.get(m.vm.at(i))!
      return tasks.get(vm.task)?.pid === pid && vm.created >= started && vm.created <= ended!
    })
  }

  it('what was mapped and unmapped is what was inserted and removed', () => {
    expect(info.complete).toBe(true)
    expect(info.faults).toEqual([])
    expect(info.drops).toMatchObject({ kernel: 0, queue: 0, balanced: true })
    expect(info.drops.delivered).toBe(info.events)
    expect(info.scenarios.map(({ state }) => state)).toEqual(SCENARIOS.map(() => 'done'))
    expect(info.scenarios[CHURN]).toMatchObject({ id: 'vm-bind-churn', seed: 1 })
    expect(info.scenarios[CHURN]!.issued.map).toBeGreaterThan(100)
    expect(info.balances.map(({ holds }) => holds)).toEqual(SCENARIOS.slice(0, FLIP).map(() => true))
    expect(info.balances[CHURN]!.insertsSeen).toBeGreaterThan(100)
    for (const vm of info.vms.filter(({ mode }) => mode === 'vm-bind')) {
      expect(vm).toMatchObject({ policy: 'hard', liveMappings: 0 })
      expect(vm.lifetimes.ended).toBe(vm.inserted)
    }
    expect(info.counts['vm-bind']).toBeGreaterThan(0)
    expect(info.counts['job-queue']).toBeGreaterThan(0)
    expect(info.counts['job-done']).toBe(info.counts['job-run'])
    expect(info.counts['vm-bo-create']).toBe(info.counts['vm-bo-destroy'])
    expect(info.mapsPerSecond).toBeGreaterThan(0)
    expect(info.bytesMappedPerSecond).toBeGreaterThan(0)
  })

  it('issue the same for the same seed, and something else for another', () => {
    const { mappings: m } = model.state
    const [churn, again, other] = [CHURN, AGAIN, OTHER].map((scenario) =>
      own(scenario).map((i) => [m.iova.at(i), m.bytes.at(i), m.offset.at(i), m.bo.at(i) === 0].join(' '))
    )
    expect(churn!.length).toBeGreaterThan(100)
    expect(again).toEqual(churn)
    expect(other).not.toEqual(churn)
  })

  it('a split makes more mappings than were asked for', () => {
    const { issued } = info.scenarios[SPLIT]!
    expect(info.balances[SPLIT]!.insertsSeen).toBeGreaterThan(issued.map! + (issued['map-null'] ?? 0))
  })

  it('a mapping keeps the BO after its handle is closed', () => {
    const { mappings: m, bos } = model.state
    const outlived = own(CLOSE).filter((i) => {
      const bo = bos.get(m.bo.at(i))
      const lastClose = Math.max(...(bo?.handles.map((h) => h.closed ?? Infinity) ?? [Infinity]))
      return Number.isFinite(lastClose) && m.end.at(i) > lastClose && (bo!.destroyed ?? Infinity) >= m.end.at(i)
    })
    expect(outlived.length).toBeGreaterThan(0)
  })

  it('framebuffers, commits and flips are seen, in the VM of the display', () => {
    const { issued } = info.scenarios[FLIP]!
    expect(info.counts['fb-create']).toBe(issued.addfb)
    // the writeback connector may hold on to the framebuffer it wrote to last
    expect([issued.rmfb, issued.rmfb! - 1]).toContain(info.counts['fb-destroy'])
    expect(info.counts['commit-begin']).toBe(issued.commit)
    expect(info.counts['commit-end']).toBe(issued.commit)
    expect(info.counts['fb-prepare']).toBeGreaterThan(0)
    expect(info.counts['fb-cleanup']).toBe(info.counts['fb-prepare'])
    expect(info.flips).toBeGreaterThanOrEqual(20)
    expect(info.vms.find((vm) => vm.name === 'mdp_kms')).toMatchObject({
      mode: 'kernel-managed',
      policy: 'handle-counted'
    })
    expect(info.vms.find((vm) => vm.name === 'mdp_kms')!.inserted).toBeGreaterThan(0)
  })

  it('writes a report of a session that stands alone', async () => {
    const { code, stdout } = await vascope(['report', FILE, '--out', files.file('all.html')])
    expect([code, stdout.trim()]).toEqual([0, files.file('all.html')])
    const html = readFileSync(files.file('all.html'), 'utf8')
    for (const text of ['vm-bind-churn', 'seed=1', 'balances', 'mdp_kms']) expect(html).toContain(text)
  })

  it('leaves nothing on the board', async () => {
    // what detaches the programs outlives the session by seconds
    await until('the last process ended', async () => (await onBoard(`pgrep -f 'vascope[d]' || true`)) === '')
    expect(await onBoard(`find / -xdev -name '*vascope*' -not -path '/proc/*' 2>/dev/null | head; true`)).toBe('')
  })
})
