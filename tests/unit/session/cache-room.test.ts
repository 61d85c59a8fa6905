import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeRoom } from '../../../engine/session/cache-room'
import { KeyframeCache } from '../../../engine/session/keyframe-cache'

let dir: string
beforeAll(() => (dir = mkdtempSync(path.join(tmpdir(), 'vascope-cache-'))))
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

/** A file that was used so many seconds after the epoch. */
function file(folder: string, name: string, bytes: number, used: number): string {
  const made = path.join(folder, name)
  writeFileSync(made, Buffer.alloc(bytes))
  utimesSync(made, used, used)
  return made
}

describe('the cache', () => {
  it('has no more than its bytes: what was used longest ago goes first, what was just written stays', () => {
    const folder = path.join(dir, 'room')
    mkdirSync(path.join(folder, 'folder'), { recursive: true })
    const kept = file(folder, 'kept', 100, 1)
    file(folder, 'old', 100, 2)
    file(folder, 'newer', 100, 3)
    file(folder, 'newest', 100, 4)
    makeRoom(folder, kept, 400)
    expect(readdirSync(folder).length).toBe(5)
    makeRoom(folder, kept, 250)
    expect(readdirSync(folder).sort()).toEqual(['folder', 'kept', 'newest'])
    makeRoom(folder, kept, 0)
    expect(readdirSync(folder).sort()).toEqual(['folder', 'kept'])
  })

  it('knows what was used: keyframes that are read again', () => {
    vi.stubEnv('XDG_CACHE_HOME', path.join(dir, 'cache'))
    const session = file(dir, 'session', 100, 5)
    const open = (): KeyframeCache => {
      const steps = KeyframeCache.open(session, function* (add) {
        yield
        add({ timeNs: 1, events: 1, after: 1 }, Buffer.from('image'))
      })
      for (;;) {
        const { done, value } = steps.next()
        if (done) return value
      }
    }
    open()
    const folder = path.join(dir, 'cache/vascope/keyframes')
    const made = path.join(folder, readdirSync(folder)[0]!)
    utimesSync(made, 7, 7)
    expect(open().entries.length).toBe(1)
    expect(statSync(made).mtimeMs).toBeGreaterThan(7000)
  })
})
