import { describe, expect, it } from 'vitest'
import type { ScenarioRun } from '../../../engine/api'
import type { ScenarioRecord } from '../../../engine/model/entities'
import { RunQueue } from '../../../engine/session/runs'

const run = (id: string): ScenarioRun => ({ id, seed: 1, parameters: {} })
const record = (runId: number, state: number): ScenarioRecord => ({
  runId,
  id: 'a',
  seed: 1,
  state,
  started: 1,
  ended: null,
  done: 2,
  total: 4,
  text: '',
  issued: {},
  pid: 7
})

describe('the queue of runs', () => {
  it('runs one after another, and passes over those that were taken out', async () => {
    const sent: number[] = []
    const ends: (() => void)[] = []
    const queue = new RunQueue((_run, _signal, number) => {
      sent.push(number)
      return new Promise<void>((resolve) => ends.push(resolve))
    })
    for (const id of ['a', 'b', 'c']) queue.add(run(id))
    await Promise.resolve()
    expect(sent).toEqual([1])
    expect(queue.cancel(2)).toBe(true)
    expect(queue.cancel(9)).toBe(false)
    expect(queue.changes([record(1, 2)])?.map(({ state, done }) => [state, done])).toEqual([
      ['running', 2],
      ['cancelled', 0],
      ['queued', 0]
    ])
    expect(queue.changes([record(1, 2)])).toBeNull()
    ends[0]?.()
    await expect.poll(() => sent).toEqual([1, 3])
    ends[1]?.()
    await queue.settled()
  })

  it('tells the one that runs when it is cancelled', async () => {
    const signals: AbortSignal[] = []
    const queue = new RunQueue((_run, signal) => {
      signals.push(signal)
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))))
    })
    queue.add(run('a'))
    queue.add(run('b'))
    await expect.poll(() => signals.length).toBe(1)
    queue.clear()
    await queue.settled()
    expect(signals).toHaveLength(1)
    expect(queue.changes([])?.map(({ state }) => state)).toEqual(['cancelled', 'cancelled'])
  })
})
