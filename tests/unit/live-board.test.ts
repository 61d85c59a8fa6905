import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LIVE_BOARD, liveBoard } from '../../bench/live-board'
import { dropped, LiveSession } from '../../engine/session/live'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-live-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

describe('the board that is none', () => {
  it('is met over SSH as any other, and every event of it arrives', async () => {
    const board = await liveBoard({ events: 20_000, rate: 100_000, dir })
    for (const [name, value] of Object.entries(board.env)) vi.stubEnv(name, value)
    const session = await LiveSession.start({
      board: LIVE_BOARD,
      file: null,
      title: 'synthetic',
      command: '',
      ask: () => Promise.resolve(null),
      progress: () => {},
      signal: new AbortController().signal
    })
    await session.trace()
    await session.news(1e6)
    expect(session.latency.waiting).toBe(true)
    await board.sent
    await session.stop()
    await board.stop()
    const { model } = session
    expect(model.faults).toEqual([])
    expect(await session.ended).toBeNull()
    expect([model.events, dropped(model), model.gaps]).toEqual([board.events, 0, 0])
    expect(model.state.mappings.length).toBe(board.lifetimes)
    // a kernel that does what it is asked to
    expect(session.checker.page().counts.violation).toBe(0)
  })
})
