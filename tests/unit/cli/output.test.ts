import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { guardOutput } from '../../../cli/output'

afterEach(() => vi.restoreAllMocks())

/** What is said, and the exit code, when stdout fails with this. */
function failing(code: string): { said: string; exits: (number | undefined)[] } {
  const [stdout, exits] = [new EventEmitter(), [] as (number | undefined)[]]
  let said = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true))
  guardOutput(stdout, new EventEmitter(), (exit) => exits.push(exit))
  stdout.emit('error', Object.assign(new Error(`${code}: no space left on device, write`), { code }))
  return { said, exits }
}

describe('an output that cannot be written', () => {
  it('is told, and the result does not count as one', () => {
    const { said, exits } = failing('ENOSPC')
    expect(said).toMatch(/the result could not be written: ENOSPC: no space left.*\nMake room/)
    expect(exits).toEqual([2])
  })

  it('is no error where its reader has had enough', () => {
    expect(failing('EPIPE')).toEqual({ said: '', exits: [undefined] })
  })

  it('is nothing to end for where it is only what would be said', () => {
    const stderr = new EventEmitter()
    guardOutput(new EventEmitter(), stderr)
    expect(stderr.emit('error', new Error('EIO'))).toBe(true)
  })
})
