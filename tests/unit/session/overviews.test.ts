import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { generate } from '../../../bench/generate'
import { BIN } from '../../../engine/model/rates'
import { SessionModel } from '../../../engine/model/session'
import { chartsOf } from '../../../engine/query/charts'
import { Moments } from '../../../engine/session/moment'
import { OverviewSet } from '../../../engine/session/overviews'
import { Recorder } from '../../../engine/session/recorder'
import { SessionReader } from '../../../engine/store/reader'
import { SessionWriter } from '../../../engine/store/writer'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a busy machine reads slowly

let dir: string
const file = (name: string): string => path.join(dir, `${name}.vascope`)

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-overviews-'))
  vi.stubEnv('XDG_CACHE_HOME', path.join(dir, 'cache'))
  // a stretch of 65 536 events lasts longer than what is never forgotten
  generate(file('slow'), { events: 200_000, rate: 3000, vms: 2, seed: 3, recorded: false })
  generate(file('sound'), { events: 200_000, seed: 4 })
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

function finished<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

function read<T>(name: string, use: (set: OverviewSet, ending: SessionModel, reader: SessionReader) => T): T {
  const reader = new SessionReader(file(name))
  try {
    const moments = new Moments(reader)
    const ending = moments.at(moments.end)
    return use(finished(OverviewSet.load(reader, moments, ending)), ending, reader)
  } finally {
    reader.close()
  }
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((all, n) => all + n, 0)

/** The same counted in two ways: mappings from the rows that the model has, inserts and removes from its rates. */
function counted(set: OverviewSet): { cells: number[][]; charts: number[][] } {
  let live = 0
  const rows = set.within(0, Infinity).map((overview) => {
    const { vmStarts, vmEnds } = set.cells(overview)!
    const { maps, unmaps } = overview.charts
    const before = live
    live += sum(maps) - sum(unmaps)
    return {
      cells: [sum(overview.vms.live), sum(vmStarts), sum(vmEnds)],
      charts: [before, sum(maps), sum(unmaps)]
    }
  })
  return { cells: rows.map(({ cells }) => cells), charts: rows.map(({ charts }) => charts) }
}

describe('overviews of a session of few events a second', () => {
  it('count all that a file without them had, whatever was forgotten meanwhile', () => {
    read('slow', (set) => {
      const { cells, charts } = counted(set)
      expect(cells.length).toBeGreaterThan(1)
      expect(cells).toEqual(charts)
    })
  })

  it('count all while it is recorded, whatever was forgotten meanwhile', () => {
    const from = new SessionReader(file('slow'))
    const writer = new SessionWriter(file('recorded'), from.head)
    const model = new SessionModel()
    const recorder = new Recorder(writer, model, 8192, 4096)
    from.frames((frame) => {
      model.take(frame)
      recorder.frame(frame)
    })
    recorder.finish()
    writer.close(true)
    from.close()
    const { mappings, vms } = model.state
    expect(mappings.length - mappings.free.length).toBeLessThan(sum([...vms.values()].map(({ inserted }) => inserted)))
    read('recorded', (set, _, reader) => {
      expect(reader.index().overviews).toHaveLength(set.within(0, Infinity).length)
      const { cells, charts } = counted(set)
      expect(cells.length).toBeGreaterThan(1)
      expect(cells).toEqual(charts)
    })
  })
})

describe('overviews of a damaged session', () => {
  it.each([
    ['in its midst', 0.5],
    ['at its end', 1]
  ])('leave no time out, lost with its events %s', (name, share) => {
    const sound = new SessionReader(file('sound'))
    const { overviews, chunks } = sound.index()
    sound.close()
    const overview = overviews[Math.ceil(overviews.length * share) - 1]!
    const middle = (overview.fromNs + overview.toNs) / 2
    // the overview, and all events of its second half and of what stands behind it
    const lost = chunks.filter(({ events, lastNs }) => events > 0 && lastNs > middle)
    const bytes = readFileSync(file('sound'))
    for (const { offset } of [overview, ...lost]) bytes[offset + 40]! ^= 0xff
    writeFileSync(file(name), bytes)
    read(name, (set, ending) => {
      let reached = 0
      for (const { from, to } of set.within(0, Infinity)) {
        expect(from).toBeCloseTo(reached, 6)
        reached = to
      }
      expect(reached).toBeGreaterThanOrEqual(ending.end)
    })
  })
})

describe('the model of a stretch of time', () => {
  it('has rates of that time alone, which say what those of the whole do', () => {
    const reader = new SessionReader(file('slow'))
    const whole = new SessionModel()
    reader.frames((frame) => void whole.take(frame))
    // with keyframes
    const part = finished(new Moments(reader, 5000).stretch(45, 50))
    reader.close()
    expect(part.state.rates.first * BIN).toBeGreaterThan(15)
    const request = { from: 45, to: 50, width: 800, cursor: null }
    expect(chartsOf(part, request)).toEqual(chartsOf(whole, request))
  })
})
