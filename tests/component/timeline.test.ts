import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MappingQuery, ViewRequest } from '../../engine/api'
import { BO, fakeView, LIVE, PULSE } from './fake-engine'
import { openWindow, type TestWindow } from './window'

let opened: TestWindow
/** Of the window, not of the overview, which spans more. */
const lastView = (): ViewRequest => {
  const requests = opened.asked('view').map(([request]) => request as ViewRequest)
  return requests.findLast(({ from, to }) => to - from < 10.001) as ViewRequest
}
const lastQuery = (): MappingQuery => opened.asked('mappings').at(-1)?.[0] as MappingQuery

beforeEach(async () => {
  opened = await openWindow({ bo: () => BO })
})
afterEach(() => {
  vi.useRealTimers()
  opened.wrapper.unmount()
})

describe('a live session', () => {
  it('shows its VMs with policy and line sample, its figures and its facts', async () => {
    await opened.goLive()
    const text = opened.wrapper.text()
    expect(text).toContain('VM 3')
    expect(text).toContain('mdp_kms')
    expect(text).toContain('emulated, nothing is rendered')
    expect(text).toContain('6.16.3+deb13-arm64')
    expect(opened.wrapper.findAll('.policy').every((policy) => policy.find('svg path').exists())).toBe(true)
    expect(opened.wrapper.get('[data-testid=maps]').text()).toMatch(/^\d\u202f?\d{3}\/s$/)
    expect(opened.wrapper.get('[data-testid=flips]').text()).toBe('60/s')
  })

  it('names every canvas', async () => {
    await opened.goLive()
    const canvases = opened.wrapper.findAll('canvas')
    expect(canvases.length).toBeGreaterThan(8)
    expect(canvases.every((canvas) => canvas.attributes('aria-label'))).toBe(true)
  })

  it('says in tables what the canvases draw', async () => {
    await opened.goLive()
    const text = await vi.waitFor(() => opened.wrapper.get('[data-testid=view-tables]').text())
    for (const part of ['VM 3', 'lost 412', 'VM_BIND jobs']) expect(text).toContain(part)
  })

  it('follows the newest time until one looks back', async () => {
    await opened.goLive()
    opened.port.push('pulse', { ...PULSE, now: 42 })
    await flushPromises()
    expect(lastView()).toMatchObject({ from: 32, to: 42 })
    await opened.press('a')
    expect(lastView().to).toBeCloseTo(41)
    opened.port.push('pulse', { ...PULSE, now: 50 })
    await flushPromises()
    expect(lastView().to).toBeCloseTo(41)
  })

  it('held, has its readings and its table of its end, while the session goes on', async () => {
    await opened.goLive()
    opened.port.push('pulse', { ...PULSE, now: 42 })
    await flushPromises()
    await opened.press(' ')
    expect(opened.wrapper.get('.ruler').text()).toContain('held')
    opened.port.push('pulse', { ...PULSE, now: 50 })
    await flushPromises()
    expect(lastView()).toMatchObject({ from: 32, to: 42, cursor: 42 })
    expect(opened.wrapper.get('[data-testid=cursor-time]').text()).toBe('0:42.000')
    await vi.waitFor(() => expect(lastQuery().cursor).toBe(42))
    await opened.press(' ')
    expect(opened.wrapper.get('.ruler').text()).toContain('newest')
  })

  it('says "not seen" where it did not see, never zero', async () => {
    opened.wrapper.unmount()
    opened = await openWindow({
      view: (request) => {
        const view = fakeView(request)
        const unseen = new Float32Array(view.charts.maps.length).fill(NaN)
        return {
          ...view,
          charts: { ...view.charts, maps: unseen, unmaps: unseen, mappedBytesPerSecond: unseen, liveBytes: unseen },
          cursor: { ...view.cursor, maps: null, unmaps: null, liveBytes: null, flipInterval: null }
        }
      }
    })
    await opened.goLive()
    expect(opened.wrapper.get('[data-testid=maps]').text()).toBe('not seen')
    expect(opened.wrapper.get('[data-testid=live-bytes]').text()).toBe('not seen')
    opened.port.push('pulse', { ...PULSE, latencyMs: null })
    await flushPromises()
    expect(opened.wrapper.find('[data-testid=latency]').exists()).toBe(false)
  })

  it('stops on request, and then offers to save and to report', async () => {
    await opened.goLive()
    await opened.wrapper.get('[data-testid=stop]').trigger('click')
    expect(opened.asked('stop')).toHaveLength(1)
    opened.port.push('session', { ...LIVE, phase: 'ended' })
    await flushPromises()
    opened.bridge.pickSave.mockImplementation(async (kind: unknown) =>
      kind === 'report' ? '/tmp/r.html' : '/tmp/s.vascope'
    )
    await opened.wrapper.get('[data-testid=save]').trigger('click')
    await flushPromises()
    expect(opened.asked('save')).toEqual([['/tmp/s.vascope']])
    expect(opened.bridge.pickSave).toHaveBeenCalledWith('session', '2026-11-22-virtual.vascope')
  })

  it('says what is being opened while another session is shown, and cancels it', async () => {
    await opened.goLive()
    opened.port.push('session', { ...LIVE, phase: 'opened', activity: 'Opening large.vascope', progress: 0.4 })
    await flushPromises()
    const header = opened.wrapper.get('header')
    expect(header.text()).toContain('Opening large.vascope')
    await header
      .findAll('button')
      .find((button) => button.text() === 'Cancel')!
      .trigger('click')
    expect(opened.asked('stop')).toHaveLength(1)
    opened.port.push('session', { ...LIVE, phase: 'opened' })
    await flushPromises()
    expect(header.text()).not.toContain('Cancel')
  })

  it('opens the report that it wrote', async () => {
    opened.wrapper.unmount()
    opened = await openWindow({ report: (file) => ({ file, bytes: 10 }) })
    opened.port.push('session', { ...LIVE, phase: 'opened' })
    opened.bridge.pickSave.mockResolvedValue('/tmp/r.html')
    await flushPromises()
    await opened.wrapper.get('[data-testid=report]').trigger('click')
    await flushPromises()
    expect(opened.bridge.pickSave).toHaveBeenCalledWith('report', '2026-11-22-virtual.html')
    expect(opened.bridge.openReport).toHaveBeenCalledWith('/tmp/r.html')
  })

  it('keeps what was recorded on the screen when it ends with something lost', async () => {
    await opened.goLive()
    const problem = {
      code: 'link-lost',
      message: 'The link to virtual was lost.',
      remedy: 'What came until then is on disk.'
    }
    opened.port.push('session', { ...LIVE, phase: 'ended', problem })
    await flushPromises()
    expect(opened.wrapper.get('[role=alert]').text()).toContain(problem.message)
    expect(opened.wrapper.text()).toContain('VM 3')
  })
})

