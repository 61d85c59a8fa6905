import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Finding, FindingPage, ViewRequest } from '../../engine/api'
import { PULSE } from './fake-engine'
import { openWindow, type TestWindow } from './window'

const finding = (rule: string, severity: Finding['severity'], time: number, bo: number): Finding => ({
  rule,
  severity,
  time,
  what: `BO ${bo} breaks ${rule}`,
  objects: [{ kind: 'bo', id: bo, label: `BO ${bo}` }],
  evidence: { refcount: 1, held: '64 MiB', boBytes: 65536, seconds: 1.0320779999, since: 65.5101 },
  key: `${rule}-${bo}`
})
const rule = (id: string, severity: Finding['severity'], hits: number, reason = ''): FindingPage['rules'][number] => ({
  id,
  title: `title of ${id}`,
  text: `What ${id} says.`,
  severity,
  checked: reason === '',
  reason,
  hits
})
const PAGE: FindingPage = {
  total: 3,
  counts: { violation: 1, retention: 2, suspicion: 0, gap: 0 },
  findings: [finding('H4', 'retention', 2, 11), finding('S2', 'violation', 6, 12), finding('H4', 'retention', 1, 13)],
  rules: [
    rule('S2', 'violation', 1),
    rule('H4', 'retention', 2),
    rule('W1', 'violation', 0, 'this kernel has no weak VMs')
  ]
}

let opened: TestWindow
beforeEach(async () => {
  opened = await openWindow({ findings: () => PAGE })
  await opened.goLive()
  await opened.wrapper.findAll('nav button')[2]!.trigger('click')
})
afterEach(() => {
  vi.restoreAllMocks()
  opened.wrapper.unmount()
})

const listed = (): string[] => opened.wrapper.findAll('.item p:first-of-type').map((item) => item.text())
const region = (name: string): string => opened.wrapper.get(`section[aria-label="${name}"]`).text()

describe('findings', () => {
  it('are counted on their tab and listed by severity, then time', () => {
    expect(opened.wrapper.get('nav').text()).toContain('Findings3')
    expect(listed()).toEqual(['BO 12 breaks S2', 'BO 13 breaks H4', 'BO 11 breaks H4'])
    expect(opened.wrapper.findAll('.item .severity svg').length).toBe(3)
  })

  it('show the evidence, the rule and its text', () => {
    const text = region('Finding')
    for (const part of [
      'BO 12 breaks S2',
      'refcount',
      '64 MiB',
      '64 KiB',
      '1.032 s',
      '1:05.510',
      'What S2 says.',
      'S2-12'
    ])
      expect(text).toContain(part)
  })

  it('say which rules could not be checked, and why', () => {
    expect(region('Rules')).toContain('2 of 3 could be checked')
    expect(region('Rules')).toContain('this kernel has no weak VMs')
  })

  it('are filtered by severity', async () => {
    await opened.wrapper.get('button[aria-label="retention, 2"]').trigger('click')
    expect(listed()).toEqual(['BO 12 breaks S2'])
    await opened.wrapper.get('button[aria-label="violation, 1"]').trigger('click')
    expect(listed()).toEqual([])
    expect(region('Findings')).toContain('All 3 are filtered out')
  })

  it('lead to the moment and the object by one key', async () => {
    await opened.press('j')
    expect(region('Finding')).toContain('BO 13 breaks H4')
    await opened.press('Enter')
    await flushPromises()
    expect(opened.wrapper.get('[data-testid=inspector-title]').text()).toBe('BO 13')
    expect(opened.wrapper.get('[data-testid=cursor-time]').text()).toContain('0:01.000')
    const requests = opened.asked('view').map(([request]) => request as ViewRequest)
    expect(requests.some(({ cursor }) => cursor === 1)).toBe(true)
  })

  it('are asked for again while a session is live', async () => {
    const before = opened.asked('findings').length
    const now = performance.now()
    vi.spyOn(performance, 'now').mockReturnValue(now + 1100)
    opened.port.push('pulse', { ...PULSE, now: 9 })
    await flushPromises()
    expect(opened.asked('findings').length).toBe(before + 1)
  })
})
