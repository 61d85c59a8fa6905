import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BoardRun, RunStatus } from '../../engine/api'
import { CHURN, FLIP, KILL, LIVE } from './fake-engine'
import { openWindow, type TestWindow } from './window'

const CATALOGUE = [CHURN, KILL, FLIP]
const DEFAULTS = { rounds: 200, 'bo-size': 64 }

let opened: TestWindow
beforeEach(() => localStorage.clear())
afterEach(() => opened.wrapper.unmount())

async function openScenarios(): Promise<void> {
  opened = await openWindow({ preflight: () => ({ checks: [], scenarios: CATALOGUE }), start: () => undefined })
  await opened.press('6')
  await opened.wrapper.get('[data-testid=ask-board]').trigger('click')
  await flushPromises()
}

async function goLive(): Promise<void> {
  opened = await openWindow({ runScenario: () => undefined, cancelRun: () => undefined })
  opened.port.push('session', { ...LIVE, facts: { ...LIVE.facts!, scenarios: CATALOGUE } })
  await flushPromises()
  await opened.press('6')
}

const ids = (): string[] =>
  opened.wrapper.findAll('[data-scenario]').map((one) => one.attributes('data-scenario') ?? '')

describe('the scenarios view', () => {
  it('asks the board for its catalogue, and shows it by family', async () => {
    await openScenarios()
    expect(opened.asked('preflight')).toEqual([['virtual']])
    expect(ids()).toEqual(['vm-bind-churn', 'kill-with-pending-bind', 'scanout-flip'])
    expect(opened.wrapper.findAll('[role=listbox] .group-head').map((head) => head.text().replace(/\d+$/, ''))).toEqual(
      ['MAP', 'Lifetime', 'Scanout']
    )
    expect(opened.wrapper.get('[data-scenario=scanout-flip]').text()).toContain('cannot run')
  })

  it('filters by words and by family', async () => {
    await openScenarios()
    await opened.wrapper.get('input[aria-label="Filter scenarios"]').setValue('unmaps VM_BIND')
    expect(ids()).toEqual(['vm-bind-churn', 'kill-with-pending-bind'])
    await opened.wrapper.findAll('[aria-label=Family] [role=radio]')[2]?.trigger('click')
    expect(ids()).toEqual(['kill-with-pending-bind'])
    await opened.wrapper.get('input[aria-label="Filter scenarios"]').setValue('nothing like it')
    expect(opened.wrapper.text()).toContain('No scenario has all of these words')
  })

  it('refuses what is out of limits, and says what it needs where it cannot run', async () => {
    await openScenarios()
    await opened.wrapper.get('input[aria-label=rounds]').setValue('0')
    expect(opened.wrapper.text()).toContain('rounds: at least 1')
    expect(opened.wrapper.get('[data-testid=plan]').attributes('disabled')).toBeDefined()
    await opened.wrapper.get('input[aria-label=rounds]').setValue('')
    expect(opened.wrapper.text()).toContain('rounds: not a number')
    await opened.wrapper.get('[data-scenario=scanout-flip]').trigger('click')
    expect(opened.wrapper.text()).toContain('It needs a display')
    expect(opened.wrapper.get('[data-testid=start-scenario]').attributes('disabled')).toBeDefined()
  })

  it('starts what was queued in its order, each with its own parameters', async () => {
    await openScenarios()
    await opened.press('a')
    await opened.wrapper.get('input[aria-label=rounds]').setValue('7')
    await opened.wrapper.get('input[aria-label=seed]').setValue('5')
    await opened.press('a')
    await opened.press('a')
    await opened.wrapper.findAll('[data-planned] button')[2]?.trigger('click')
    await opened.wrapper.get('[data-testid=start-queue]').trigger('click')
    expect(opened.asked('start')).toEqual([
      [
        {
          board: 'virtual',
          scenarios: [
            { id: 'vm-bind-churn', seed: 1, parameters: DEFAULTS },
            { id: 'vm-bind-churn', seed: 5, parameters: { ...DEFAULTS, rounds: 7 } }
          ]
        }
      ]
    ])
  })

  it('keeps what was queued when the session could not start', async () => {
    const refused = { code: 'connection-refused', message: 'The board refuses the connection.', remedy: 'Look at it.' }
    let fails = true
    opened = await openWindow({
      preflight: () => ({ checks: [], scenarios: CATALOGUE }),
      start: () => {
        if (fails) throw refused
      }
    })
    await opened.press('6')
    await opened.wrapper.get('[data-testid=ask-board]').trigger('click')
    await flushPromises()
    await opened.press('a')
    await opened.wrapper.get('[data-testid=start-queue]').trigger('click')
    await flushPromises()
    expect(opened.wrapper.findAll('[data-planned]')).toHaveLength(1)
    fails = false
    await opened.wrapper.get('[data-testid=start-queue]').trigger('click')
    await flushPromises()
    expect(opened.wrapper.findAll('[data-planned]')).toHaveLength(0)
  })

  it('runs the same on two boards, shows how both fare, and compares what they recorded', async () => {
    const board: BoardRun = {
      ...{ board: 'virtual', activity: '', progress: null, over: false, file: '', problem: null, told: [] },
      runs: [{ id: 'vm-bind-churn', state: 'running', done: 50, total: 200, text: '' }],
      figures: { seconds: 1, events: 900, liveMappings: 7, liveBytes: 4096 }
    }
    const both = [board, { ...board, board: 'rb3gen2' }]
    let finish = (_over: BoardRun[]): void => {}
    opened = await openWindow({
      preflight: () => ({ checks: [], scenarios: CATALOGUE }),
      runOnBoards: () => new Promise<BoardRun[]>((resolve) => (finish = resolve))
    })
    await opened.press('6')
    await opened.wrapper.get('[data-testid=ask-board]').trigger('click')
    await flushPromises()
    await opened.press('a')
    await opened.wrapper.get('[aria-label="Run the same on another board"]').setValue('rb3gen2')
    await opened.wrapper.get('[data-testid=start-queue]').trigger('click')
    await flushPromises()
    const run = { id: 'vm-bind-churn', seed: 1, parameters: DEFAULTS }
    expect(opened.asked('runOnBoards')).toEqual([[['virtual', 'rb3gen2'], [run]]])
    opened.port.push('boardRuns', both)
    await flushPromises()
    expect(opened.wrapper.get('[data-beside=rb3gen2]').text()).toContain('25 %')
    expect(opened.wrapper.findAll('[data-planned]')).toHaveLength(1)
    finish(both.map((one, i) => ({ ...one, over: true, file: `/sessions/${i}.vascope` })))
    await flushPromises()
    expect(opened.asked('compare')).toEqual([[['/sessions/0.vascope'], ['/sessions/1.vascope']]])
    await opened.press('6')
    expect(opened.wrapper.findAll('[data-planned]')).toHaveLength(0)
  })

  it('compares nothing where one of two boards failed, and says why', async () => {
    const problem = { code: 'connection-refused', message: 'rb3gen2 refuses the connection.', remedy: 'Look at it.' }
    const board = { activity: '', progress: null, over: true, problem: null, told: [], figures: null, runs: [] }
    opened = await openWindow({
      preflight: () => ({ checks: [], scenarios: CATALOGUE }),
      runOnBoards: () => [
        { ...board, board: 'virtual', file: '/sessions/0.vascope' },
        { ...board, board: 'rb3gen2', file: '', problem }
      ]
    })
    await opened.press('6')
    await opened.wrapper.get('[data-testid=ask-board]').trigger('click')
    await flushPromises()
    await opened.press('a')
    await opened.wrapper.get('[aria-label="Run the same on another board"]').setValue('rb3gen2')
    await opened.wrapper.get('[data-testid=start-queue]').trigger('click')
    await flushPromises()
    expect(opened.wrapper.get('[data-beside=rb3gen2] [role=alert]').text()).toContain(problem.message)
    expect(opened.asked('compare')).toEqual([])
    expect(opened.wrapper.findAll('[data-planned]')).toHaveLength(1)
  })

  it('keeps a preset by its name', async () => {
    await openScenarios()
    const presets = (): string[] =>
      opened.wrapper.findAll('[aria-label=Presets] [role=radio]').map((preset) => preset.text())
    expect(presets()).toEqual(['defaults', 'short', 'long', 'to watch'])
    await opened.wrapper.get('input[aria-label=rounds]').setValue('33')
    const save = opened.wrapper.findAll('button').find((button) => button.text() === 'Save as preset')
    await save!.trigger('click')
    await opened.wrapper.get('input[aria-label="Name of the preset"]').setValue('night')
    await opened.wrapper.get('[aria-label=Presets] form').trigger('submit')
    expect(presets()).toContain('night')
    await opened.wrapper.findAll('[aria-label=Presets] [role=radio]')[0]?.trigger('click')
    expect((opened.wrapper.get('input[aria-label=rounds]').element as HTMLInputElement).value).toBe('200')
    await opened.wrapper.findAll('[aria-label=Presets] [role=radio]').at(-1)?.trigger('click')
    expect((opened.wrapper.get('input[aria-label=rounds]').element as HTMLInputElement).value).toBe('33')
    await opened.wrapper.get('[aria-label="Remove preset night"]').trigger('click')
    expect(presets()).not.toContain('night')
  })

  it('asks before what may leave the board in need of a reboot, and no is no', async () => {
    await openScenarios()
    await opened.wrapper.get('[data-scenario=kill-with-pending-bind]').trigger('click')
    await opened.wrapper.get('[data-testid=start-scenario]').trigger('click')
    expect(opened.wrapper.get('dialog').text()).toContain('in need of a reboot')
    await opened.wrapper.get('dialog').trigger('cancel')
    expect(opened.asked('start')).toEqual([])
    await opened.wrapper.get('[data-testid=start-scenario]').trigger('click')
    await opened.wrapper.get('[data-testid=run-destructive]').trigger('click')
    await flushPromises()
    expect(opened.asked('start')).toHaveLength(1)
  })

  it('shows how the runs of a live session go, and cancels one', async () => {
    await goLive()
    await opened.wrapper.get('[data-testid=run]').trigger('click')
    await flushPromises()
    expect(opened.asked('runScenario')).toEqual([[{ id: 'vm-bind-churn', seed: 1, parameters: DEFAULTS }]])
    const run = { id: 'vm-bind-churn', seed: 1, parameters: DEFAULTS, started: null, ended: null, text: '', total: 200 }
    const runs: RunStatus[] = [
      { ...run, run: 1, state: 'failed', done: 3, text: 'VM_BIND answered EINVAL' },
      { ...run, run: 2, state: 'running', done: 50 },
      { ...run, run: 3, state: 'queued', done: 0 }
    ]
    opened.port.push('runs', runs)
    await flushPromises()
    expect(opened.wrapper.get('[data-run="1"]').text()).toContain('VM_BIND answered EINVAL')
    expect(opened.wrapper.get('[data-run="2"] .bar i').attributes('style')).toContain('25%')
    expect(opened.wrapper.get('[aria-label=Queue]').text()).toContain('2 to go')
    await opened.wrapper.get('[data-run="3"] button').trigger('click')
    expect(opened.asked('cancelRun')).toEqual([[3]])
  })
})
