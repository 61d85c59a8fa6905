import path from 'node:path'
import { describe, expect, it } from 'vitest'
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
