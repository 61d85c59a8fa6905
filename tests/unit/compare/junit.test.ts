// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { junit } from '../../../engine/junit'

const read = (text: string): Document => new DOMParser().parseFromString(text, 'application/xml')

describe('JUnit XML', () => {
  it('has the sums of its cases in the root and in each suite', () => {
    const text = junit([
      {
        name: 'gate',
        cases: [
          { name: 'a', className: 'rules', seconds: 0.25 },
          { name: 'b', className: 'rules', seconds: 1, failure: { message: 'broken', text: 'by 3' } }
        ]
      },
      { name: 'run', cases: [{ name: 'c', className: 'board', seconds: 0, skipped: 'no VM_BIND' }] }
    ])
    expect(text).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" skipped="1" time="1.250">
  <testsuite name="gate" tests="2" failures="1" errors="0" skipped="0" time="1.250">
    <testcase name="a" classname="rules" time="0.250"/>
    <testcase name="b" classname="rules" time="1.000">
      <failure message="broken">by 3</failure>
    </testcase>
  </testsuite>
  <testsuite name="run" tests="1" failures="0" errors="0" skipped="1" time="0.000">
    <testcase name="c" classname="board" time="0.000">
      <skipped message="no VM_BIND"/>
    </testcase>
  </testsuite>
</testsuites>
`)
  })

  it('gives back what was put in, whatever it holds', () => {
    const nasty = `<&>"' ]]>\n\ttwo lines`
    const xml = read(
      junit([
        {
          name: nasty,
          cases: [{ name: nasty, className: nasty, seconds: 0, failure: { message: nasty, text: nasty } }]
        }
      ])
    )
    const failure = xml.querySelector('failure')!
    expect(xml.querySelector('testsuite')!.getAttribute('name')).toBe(nasty)
    expect(xml.querySelector('testcase')!.getAttribute('classname')).toBe(nasty)
    expect(failure.getAttribute('message')).toBe(nasty)
    expect(failure.textContent).toBe(nasty)
  })

  it('writes nothing that XML does not have', () => {
    const text = junit([{ name: 'esc \u001b[1m \ud800 \uffff', cases: [] }])
    expect(text).toContain('name="esc \ufffd[1m \ufffd \ufffd"')
  })

  it('does not call a failed case skipped', () => {
    const both = { name: 'x', className: 'y', seconds: 0, failure: { message: 'm', text: 't' }, skipped: true }
    expect(junit([{ name: 's', cases: [both] }])).toContain('failures="1" errors="0" skipped="0"')
  })
})