describe('an opened file', () => {
  it('is shown whole', async () => {
    opened.port.push('session', { ...LIVE, phase: 'opened' })
    await flushPromises()
    expect(opened.asked('view').map(([request]) => request)).toContainEqual(expect.objectContaining({ from: 0, to: 8 }))
  })
})

describe('keys', () => {
  it('zoom around the newest time while it is followed, pan, and fit', async () => {
    opened.port.push('session', { ...LIVE, phase: 'opened' })
    await flushPromises()
    await opened.press('w')
    expect(lastView()).toMatchObject({ from: expect.closeTo(1.6), to: expect.closeTo(8) })
    await opened.press('a')
    expect(lastView()).toMatchObject({ from: expect.closeTo(0.96), to: expect.closeTo(7.36) })
    await opened.press('f')
    expect(lastView()).toMatchObject({ from: 0, to: 8 })
  })

  it('are left to a field while typing, and to a dialog while it is open', async () => {
    await opened.goLive()
    // the overview of the whole session is asked for as well, when there is time
    const seconds = (): number[] =>
      opened
        .asked('view')
        .map(([request]) => request as ViewRequest)
        .filter(({ follow }) => follow)
        .map(({ from, to }) => to - from)
    await vi.waitFor(() => expect(seconds()).not.toEqual([]), { timeout: 20_000 })
    const before = seconds().at(-1)
    const field = opened.wrapper.get('input[aria-label="Search mappings"]')
    await field.trigger('keydown', { key: 'w' })
    await opened.press('?')
    await opened.press('w')
    await flushPromises()
    expect(seconds().at(-1)).toBe(before)
    expect(opened.wrapper.get('dialog').text()).toContain('Zoom in around the cursor')
  })

  it('press the button that has the focus, and only that', async () => {
    const theme = opened.wrapper.findAll('.footer button').at(-1)
    await theme?.trigger('keydown', { key: 'Enter' })
    expect(opened.asked('start')).toEqual([])
  })

  it('switch the theme for page and desktop alike', async () => {
    const before = document.documentElement.dataset.theme
    await opened.press('t')
    const after = document.documentElement.dataset.theme
    expect([before, after].sort()).toEqual(['dark', 'light'])
    expect(opened.bridge.setTheme).toHaveBeenLastCalledWith(after)
    await opened.press('t')
  })
})

describe('the table of live mappings', () => {
  it('asks only for the rows near those on the screen', async () => {
    await opened.goLive()
    expect(opened.wrapper.get('[data-testid=mapping-total]').text()).toBe('312')
    const rows = opened.wrapper.findAll('.mappings .grid-row')
    expect(rows.length).toBeGreaterThan(5)
    expect(rows.length).toBeLessThan(40)
    expect(lastQuery().count).toBeLessThan(100)
  })

  it('sorts and searches in the engine', async () => {
    await opened.goLive()
    const iova = opened.wrapper.findAll('.grid-head button')[1]
    await iova?.trigger('click')
    await opened.wrapper.get('input[aria-label="Search mappings"]').setValue('0x1_0000')
    await flushPromises()
    expect(lastQuery()).toMatchObject({ sort: 'iova', descending: false, search: '0x1_0000' })
    await iova?.trigger('click')
    await flushPromises()
    expect(lastQuery()).toMatchObject({ sort: 'iova', descending: true })
  })

  it('shares its selection with the inspector, and Escape lets go of it', async () => {
    await opened.goLive()
    await opened.wrapper.findAll('.mappings .grid-row')[2]?.trigger('click')
    await flushPromises()
    expect(opened.wrapper.get('[data-testid=inspector-title]').text()).toBe('BO 12')
    expect(opened.asked('bo')).toEqual([[12]])
    expect(opened.wrapper.get('.inspector').text()).toContain('WC | SCANOUT')
    expect(opened.wrapper.get('.inspector').text()).toContain('3sampled 0:07.900')
    await opened.press('Escape')
    expect(opened.wrapper.get('.inspector').text()).toContain('Nothing is selected')
  })
})
