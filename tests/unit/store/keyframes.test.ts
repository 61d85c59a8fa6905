import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { generate, originNs, Workload, type Truth } from '../../../bench/generate'
import { encodeImage } from '../../../engine/model/image'
import * as tables from '../../../engine/model/image-tables'
import { imageTable } from '../../../engine/model/restore'
import { SessionModel } from '../../../engine/model/session'
import { Moments } from '../../../engine/session/moment'
import { Recorder } from '../../../engine/session/recorder'
import { crc32 } from '../../../engine/store/format'
import { SessionReader } from '../../../engine/store/reader'
import { SessionWriter } from '../../../engine/store/writer'
import type { TableSpec } from '../../../engine/wire/table'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a busy machine writes slowly

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/sessions')
let dir: string
let truth: Truth

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-keyframes-'))
  vi.stubEnv('XDG_CACHE_HOME', path.join(dir, 'cache'))
  truth = record('generated', (send) => new Workload(send, { events: 16_000, seed: 3, rate: 5000 }).run(), 2000)
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

const file = (name: string): string => path.join(dir, `${name}.vascope`)

/** Writes a session as it is recorded, with a keyframe after so many events, or with none. */
function record<T>(name: string, run: (send: (frame: Uint8Array) => void) => T, every: number): T {
  const model = new SessionModel()
  const writer = new SessionWriter(file(name), { title: name, board: 'none' })
  const recorder = new Recorder(writer, model, every)
  let frames = 0
  const result = run((frame) => {
    model.take(frame)
    recorder.frame(frame)
    if (++frames % 3 === 0) writer.flush()
  })
  writer.close(true)
  return result
}

/** All that a model says of its objects: the rows of each table, and a sum of each column. */
function objects(model: SessionModel): Record<string, number> {
  const image = encodeImage(model)
  const { TABLE, VM, VM_FILE, BO, HANDLE, VM_BO, VA, REQUEST, SPAN, FB, FB_PLANE, GONE, COUNT, ROW } = tables
  const specs: Record<keyof typeof TABLE, TableSpec> = {
    ...{ vms: VM, vmFiles: VM_FILE, bos: BO, handles: HANDLE, vmBos: VM_BO, vas: VA, requests: REQUEST },
    ...{ spans: SPAN, fbs: FB, fbPlanes: FB_PLANE, gone: GONE, goneBos: GONE, counts: COUNT, rows: ROW }
  }
  const sums: Record<string, number> = {}
  for (const [name, spec] of Object.entries(specs)) {
    const { count, columns } = imageTable(image, TABLE[name as keyof typeof TABLE], spec)
    sums[name] = count
    for (const [column, values] of Object.entries(columns))
      sums[`${name}.${column}`] = crc32(Buffer.from(values.buffer))
  }
  return sums
}

/** What all frames of a file up to a time say, without any keyframe. */
function replayed(name: string, until: number): SessionModel {
  const reader = new SessionReader(name)
  const model = new SessionModel()
  model.until = until
  reader.frames((frame) => void model.take(frame))
  model.settle()
  reader.close()
  return model
}

