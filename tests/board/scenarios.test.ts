import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRecording } from '../../engine/session/recording'
import type { Balance } from '../../engine/stats/balance'
import type { Summary } from '../../engine/stats/summary'
import { BOARD, boardDown, boardUp, onBoard, scratch, start, until, vascope } from './vascope'

type Info = Summary & { complete: boolean; balances: Balance[]; kernel: string; command: string }

const files = scratch()
beforeAll(boardUp)
afterAll(async () => {
  await boardDown()
  files.remove()
})

async function run(name: string, scenario: string, parameters: Record<string, number>, seed = 1): Promise<Info> {
  const params = Object.entries(parameters).flatMap(([k, v]) => ['--param', `${k}=${v}`])
  const args = [
    '--scenario',
    scenario,
    '--seed',
    String(seed),
    ...params,
    '--out',
    files.file(`${name}.vascope`),
    '--json'
  ]
  const { code, stdout, stderr } = await vascope(['run', '--board', BOARD, ...args])
  expect(stderr).not.toContain('finding:')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Info
}

/** Mappings of the scenario's own VMs in the order of their inserts. */
function inserts(name: string): string[] {
  const { model } = openRecording(files.file(`${name}.vascope`))
  const { mappings: m, vms, tasks, scenarios } = model.state
  const own = (i: number): boolean => tasks.get(vms.get(m.vm.at(i))!.task)?.pid === scenarios[0]!.pid
  return Array.from({ length: m.length }, (_, i) => i)
    .filter(own)
    .map(
      (i) =>
        `${m.iova.at(i).toString(16)}+${m.bytes.at(i).toString(16)}@${m.offset.at(i).toString(16)}${m.bo.at(i) === 0 ? ' null' : ''}`
    )
}

function expectSound(info: Info): void {
  expect(info.complete).toBe(true)
  expect(info.faults).toEqual([])
  expect(info.drops).toMatchObject({ kernel: 0, queue: 0, balanced: true })
  expect(info.drops.delivered).toBe(info.events)
}

describe('scenarios on the virtual board', () => {
  it('vm-bind-churn: what it mapped and unmapped is what was inserted and removed', async () => {
    const info = await run('churn', 'vm-bind-churn', { ops: 600 })
    expectSound(info)
    const [scenario] = info.scenarios
    expect(scenario).toMatchObject({ id: 'vm-bind-churn', seed: 1, state: 'done' })
    expect(scenario!.issued.map).toBeGreaterThan(100)
    expect(info.balances).toMatchObject([{ holds: true }])
    expect(info.balances[0]!.insertsSeen).toBeGreaterThan(100)
    const own = info.vms.find((vm) => vm.mode === 'vm-bind')!
    expect(own).toMatchObject({ policy: 'hard', liveMappings: 0 })
    expect(own.lifetimes.ended).toBe(own.inserted)
    expect(info.counts['vm-bind']).toBeGreaterThan(0)
    expect(info.counts['job-queue']).toBeGreaterThan(0)
    expect(info.counts['job-done']).toBe(info.counts['job-run'])
    expect(info.counts['vm-bo-create']).toBe(info.counts['vm-bo-destroy'])
    expect(info.mapsPerSecond).toBeGreaterThan(0)
    expect(info.bytesMappedPerSecond).toBeGreaterThan(0)
  })

  it('issues the same for the same seed, and something else for another', async () => {
    await run('again', 'vm-bind-churn', { ops: 600 })
    await run('other', 'vm-bind-churn', { ops: 600 }, 2)
    expect(inserts('again')).toEqual(inserts('churn'))
    expect(inserts('other')).not.toEqual(inserts('churn'))
  })

  it('vm-bind-remap-split: splits are seen exactly', async () => {
    const info = await run('split', 'vm-bind-remap-split', {})
    expectSound(info)
    const { issued } = info.scenarios[0]!
    expect(info.balances).toMatchObject([{ holds: true }])
    // a split makes more mappings than were asked for
    expect(info.balances[0]!.insertsSeen).toBeGreaterThan(issued.map! + (issued['map-null'] ?? 0))
  })

  it('close-handle-while-mapped: the mapping keeps the BO after its handle is closed', async () => {
    const info = await run('close', 'close-handle-while-mapped', {})
    expectSound(info)
    expect(info.balances).toMatchObject([{ holds: true }])
    const { state } = openRecording(files.file('close.vascope')).model
    const m = state.mappings
    let outlived = 0
    for (let i = 0; i < m.length; i++) {
      const bo = state.bos.get(m.bo.at(i))
      const lastClose = Math.max(...(bo?.handles.map((h) => h.closed ?? Infinity) ?? [Infinity]))
      if (Number.isFinite(lastClose) && m.end.at(i) > lastClose && (bo!.destroyed ?? Infinity) >= m.end.at(i))
        outlived++
    }
    expect(outlived).toBeGreaterThan(0)
  })

  it('scanout-flip: framebuffers, commits and flips are seen, in the VM of the display', async () => {
    const info = await run('flip', 'scanout-flip', { flips: 20 })
    expectSound(info)
    const { issued } = info.scenarios[0]!
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
    const { code, stdout } = await vascope(['report', files.file('churn.vascope'), '--out', files.file('churn.html')])
    expect([code, stdout.trim()]).toEqual([0, files.file('churn.html')])
    const html = readFileSync(files.file('churn.html'), 'utf8')
    for (const text of ['vm-bind-churn', 'seed=1', 'balances', 'mdp_kms']) expect(html).toContain(text)
  })

  it('leaves nothing on the board', async () => {
    // what detaches the programs outlives the session by seconds
    await until('the last process ended', async () => (await onBoard(`pgrep -f 'vascope[d]' || true`)) === '')
    expect(await onBoard(`find / -xdev -name '*vascope*' -not -path '/proc/*' 2>/dev/null | head; true`)).toBe('')
  })

  it('watches other clients without running anything', async () => {
    const file = files.file('watch.vascope')
    const watching = start(['record', '--board', BOARD, '--out', file, '--json'])
    await until('it traces', () => watching.stderr().includes('watching'))
    await onBoard('board-selftest')
    watching.child.kill('SIGINT')
    const { code, stdout, stderr } = await watching.ended
    expect(code, stderr).toBe(0)
    const info = JSON.parse(stdout) as Info
    expectSound(info)
    expect(info.scenarios).toEqual([])
    expect(info.vms.some((vm) => vm.mode === 'vm-bind' && vm.comm.startsWith('board-selftest'))).toBe(true)
    expect(info.maps).toBeGreaterThan(0)
  })
})
