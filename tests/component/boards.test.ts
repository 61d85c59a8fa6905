import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { CheckResult } from '../../engine/api'
import { PRESET } from '../../renderer/model/scenario'
import { BOARDS, CHURN, LIVE } from './fake-engine'
import { openWindow, type TestWindow } from './window'

const FAILED: CheckResult = {
  id: 'debugfs',
  group: 'Tracing',
  title: 'Board state',
  state: 'failed',
  detail: 'debugfs is not mounted.',
  remedy: 'On the board: `sudo mount -t debugfs none /sys/kernel/debug`'
}
const OK: CheckResult = { id: 'ssh', group: 'Link', title: 'SSH', state: 'ok', detail: 'ed25519', remedy: '' }

let opened: TestWindow
afterEach(() => opened.wrapper.unmount())

describe('the boards view', () => {
  it('lists the virtual board and the hosts of ~/.ssh/config', async () => {
    opened = await openWindow()
    expect(opened.wrapper.text()).toContain('Virtual board')
    expect(opened.wrapper.text()).toContain('rb3gen2')
    expect(opened.wrapper.text()).toContain('by way of labgate')
  })

  it('adds a board whose section is seen before, and changes it by its name', async () => {
    const own = { name: 'desk', host: '10.0.0.9', port: 2222, user: 'root', identityFile: '', jump: '' }
    const refused = { code: 'board-field', message: 'The host is missing.', remedy: 'Give a name or an address.' }
    const boards = [...BOARDS]
    opened = await openWindow({
      listBoards: () => [...boards],
      boardBlock: (board) => {
        if (!board.host) throw refused
        return { text: `Host ${board.name}`, file: '/config/boards' }
      },
      saveBoard: (board) => void boards.push({ id: board.name, kind: 'ssh', title: board.name, detail: '', own: board })
    })
    await opened.press('n')
    const form = opened.wrapper.get('dialog')
    const save = '[data-testid=save-board]'
    await form.get('#board-name').setValue('desk')
    expect(form.get(save).attributes('disabled')).toBeDefined()
    for (const [field, value] of [
      ['host', '10.0.0.9'],
      ['port', '2222'],
      ['user', 'root']
    ])
      await form.get(`#board-${field}`).setValue(value)
    await flushPromises()
    expect(form.get('[data-testid=board-block]').text()).toBe('Host desk')
    await form.get('form').trigger('submit')
    await flushPromises()
    expect(opened.asked('saveBoard')).toEqual([[own, null]])
    expect(opened.wrapper.find('dialog').exists()).toBe(false)
    expect(opened.wrapper.get('[data-board=desk]').attributes('aria-current')).toBe('true')
    await opened.wrapper.get('[aria-label="Change desk"]').trigger('click')
    await flushPromises()
    await opened.wrapper.get('dialog form').trigger('submit')
    expect(opened.asked('saveBoard').at(-1)).toEqual([own, 'desk'])
  })

  it('takes its choices by arrow keys too', async () => {
    opened = await openWindow()
    const choices = opened.wrapper.findAll('[aria-label="What to run"] [role=radio]')
    await choices[0]!.trigger('keydown', { key: 'ArrowRight' })
    // one scenario cannot be chosen before preflight
    expect(choices.map((one) => one.attributes('aria-checked'))).toEqual(['false', 'false', 'true'])
    await choices[2]!.trigger('keydown', { key: 'ArrowRight' })
    expect(choices[0]!.attributes('aria-checked')).toBe('true')
  })

  it('starts the preset on the virtual board with one press', async () => {
    opened = await openWindow()
    await opened.wrapper.get('[data-testid=start]').trigger('click')
    expect(opened.asked('start')).toEqual([[{ board: 'virtual', scenarios: PRESET }]])
  })

  it('starts by itself when asked on the command line, and opens a file', async () => {
    opened = await openWindow({}, { demo: true, open: null, link: null })
    expect(opened.asked('start')).toEqual([[{ board: 'virtual', scenarios: PRESET }]])
    opened.wrapper.unmount()
    opened = await openWindow({}, { demo: false, open: '/tmp/a.vascope', link: null })
    expect(opened.asked('open')).toEqual([['/tmp/a.vascope']])
  })

  it('runs nothing on a real board unless it is chosen', async () => {
    opened = await openWindow()
    await opened.press('j')
    await opened.press('Enter')
    expect(opened.asked('start')).toEqual([[{ board: 'rb3gen2', scenarios: [] }]])
  })

  it('shows a remedy beside what failed, and none beside what holds', async () => {
    opened = await openWindow({ preflight: () => ({ checks: [OK, FAILED], scenarios: [] }) })
    await opened.press('r')
    const failed = opened.wrapper.get('[data-check=debugfs]')
    expect(failed.text()).toContain('debugfs is not mounted.')
    expect(failed.get('.command').text()).toBe('sudo mount -t debugfs none /sys/kernel/debug')
    expect(opened.wrapper.find('[data-check=ssh] .remedy').exists()).toBe(false)
    expect(opened.wrapper.text()).toContain('1 missing')
  })

  it('shows checks as they come, and a check that changes only once', async () => {
    opened = await openWindow({ preflight: () => new Promise(() => {}) })
    await opened.press('r')
    opened.port.push('preflight', { board: 'virtual', check: { ...OK, state: 'running' } })
    opened.port.push('preflight', { board: 'virtual', check: OK })
    await flushPromises()
    expect(opened.wrapper.findAll('[data-check=ssh]').map((line) => line.attributes('data-state'))).toEqual(['ok'])
  })

  it('looks at no board while one is being started', async () => {
    opened = await openWindow({ preflight: () => ({ checks: [OK], scenarios: [] }) })
    opened.port.push('session', { ...LIVE, phase: 'starting-board' })
    await flushPromises()
    await opened.press('r')
    expect(opened.asked('preflight')).toEqual([])
  })

  it('can be cancelled while it looks', async () => {
    opened = await openWindow({ preflight: () => new Promise(() => {}), stop: () => undefined })
    await opened.press('r')
    const cancel = opened.wrapper.findAll('button').find((button) => button.text() === 'Cancel')
    await cancel!.trigger('click')
    expect(opened.asked('stop')).toEqual([[]])
  })

  it('says why preflight could not look', async () => {
    const problem = {
      code: 'refused',
      message: 'rb3gen2 refused the key.',
      remedy: 'Add your key to its authorized_keys.'
    }
    opened = await openWindow({
      preflight: () => {
        throw problem
      }
    })
    await opened.press('r')
    const box = opened.wrapper.get('[data-testid=checks] [role=alert]')
    expect(box.text()).toContain(problem.message)
    expect(box.text()).toContain(problem.remedy)
  })

  it('offers a scenario’s parameters within their limits, and does not start out of them', async () => {
    opened = await openWindow({ preflight: () => ({ checks: [OK], scenarios: [CHURN] }) })
    await opened.press('r')
    await opened.wrapper.findAll('[role=radio]')[1]?.trigger('click')
    const rounds = opened.wrapper.get('input[aria-label=rounds]')
    await rounds.setValue('0')
    expect(opened.wrapper.text()).toContain('at least 1')
    expect(opened.wrapper.get('[data-testid=start]').attributes('disabled')).toBeDefined()
    await rounds.setValue('500')
    await opened.wrapper.get('[data-testid=start]').trigger('click')
    expect(opened.asked('start')).toEqual([
      [{ board: 'virtual', scenarios: [{ id: 'vm-bind-churn', seed: 1, parameters: { rounds: 500, 'bo-size': 64 } }] }]
    ])
  })

  it('shows what is being done while a board starts, and the problem in place when it fails', async () => {
    opened = await openWindow()
    opened.port.push('session', { ...LIVE, phase: 'starting-board', activity: 'Building the image', progress: 0.42 })
    await flushPromises()
    expect(opened.wrapper.get('[data-testid=activity]').text()).toBe('Building the image')
    expect(opened.wrapper.get('.bar i').attributes('style')).toContain('42%')
    const problem = { code: 'no-qemu', message: 'qemu-system-aarch64 is not installed.', remedy: 'Install it.' }
    opened.port.push('session', { ...LIVE, phase: 'failed', problem })
    await flushPromises()
    expect(opened.wrapper.get('[role=alert]').text()).toContain(problem.message)
    expect(opened.wrapper.find('[data-testid=notice]').exists()).toBe(false)
  })
})

