import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { vi } from 'vitest'
import type { EngineApi } from '../../engine/api'
import App from '../../renderer/app/App.vue'
import { createEngineClient, type EngineClient } from '../../renderer/model/engine-client'
import { type Answers, BOARDS, fakePage, type FakePort, fakePort, fakeRows, fakeView, LIVE, PULSE } from './fake-engine'

/** The whole window on a fake engine. The test's DOM has no layout, so that sizes are given here. */
export interface TestWindow {
  wrapper: VueWrapper
  port: FakePort
  client: EngineClient
  bridge: Record<keyof Window['vascope'], ReturnType<typeof vi.fn>>
  /** Arguments of each request of one method. */
  asked(method: keyof EngineApi): unknown[][]
  goLive(): Promise<void>
  press(key: string, init?: KeyboardEventInit): Promise<void>
}

class InstantResizeObserver {
  constructor(private readonly changed: ResizeObserverCallback) {}
  observe(target: Element): void {
    const entry = { target, borderBoxSize: [{ inlineSize: 1000, blockSize: 240 }] } as unknown as ResizeObserverEntry
    this.changed([entry], this as unknown as ResizeObserver)
  }
  unobserve(): void {}
  disconnect(): void {}
}

export function giveSizes(): void {
  vi.stubGlobal('ResizeObserver', InstantResizeObserver)
  for (const [name, size] of Object.entries({
    clientWidth: 1000,
    clientHeight: 240,
    offsetWidth: 1000,
    offsetHeight: 240
  })) {
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size })
  }
}

export async function openWindow(
  answers: Answers = {},
  launch = { demo: false, open: null as string | null, link: null as string | null }
): Promise<TestWindow> {
  giveSizes()
  const rows = fakeRows(312)
  const port = fakePort({
    listBoards: () => BOARDS,
    listSessions: () => [],
    view: (request) => fakeView(request),
    mappings: (query) => fakePage(query, rows),
    bo: () => null,
    annotations: () => ({ tags: [], note: '', known: {} }),
    objects: (query) => ({ total: 0, first: query.first, rows: [] }),
    ...answers
  })
  const bridge = {
    connectEngine: vi.fn(),
    onEngineGone: vi.fn(),
    onOpenRequest: vi.fn(),
    info: vi.fn(async () => ({
      version: '0.1.0',
      electron: '33.2.1',
      chrome: '130',
      node: '20',
      runtime: 'fallback',
      platform: 'linux'
    })),
    launchRequest: vi.fn(async () => launch),
    pickSession: vi.fn(async () => null as string | null),
    pickSave: vi.fn(async () => null as string | null),
    openReport: vi.fn(async () => {}),
    printReport: vi.fn(async () => {}),
    showInFolder: vi.fn(async () => {}),
    setTheme: vi.fn(async () => {}),
    pathOf: vi.fn(() => '/dropped.vascope')
  }
  vi.stubGlobal('vascope', bridge)
  const client = createEngineClient()
  client.attach(port)
  const wrapper = mount(App, { props: { client }, attachTo: document.body })
  await flushPromises()
  return {
    wrapper,
    port,
    client,
    bridge,
    asked: (method) => port.requests.filter((request) => request.method === method).map(({ args }) => args),
    async goLive() {
      port.push('session', LIVE)
      port.push('pulse', PULSE)
      await flushPromises()
    },
    async press(key, init = {}) {
      window.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true, ...init }))
      await flushPromises()
    }
  }
}
