import { describe, expect, it, vi } from 'vitest'
import { launchRequest, printsPdf } from './arguments'
import { handle, isOwnPage } from './ipc/sender'
import { resolveInside } from './protocol'

const { handlers } = vi.hoisted(() => ({
  handlers: new Map<string, (event: unknown, ...args: unknown[]) => unknown>()
}))
vi.mock('electron', () => ({
  app: { isPackaged: false },
  ipcMain: { handle: (channel: string, answer: (event: unknown) => unknown) => handlers.set(channel, answer) }
}))

describe('the command line of the window', () => {
  it('is read among Chromium’s own switches', () => {
    const argv = ['--no-sandbox', '.', '--demo', '--remote-debugging-port=0']
    expect(launchRequest(argv, '/here')).toEqual({ demo: true, open: null, link: null })
    expect(launchRequest(['.', '--open', 'a.vascope'], '/here')).toEqual({
      demo: false,
      open: '/here/a.vascope',
      link: null
    })
    expect(launchRequest(['.', '--open=/x/b.vascope'], '/here')).toEqual({
      demo: false,
      open: '/x/b.vascope',
      link: null
    })
  })
})

describe('a link on the command line', () => {
  const link = 'vascope://session/a.vascope/bo/12?at=1.25s'

  it('names its session by the file alone, or an object in the file that is given', () => {
    for (const argv of [
      ['.', '--open', link],
      ['.', link]
    ])
      expect(launchRequest(argv, '/here')).toEqual({ demo: false, open: 'a.vascope', link })
    expect(launchRequest(['.', '--open', 'x/b.vascope', '--link', link], '/here')).toMatchObject({
      open: '/here/x/b.vascope',
      link
    })
  })

  it('is all that a desktop gives the packed app', () => {
    expect(launchRequest([link], '/')).toEqual({ demo: false, open: 'a.vascope', link })
    expect([printsPdf(['vascope', link]), printsPdf(['vascope', '--print-pdf', 'a', 'b'])]).toEqual([false, true])
  })

  it('that is none opens nothing', () => {
    expect(launchRequest(['.', 'vascope://session/..%2Fetc/bo/1'], '/here').open).toBeNull()
  })
})

describe('app://vascope', () => {
  it('serves its own folder and nothing above it', () => {
    expect(resolveInside('/app/renderer', 'app://vascope/')).toBe('/app/renderer/index.html')
    expect(resolveInside('/app/renderer', 'app://vascope/assets/a.js')).toBe('/app/renderer/assets/a.js')
    for (const address of ['app://vascope/..%2fmain', 'app://other/index.html', 'file:///etc/passwd']) {
      expect(resolveInside('/app/renderer', address)).toBeNull()
    }
  })

  it('is told from pages that only look like it', () => {
    const own = 'app://vascope/index.html'
    expect(isOwnPage('app://vascope/index.html#x', own)).toBe(true)
    for (const url of ['app://vascope.evil/index.html', 'https://vascope/index.html', 'about:blank', '']) {
      expect(isOwnPage(url, own)).toBe(false)
    }
  })
})

describe('messages to the main process', () => {
  const frame = { url: 'app://vascope/index.html', parent: null }
  handle('test', [], () => 'answered')

  it('are answered to the top frame of our own page', () => {
    expect(handlers.get('test')?.({ senderFrame: frame })).toBe('answered')
  })

  it.each([
    ['another page', { ...frame, url: 'https://example.org/' }],
    ['a frame within the page', { ...frame, parent: frame }],
    ['a frame that is gone', null]
  ])('are refused to %s', (_who, senderFrame) => {
    expect(() => handlers.get('test')?.({ senderFrame })).toThrow('refused')
  })

  it('are refused with arguments of another shape', () => {
    expect(() => handlers.get('test')?.({ senderFrame: frame }, 'too much')).toThrow()
  })
})
