import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FindingPage, ObjectPage, SessionState } from '../../engine/api'
import { useLatest } from '../../renderer/composables/useLatest'
import { BO, LIVE } from './fake-engine'
import { openWindow, type TestWindow } from './window'

/** A busy machine is no failure. */
const WAIT = { timeout: 20_000 }

/** Answers that a test gives when it wants to. */
function held<T>(): {
  answer: () => Promise<T>
  give: (value: T) => void
  /** Gives the same to all that wait, be it none. */
  all: (value: T) => void
  fail: (error: unknown) => void
} {
  const waiting: { resolve: (value: T) => void; reject: (error: unknown) => void }[] = []
  return {
    answer: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    give: (value) => waiting.shift()!.resolve(value),
    all: (value) => {
      for (const { resolve } of waiting.splice(0)) resolve(value)
    },
    fail: (error) => waiting.shift()!.reject(error)
  }
}

describe('the last wish', () => {
  it('is done once more, however often it was wished, and an older error is not told', async () => {
    const work = held<void>()
    const failed: unknown[] = []
    let times = 0
    const { ask, busy } = useLatest(
      () => (times++, work.answer()),
      (error) => failed.push(error)
    )
    void ask()
    void ask()
    void ask()
    work.fail('old')
    await flushPromises()
    expect([times, busy.value, failed]).toEqual([2, true, []])
    work.fail('new')
    await flushPromises()
    expect([times, busy.value, failed]).toEqual([2, false, ['new']])
  })
})

const opened = (file: string): SessionState => ({ ...LIVE, phase: 'opened', file })
const found = (total: number): FindingPage => ({
  total,
  counts: { violation: total, retention: 0, suspicion: 0, gap: 0 },
  findings: [],
  rules: []
})

let shown: TestWindow

describe('another session that is opened', () => {
  afterEach(() => shown.wrapper.unmount())

  it('while one is still judged has its own findings, and never those of the other', async () => {
    const engine = held<FindingPage>()
    shown = await openWindow({ findings: engine.answer })
    const tabs = (): string => shown.wrapper.get('nav').text()
    shown.port.push('session', opened('/a.vascope'))
    await flushPromises()
    shown.port.push('session', opened('/b.vascope'))
    await flushPromises()
    engine.give(found(11))
    await flushPromises()
    expect(tabs()).not.toContain('11')
    engine.give(found(22))
    await flushPromises()
    expect(tabs()).toContain('Findings22')
    shown.port.push('session', opened('/c.vascope'))
    await flushPromises()
    expect(tabs()).not.toContain('22')
  })

  it('leaves no rows of the other while its own are fetched', async () => {
    const engine = held<ObjectPage>()
    shown = await openWindow({ findings: () => found(0), objects: engine.answer })
    shown.port.push('session', opened('/a.vascope'))
    await flushPromises()
    await shown.press('4')
    const total = (): string => shown.wrapper.get('[data-testid=object-total]').text()
    await vi.waitFor(() => {
      engine.all({ total: 77, first: 0, rows: [] })
      expect(total()).toBe('77')
    }, WAIT)
    shown.port.push('session', opened('/b.vascope'))
    await flushPromises()
    expect(total()).toBe('')
  })

  it('by a link, and cannot be, leaves the one that is open as it is', async () => {
    shown = await openWindow({
      findings: () => found(0),
      bo: () => BO,
      open: () => {
        throw { code: 'no-file', message: 'b.vascope is not there.', remedy: '' }
      }
    })
    shown.port.push('session', opened('/a.vascope'))
    await flushPromises()
    const [[request]] = shown.bridge.onOpenRequest.mock.calls as [[(asked: object) => void]]
    request({ demo: false, open: '/b.vascope', link: 'vascope://session/b.vascope/bo/412' })
    await flushPromises()
    expect(shown.asked('open')).toEqual([['/b.vascope']])
    expect(shown.wrapper.text()).toContain('b.vascope is not there.')
    expect(shown.asked('bo')).toEqual([])
  })
})
