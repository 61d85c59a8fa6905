import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Annotations, Finding, FindingPage, ViewRequest } from '../../engine/api'
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
let written: Partial<Annotations>[]
beforeEach(async () => {
  written = []
  opened = await openWindow({
    findings: () => PAGE,
    annotations: () => ({ tags: [], note: '', known: { 'H4-13': 'by design' } }),
    annotate: (change) => {
      written.push(change)
      return { tags: [], note: '', known: {}, ...change }
    }
  })
  await opened.goLive()
  await opened.press('5')
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

  it('that are known say why, and can be left out of the list', async () => {
    const known = (): string[] => opened.wrapper.findAll('.item.isknown p:first-of-type').map((item) => item.text())
    expect(known()).toEqual(['BO 13 breaks H4'])
    await opened.wrapper.get('[data-testid=known]').trigger('click')
    await opened.wrapper.get('input[aria-label="Why this is known"]').setValue(' msm bug 12 ')
    await opened.wrapper.get('form').trigger('submit')
    await flushPromises()
    expect(written).toEqual([{ known: { 'H4-13': 'by design', 'S2-12': 'msm bug 12' } }])
    expect(region('Known')).toContain('msm bug 12')
    const hide = opened.wrapper.findAll('.chips .chip').find((chip) => chip.text().startsWith('known'))
    await hide!.trigger('click')
    expect(listed()).toEqual(['BO 11 breaks H4'])
    await hide!.trigger('click')
    await opened.wrapper.findAll('.item')[0]!.trigger('click')
    const not = opened.wrapper.findAll('button').find((button) => button.text() === 'It is not')
    await not!.trigger('click')
    await flushPromises()
    expect(written.at(-1)).toEqual({ known: { 'H4-13': 'by design' } })
  })

  it('that weigh otherwise than their rule say so', async () => {
    const line = { ...PAGE.rules[1]!, severity: 'violation' as const }
    opened.wrapper.unmount()
    opened = await openWindow({ findings: () => ({ ...PAGE, rules: [PAGE.rules[0]!, line] }) })
    await opened.goLive()
    await opened.press('5')
    expect(opened.wrapper.get('.rule[data-rule=H4]').text()).toContain('retention here; in general a violation')
    expect(opened.wrapper.get('.rule[data-rule=S2]').text()).not.toContain('here')
    await opened.wrapper.findAll('.item')[1]!.trigger('click')
    expect(region('Finding')).toContain('what was seen here makes it a retention')
  })
})
