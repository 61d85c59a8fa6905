import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { WhyAlive, WhyGone } from '../../engine/api'
import { BO } from './fake-engine'
import { openWindow, type TestWindow } from './window'

const ALIVE: WhyAlive = {
  bo: 1187,
  name: 'texture',
  bytes: 1 << 26,
  at: 8,
  state: 'alive',
  created: 1,
  destroyed: null,
  holders: [
    { kind: 'pin', id: 0, who: '1 pins', since: 2, references: 0 },
    {
      kind: 'vm_bo',
      id: 61,
      who: 'vm_bo 61 of VM 3, 1 mappings',
      since: 2,
      references: 1,
      policy: 'hard',
      policySource: 'VM_BIND'
    }
  ],
  explained: 1,
  refcount: { value: 1, sampledAt: 7 },
  retainedSince: 4,
  answer: 'Only a mapping keeps BO 1187 alive.'
}
const GONE: WhyGone = {
  va: 5,
  vm: 3,
  bo: 1187,
  iova: 0x1000,
  bytes: 4096,
  start: 1,
  end: 6,
  reason: 'unmap',
  by: 'churn 77',
  steps: [{ time: 5.9, text: 'UNMAP of 0x1000' }],
  parts: [],
  answer: 'VA 5 went because of: unmap, by churn 77.'
}

let opened: TestWindow
afterEach(() => opened.wrapper.unmount())

describe('the inspector', () => {
  it('says who keeps the selected BO alive, those that hold it first, each with its policy', async () => {
    opened = await openWindow({ bo: () => BO, whyAlive: () => ALIVE, whyGone: () => GONE })
    await opened.goLive()
    await opened.wrapper.get('[role=row].grid-row').trigger('click')
    await flushPromises()
    const section = opened.wrapper.get('section[aria-label="Why is this alive?"]')
    expect(section.text()).toContain('Only a mapping keeps BO 1187 alive.')
    const holders = section.findAll('li').map((item) => item.text())
    expect(holders).toEqual([
      expect.stringMatching(/^vm_bo 61 of VM 3.*hard.*0:02\.000$/),
      expect.stringMatching(/^1 pins.*holds nothing/)
    ])
    expect(section.text()).toContain('fdinfo does not count it')
    expect(opened.asked('whyGone')).toEqual([])
  })

  it('says why a mapping that ended went', async () => {
    const ended = { ...BO, mappings: BO.mappings.map((mapping) => ({ ...mapping, end: 6 })) }
    opened = await openWindow({ bo: () => ended, whyAlive: () => ALIVE, whyGone: () => GONE })
    await opened.goLive()
    await opened.wrapper.get('[role=row].grid-row').trigger('click')
    await flushPromises()
    await opened.wrapper.get('aside .mappings .grid-row').trigger('click')
    await flushPromises()
    const text = opened.wrapper.get('section[aria-label="Why did it go?"]').text()
    expect(text).toContain('VA 5 went because of: unmap, by churn 77.')
    expect(text).toContain('UNMAP of 0x1000')
  })

  it('does not say that a mapping lives, or until when, where only a bound is known', async () => {
    const mappings = BO.mappings.map((mapping) => ({ ...mapping, end: null, atLeast: 6 }))
    const bo = { ...BO, mappings, stretch: { from: 2, to: 6 } }
    const gone = { ...GONE, end: null, atLeast: 6, answer: 'VA 5 was there at 6 s and is gone at the end.' }
    opened = await openWindow({ bo: () => bo, whyAlive: () => ALIVE, whyGone: () => gone })
    await opened.goLive()
    await opened.wrapper.get('[role=row].grid-row').trigger('click')
    await flushPromises()
    await opened.wrapper.get('aside .mappings .grid-row').trigger('click')
    await flushPromises()
    const text = opened.wrapper.get('aside[aria-label=Inspector]').text()
    expect(text).toMatch(/to at least\s*0:06\.000/)
    expect(text).toContain('Only those from 0:02.000 to 0:06.000')
    expect(text).toContain('VA 5 was there at 6 s and is gone at the end.')
  })
})
