import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SearchHit } from '../../engine/api'
import { COMMANDS, type CommandText, keyLabel } from '../../renderer/model/commands'
import { VIEWS } from '../../renderer/app/views'
import { BO, LIVE } from './fake-engine'
import { openWindow, type TestWindow } from './window'

const HIT: SearchHit = { kind: 'bo', id: '412', title: 'BO 412 swapchain[2]', detail: '7.91 MiB', from: 1, to: null }
let opened: TestWindow
const clipboard = vi.fn(async () => {})

beforeEach(async () => {
  vi.stubGlobal('navigator', { ...window.navigator, clipboard: { writeText: clipboard } })
  opened = await openWindow({ search: () => [HIT], bo: (id) => (id === 412 ? BO : null) })
})
afterEach(() => {
  opened.wrapper.unmount()
  vi.unstubAllGlobals()
  clipboard.mockClear()
})

async function type(text: string): Promise<void> {
  await opened.press('k', { ctrlKey: true })
  await opened.wrapper.get('.palette input').setValue(text)
  await flushPromises()
}
const options = (): string[] => opened.wrapper.findAll('.palette [role=option]').map((one) => one.text())
const enter = (): Promise<void> => opened.wrapper.get('.palette input').trigger('keydown', { key: 'Enter' })

describe('the list of commands', () => {
  it('has each key once in what can be seen together', () => {
    const texts: CommandText[] = Object.values(COMMANDS)
    for (const view of VIEWS.map(({ id }) => id)) {
      const keys = [
        ...texts.filter((one) => !one.view || one.view === view).flatMap((one) => one.keys ?? []),
        ...VIEWS.map(({ key }) => key)
      ]
      expect(keys, view).toEqual([...new Set(keys)])
    }
  })

  it('reads as the keyboard does', () => {
    expect(['ctrl+k', 'shift+f', 'arrowleft', '+', '/'].map(keyLabel)).toEqual(['Ctrl K', 'Shift F', '←', '+', '/'])
  })
})

describe('the palette', () => {
  it('has every view and the commands that can be run now, and runs one', async () => {
    await type('')
    for (const { title } of VIEWS) expect(options().join()).toContain(title)
    expect(options().join()).not.toContain('Stop the session')
    await opened.wrapper.get('.palette input').setValue('about')
    await enter()
    await flushPromises()
    expect(opened.wrapper.get('dialog').text()).toContain('Electron')
  })

  it('finds objects of the session and goes to them', async () => {
    await opened.goLive()
    await type('412')
    expect(opened.asked('search')).toEqual([['412', null]])
    expect(options()[0]).toContain('swapchain[2]')
    await enter()
    await flushPromises()
    expect(opened.wrapper.find('.palette').exists()).toBe(false)
    expect(opened.wrapper.get('[data-testid=inspector-title]').text()).toBe('BO 412')
  })

  it('takes a link of the session that is open to its object and time', async () => {
    await opened.goLive()
    await type(`vascope://session/${LIVE.file.split('/').pop()}/bo/412?at=2.5s`)
    await enter()
    await flushPromises()
    expect(opened.asked('open')).toEqual([])
    expect(opened.wrapper.get('[data-testid=inspector-title]').text()).toBe('BO 412')
    expect(opened.wrapper.get('[data-testid=cursor-time]').text()).toBe('0:02.500')
  })

  it('says so where the object of a link is not there', async () => {
    await opened.goLive()
    await type(`vascope://session/${LIVE.file.split('/').pop()}/bo/7`)
    await enter()
    await flushPromises()
    expect(opened.wrapper.get('[data-testid=notice]').text()).toContain('BO 7 is not in this session')
  })

  it('opens the session of a link to another', async () => {
    await type('vascope://session/other.vascope/bo/412')
    await enter()
    await flushPromises()
    expect(opened.asked('open')).toEqual([['other.vascope']])
  })
})

describe('copying', () => {
  it('gives figures in full, with their unit, and says so', async () => {
    await opened.goLive()
    await opened.wrapper.get('[data-testid=live-bytes]').trigger('click')
    await flushPromises()
    expect(clipboard).toHaveBeenCalledWith('31400000 B')
    expect(opened.wrapper.get('.copied').text()).toContain('31400000 B')
  })

  it('gives a link to the selection that leads back to it', async () => {
    await opened.goLive()
    await type('412')
    await enter()
    await flushPromises()
    await opened.press('l')
    expect(clipboard).toHaveBeenCalledWith('vascope://session/2026-11-22-virtual.vascope/bo/412?at=8s')
  })
})
