import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { generate } from '../../../bench/generate'
import { Source } from '../../../engine/export/source'
import { Moments } from '../../../engine/session/moment'
import { CHUNK_HEAD_BYTES } from '../../../engine/store/format'
import { eventContext, EventStream, type EventFilter } from '../../../engine/store/events'
import { SessionReader } from '../../../engine/store/reader'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a busy machine writes slowly

let dir: string
let harmed: string
/** Events that are lost, and the seconds between which they were. */
let lost: { events: number; from: number; to: number }

// a chunk and its summary are damaged, and the ending is cut: only the number of events before the next chunk tells of them
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-gaps-'))
  vi.stubEnv('XDG_CACHE_HOME', path.join(dir, 'cache'))
  harmed = path.join(dir, 'harmed.vascope')
  generate(harmed, { events: 120_000, seed: 6, rate: 40_000, recorded: false })
  const reader = new SessionReader(harmed)
  const { chunks } = reader.index()
  const context = eventContext(reader)
  reader.close()
  const i = chunks.findIndex(({ events }, n) => events > 0 && n > chunks.length / 2)
  const [before, gone, behind] = chunks.slice(i - 1) as [(typeof chunks)[0], (typeof chunks)[0], (typeof chunks)[0]]
  const bytes = readFileSync(harmed)
  bytes[gone.offset + CHUNK_HEAD_BYTES + 5]! ^= 1
  bytes[gone.offset + 2 * CHUNK_HEAD_BYTES + gone.length + 5]! ^= 1
  const last = chunks.at(-1)!
  const summary = last.offset + CHUNK_HEAD_BYTES + last.length
  writeFileSync(harmed, bytes.subarray(0, summary + CHUNK_HEAD_BYTES + bytes.readUInt32LE(summary + 8)))
  const seconds = (ns: number): number => (ns - Number(context.origin)) / 1e9
  lost = { events: gone.events, from: seconds(before.lastNs), to: seconds(behind.firstNs) }
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

function reading<T>(use: (reader: SessionReader) => T): T {
  const reader = new SessionReader(harmed)
  try {
    return use(reader)
  } finally {
    reader.close()
  }
}

it('events that no summary tells of are lost to the whole pass', () => {
  expect(lost.events).toBeGreaterThan(0)
  const events = reading((reader) => (reader.frames(() => undefined), reader.lost().events))
  expect(events).toBe(lost.events)
})

it.each([1 << 30, 1000])('they are lost to a state behind them and to none before, keyframes after %d', (limit) => {
  const at = (time: number): number =>
    reading((reader) => {
      const moments = new Moments(reader, limit)
      moments.at(time)
      return moments.lost
    })
  expect([at(Infinity), at(lost.to + 0.01), at(lost.from - 0.1)]).toEqual([lost.events, lost.events, 0])
})

it('they are lost to the events of their time, and to no others', () => {
  const missing = (filter: EventFilter): number =>
    reading((reader) => {
      const stream = new EventStream(reader, eventContext(reader), filter)
      for (const rows of stream.rows()) expect(rows.count).toBeGreaterThan(0)
      return stream.lost
    })
  expect([missing({}), missing({ to: lost.from - 0.1 }), missing({ from: lost.to + 0.1 })]).toEqual([lost.events, 0, 0])
})

it('they are lost to an export', () => {
  const source = new Source(harmed)
  const told: unknown[] = []
  const steps = [
    ...source.chunks(
      () => undefined,
      (events, from, to) => told.push({ events, from, to })
    )
  ]
  source.close()
  expect(steps.length).toBeGreaterThan(2)
  expect(told).toEqual([lost])
})
