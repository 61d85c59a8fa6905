import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { SessionState } from '../../../engine/api'
import { EngineHost } from '../../../engine/host'

const FIXTURES = path.join(import.meta.dirname, '../../fixtures')
const fixture = (name: string): string => path.join(FIXTURES, `${name}.vascope`)

describe('findings of an opened session', () => {
  it('are those of the session that is open when they are said, not of the one that was open when they were asked for', async () => {
    const host = new EngineHost(() => {})
    await host.open(fixture('sessions/killed-vm-bind'))
    const expected = await host.findings()
    expect(expected.total).toBeGreaterThan(0)

    await host.open(fixture('compare/mainline'))
    const asked = host.findings()
    await host.open(fixture('sessions/killed-vm-bind'))
    expect(await asked).toEqual(expected)
    await host.close()
  })
})

describe('work on a board while a session is shown', () => {
  it('leaves the session where it is, and says how far it is', async () => {
    const states: SessionState[] = []
    const host = new EngineHost((event, data) => {
      if (event === 'session') states.push(data as SessionState)
    })
    await host.open(fixture('compare/mainline'))
    const opened = states.at(-1)!
    // port 1 of this machine: nobody listens there
    const { checks } = await host.preflight('nobody@127.0.0.1:1')
    expect(checks.map(({ state }) => state)).toEqual(['failed'])
    expect(new Set(states.map(({ phase }) => phase))).toEqual(new Set(['opened']))
    expect(states.some(({ activity }) => activity !== '')).toBe(true)
    expect(states.at(-1)).toEqual(opened)
    await host.close()
  })
})
