import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { BoardRun } from '../../../engine/api'
import { runSideBySide } from '../../../engine/ci/side-by-side'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vascope-boards-'))
  vi.stubEnv('XDG_DATA_HOME', folder)
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

const RUN = { id: 'vm-bind-churn', seed: 1, parameters: {} }

function run(boards: string[], runs = [RUN]): { over: Promise<BoardRun[]>; told: BoardRun[][] } {
  const told: BoardRun[][] = []
  const signal = new AbortController().signal
  const over = runSideBySide(boards, runs, {
    ask: () => Promise.resolve(null),
    signal,
    told: (boardRuns) => told.push(boardRuns)
  })
  return { over, told }
}

describe('the same on two boards', () => {
  it('is over on each for its own reason', async () => {
    // port 1 of this machine: nobody listens there
    const { over, told } = run(['nobody@127.0.0.1:1', 'not a board'])
    const [first, second] = await over
    expect(first).toMatchObject({ over: true, file: '', problem: { code: 'connection-refused' } })
    expect(second).toMatchObject({ over: true, file: '', problem: { code: 'board-name' } })
    expect([first, second].map((board) => board?.runs.map(({ state }) => state))).toEqual([['not-run'], ['not-run']])
    expect(told.at(-1)).toEqual([first, second])
  })

  it('is refused for one board twice, and for nothing to run', async () => {
    await expect(run(['a', 'a']).over).rejects.toMatchObject({ code: 'board-twice' })
    await expect(run(['virtual', 'virtual:default:weakref']).over).rejects.toMatchObject({ code: 'board-twice' })
    await expect(run(['a', 'b'], []).over).rejects.toMatchObject({ code: 'no-scenario' })
  })
})