describe('a virtual board', () => {
  it('is started without a session, and its log is shown', async () => {
    opened = await openWindow({
      startBoard: () => undefined,
      boardLog: () => ({ console: 'msm: bound', build: 'mkfs done' })
    })
    const row = opened.wrapper.get('[data-board=virtual]')
    const boot = row.findAll('button').find((button) => button.text() === 'Boot')
    await boot!.trigger('click')
    expect(opened.asked('startBoard')).toEqual([['virtual']])
    expect(opened.asked('start')).toEqual([])
    await row.get('[aria-label="Log of virtual"]').trigger('click')
    await flushPromises()
    const dialog = opened.wrapper.get('dialog')
    expect(dialog.text()).toContain('msm: bound')
    await dialog.findAll('.chip')[1]!.trigger('click')
    expect(dialog.text()).toContain('mkfs done')
    await dialog.trigger('cancel')
    expect(opened.wrapper.find('dialog').exists()).toBe(false)
  })
})

describe('an engine that is gone', () => {
  it('is told, and its questions are void', async () => {
    opened = await openWindow()
    opened.port.push('question', { id: 1, kind: 'password', title: 'Password', detail: '' })
    await flushPromises()
    opened.client.lose({ code: 'engine-gone', message: 'The engine ended.', remedy: 'Open the session again.' })
    await flushPromises()
    expect(opened.wrapper.get('[data-testid=notice]').text()).toContain('The engine ended.')
    expect(opened.wrapper.find('dialog').exists()).toBe(false)
  })
})

describe('questions', () => {
  const question = { id: 4, kind: 'host-key-new' as const, title: 'Is this rb3gen2?', detail: 'ed25519 SHA256:3kQ' }

  it('about host keys are answered with yes, or refused by leaving', async () => {
    opened = await openWindow()
    opened.port.push('question', question)
    await flushPromises()
    await opened.wrapper.get('dialog form').trigger('submit')
    opened.port.push('question', { ...question, id: 5, kind: 'host-key-changed' })
    await flushPromises()
    await opened.wrapper.get('dialog').trigger('cancel')
    expect(opened.asked('answer')).toEqual([
      [4, 'yes'],
      [5, null]
    ])
    expect(opened.wrapper.find('dialog').exists()).toBe(false)
  })

  it('about passwords send what was typed; a void question goes', async () => {
    opened = await openWindow()
    opened.port.push('question', { ...question, kind: 'password' })
    await flushPromises()
    await opened.wrapper.get('dialog input[type=password]').setValue('secret')
    await opened.wrapper.get('dialog form').trigger('submit')
    expect(opened.asked('answer')).toEqual([[4, 'secret']])
    opened.port.push('question', { ...question, id: 6 })
    opened.port.push('questionGone', { id: 6 })
    await flushPromises()
    expect(opened.wrapper.find('dialog').exists()).toBe(false)
  })
})
