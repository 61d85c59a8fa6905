import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dropped } from '../../engine/session/live'
import { scenariosOf } from '../../engine/session/preflight'
import { openRecording } from '../../engine/session/recording'
import { Reason } from '../../engine/model/state'
import { scenarioStateName } from '../../engine/model/session'
import { balances } from '../../engine/stats/balance'
import { SessionReader } from '../../engine/store/reader'
import { decodeFrame } from '../../engine/wire/messages'
import { readTraced, type TracedEvent } from './events'
import { BOARD, boardUp, scratch, vascope } from './vascope'

/** All of them take about a minute on the virtual board, and several on a busy machine. */
const ALL_MS = 900_000

const files = scratch()
beforeAll(boardUp)
afterAll(() => files.remove())

/** How many checkpoints each run stated. */
function checkpointsOf(file: string): Map<number, number> {
  const counts = new Map<number, number>()
  const reader = new SessionReader(file)
  reader.frames((message) => {
    const checkpoint = decodeFrame(message)?.checkpoint
    if (checkpoint) counts.set(checkpoint.runId ?? 0, (counts.get(checkpoint.runId ?? 0) ?? 0) + 1)
  })
  reader.close()
  return counts
}

describe('the catalogue on the virtual board', () => {
  it(
    'runs whole, and the kernel holds what each scenario says',
    async () => {
      const file = files.file('all.vascope')
      const args = ['run', '--board', BOARD, '--scenario', 'all', '--seed', '1', '--out', file, '--json']
      const { stderr } = await vascope(args)
      const recording = openRecording(file)
      const { model } = recording
      const catalogue = scenariosOf(model.capabilities!)
      const able = catalogue.filter((s) => !s.destructive)
      expect(
        able.filter((s) => s.needs).map((s) => `${s.id}: ${s.needs}`),
        'the virtual board can run all'
      ).toEqual([])
      for (const { id } of catalogue.filter((s) => s.destructive)) expect(stderr).toContain(`left out ${id}`)

      const { scenarios } = model.state
      expect(scenarios.map((s) => s.id)).toEqual(able.map((s) => s.id))
      expect(scenarios.filter((s) => scenarioStateName(s.state) !== 'done').map((s) => `${s.id}: ${s.text}`)).toEqual(
        []
      )
      expect(recording.complete).toBe(true)
      expect(model.faults).toEqual([])
      expect(dropped(model)).toBe(0)

      const stated = checkpointsOf(file)
      expect(scenarios.filter((s) => !stated.get(s.runId)).map((s) => s.id)).toEqual([])
      const broken = recording.checker.page().findings.filter(({ rule }) => rule === 'E1' || rule === 'E2')
      expect(broken.map(({ rule, what }) => `${rule}: ${what}`)).toEqual([])
      expect(
        balances(model)
          .filter((b) => b.holds !== true)
          .map((b) => b.scenario)
      ).toEqual([])
    },
    ALL_MS
  )

  it('evicts what is needed, and a submit has it back', () => {
    const { events } = readTraced(files.file('all.vascope'))
    const evicted = new Set(events.filter((e) => e.kind === 'bo-evict').map((e) => e.column.bo))
    expect(evicted.size).toBeGreaterThan(0)
    // a BO's vm_bo is evicted, its page tables go for that reason, and the next submit validates it
    const vmBos = new Set(
      events.filter((e) => e.kind === 'vm-bo-create' && evicted.has(e.column.bo)).map((e) => e.column.vmBo)
    )
    const ofThem = (kind: string): TracedEvent[] => events.filter((e) => e.kind === kind && vmBos.has(e.column.vmBo))
    expect(ofThem('vm-bo-evict').filter((e) => e.column.count === 1).length).toBeGreaterThan(0)
    expect(ofThem('vm-bo-validate').map((e) => e.column.result)).toContain(0)
    expect(events.some((e) => e.kind === 'pte-unmap' && e.column.reason === Reason.evict)).toBe(true)
  })

  it('asks before it runs what may harm the board', async () => {
    const args = ['run', '--board', BOARD, '--trace', 'none', '--scenario', 'kill-with-pending-bind']
    const { code, stderr } = await vascope([...args, '--out', files.file('kill.vascope')])
    expect(stderr).toContain('kill-with-pending-bind may leave')
    expect(code).toBe(2)
  })
})