describe('the state at a time', () => {
  it('is the one that the workload knows', () => {
    const reader = new SessionReader(file('generated'))
    expect(reader.index().keyframes.length).toBeGreaterThan(5)
    const moments = new Moments(reader)
    for (const { ns, live, livePages } of truth.samples) {
      const { state } = moments.at((ns - originNs) / 1e9)
      expect([state.mappings.live.size, state.liveBytes]).toEqual([live, livePages * 4096])
    }
    expect(moments.lost).toBe(0)
    reader.close()
  })

  it('is the same from a keyframe and from the beginning', () => {
    const reader = new SessionReader(file('generated'))
    const moments = new Moments(reader)
    for (const time of [-1, 0.2, 1.11, 1.112, 2.9, 99])
      expect(objects(moments.at(time))).toEqual(objects(replayed(file('generated'), time)))
    reader.close()
  })

  it.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.vascope')))('holds for all of %s', (name) => {
    const from = new SessionReader(path.join(FIXTURES, name))
    record(name, (send) => from.frames(send), 10)
    from.close()
    const reader = new SessionReader(file(name))
    expect(reader.index().keyframes.length).toBeGreaterThan(0)
    const moments = new Moments(reader)
    const end = replayed(file(name), Infinity).end
    for (let i = 0; i <= 5; i++)
      expect(objects(moments.at((end * i) / 5))).toEqual(objects(replayed(file(name), (end * i) / 5)))
    reader.close()
  })

  it('loses nothing with its keyframes', () => {
    const bytes = readFileSync(file('generated'))
    const sound = new SessionReader(file('generated'))
    const expected = objects(new Moments(sound).at(2))
    const { keyframes } = sound.index()
    sound.close()
    for (const { offset } of keyframes) bytes[offset + 40]! ^= 0x11
    writeFileSync(file('harmed'), bytes)
    const reader = new SessionReader(file('harmed'))
    const moments = new Moments(reader)
    expect(objects(moments.at(2))).toEqual(expected)
    reader.scan()
    expect([moments.lost, reader.lost().events, reader.damage.length]).toEqual([0, 0, keyframes.length])
    reader.close()
  })

  it('is found without the index too', () => {
    const bytes = readFileSync(file('generated'))
    writeFileSync(file('cut'), bytes.subarray(0, bytes.lastIndexOf('VCHK') - 100))
    const [whole, cut] = [new SessionReader(file('generated')), new SessionReader(file('cut'))]
    expect([cut.indexed, cut.index().keyframes]).toEqual([false, whole.index().keyframes])
    whole.close()
    cut.close()
  })

  it('gets its keyframes where a long file has none, once', () => {
    generate(file('plain'), { events: 40_000, seed: 4, rate: 12_000, recorded: false })
    const reader = new SessionReader(file('plain'))
    let steps = 0
    const making = new Moments(reader, 5000).steps(2.9)
    while (!making.next().done) steps++
    // others have their turn behind each chunk that is read for them, which are all of the file's
    expect(steps).toBeGreaterThan(reader.index().chunks.length)
    const first = objects(new Moments(reader, 5000).at(2.9))
    expect(first).toEqual(objects(replayed(file('plain'), 2.9)))
    const [cache] = readdirSync(path.join(dir, 'cache/vascope/keyframes'))
    expect(cache).toMatch(/\.keyframes$/)
    const again = new Moments(reader, 5000)
    expect(objects(again.at(2.9))).toEqual(first)
    // one that is damaged is made again
    const name = path.join(dir, 'cache/vascope/keyframes', cache!)
    const bytes = readFileSync(name)
    bytes[100]! ^= 1
    writeFileSync(name, bytes)
    expect(objects(new Moments(reader, 5000).at(2.9))).toEqual(first)
    reader.close()
  })

  it('needs no cache', () => {
    generate(file('uncached'), { events: 12_000, seed: 8, rate: 4000, recorded: false })
    vi.stubEnv('XDG_CACHE_HOME', '/dev/null')
    const reader = new SessionReader(file('uncached'))
    expect(objects(new Moments(reader, 5000).at(2.9))).toEqual(objects(replayed(file('uncached'), 2.9)))
    reader.close()
    vi.stubEnv('XDG_CACHE_HOME', path.join(dir, 'cache'))
  })

  it('does not depend on what stands far behind it, also where the file ends with chunks without events', () => {
    const bytes = readFileSync(path.join(FIXTURES, 'killed-vm-bind.vascope'))
    const sound = new SessionReader(path.join(FIXTURES, 'killed-vm-bind.vascope'))
    const { chunks } = sound.index()
    sound.close()
    expect(chunks.at(-1)!.events).toBe(0)
    bytes[chunks.findLast(({ events }) => events > 0)!.offset + 60]! ^= 1
    writeFileSync(file('later'), bytes)
    const reader = new SessionReader(file('later'))
    const moments = new Moments(reader)
    moments.at(0)
    expect(moments.lost).toBe(0)
    moments.at(Infinity)
    expect(moments.lost).toBeGreaterThan(0)
    reader.close()
  })
})
