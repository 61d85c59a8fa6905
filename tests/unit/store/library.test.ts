import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Workload } from '../../../bench/generate'
import { listSessions, sessionsDir } from '../../../engine/session/library'
import { openRecording } from '../../../engine/session/recording'
import { CHUNK_HEAD_BYTES } from '../../../engine/store/format'
import { SessionReader } from '../../../engine/store/reader'
import { repair } from '../../../engine/store/repair'
import { SessionWriter } from '../../../engine/store/writer'

vi.setConfig({ testTimeout: 60_000 }) // a busy machine writes slowly

let dir: string

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-library-'))
  vi.stubEnv('XDG_DATA_HOME', dir)
  mkdirSync(sessionsDir(), { recursive: true })
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

/** A session of some seconds; without `end` its recorder crashed. */
function record(name: string, end = true, events = 5000): { file: string; events: number } {
  const file = path.join(sessionsDir(), name)
  const writer = new SessionWriter(file, {
    title: name,
    board: 'virtual',
    startedRealtimeNs: 1_790_000_000_000_000_000
  })
  const truth = new Workload((frame) => (writer.frame(frame), writer.flush()), { events, rate: 4000 }).run()
  if (end) writer.close(true)
  return { file, events: truth.events }
}

describe('the list of sessions', () => {
  it('is made from heads and indexes, not from frames', () => {
    const { file, events } = record('a.vascope')
    const { model } = openRecording(file)
    const reader = new SessionReader(file)
    const bytes = readFileSync(file)
    for (const { offset } of reader.index().chunks) bytes[offset + CHUNK_HEAD_BYTES]! ^= 1
    reader.close()
    writeFileSync(file, bytes)
    expect(listSessions()).toMatchObject([
      { file, title: 'a.vascope', board: 'virtual', kernel: model.capabilities!.kernelRelease, events, started: 1.79e9 }
    ])
    expect(listSessions()[0]!.seconds).toBeCloseTo(model.end, 3)
  })

  it('has those whose recorder crashed, and leaves out what is no session', () => {
    const { file, events } = record('b.vascope', false)
    writeFileSync(path.join(sessionsDir(), 'c.vascope'), 'no session')
    expect(listSessions()).toMatchObject([{ file, events }])
  })

  it('reads no more than the two ends of a large file without an index', () => {
    const { file, events } = record('d.vascope', false, 400_000)
    const reader = new SessionReader(file)
    expect(reader.bytes).toBeGreaterThan(3 << 20)
    const whole = vi.spyOn(reader, 'scan')
    expect(reader.glance()).toMatchObject({ events })
    expect(whole).not.toHaveBeenCalled()
    reader.close()
  })
})

describe('a recording whose recorder crashed', () => {
  it('has everything up to the last flush, and an index after its repair', () => {
    const { file, events } = record('e.vascope', false)
    const { model, damage } = openRecording(file)
    expect([model.events, damage]).toEqual([events, []])
    utimesSync(file, 1e9, 1e9) // it was a while ago
    expect(repair(file)).toMatchObject({ done: 'index', events, lost: { events: 0 } })
    const reader = new SessionReader(file)
    expect([reader.indexed, reader.index().events]).toEqual([true, events])
    reader.close()
  })
})
