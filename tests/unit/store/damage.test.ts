import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Workload, type Truth } from '../../../bench/generate'
import { Random } from '../../../bench/random'
import { VascopeError } from '../../../engine/problem'
import { SessionModel } from '../../../engine/model/session'
import { openRecording } from '../../../engine/session/recording'
import { Recorder } from '../../../engine/session/recorder'
import { CHUNK_HEAD_BYTES } from '../../../engine/store/format'
import type { Lost } from '../../../engine/store/loss'
import { SessionReader } from '../../../engine/store/reader'
import { repair } from '../../../engine/store/repair'
import { SessionWriter } from '../../../engine/store/writer'
import { FrameFacts, seqOf } from '../../../engine/wire/describe'
import { eventsOf } from '../../../engine/wire/messages'

vi.setConfig({ testTimeout: 60_000 }) // a busy machine writes slowly

const FIXTURE = path.resolve(import.meta.dirname, '../../fixtures/sessions/format-1.0.vascope')
const ITERATIONS = 200

interface Original {
  bytes: Buffer
  /** Batches by seq: their frame and events. */
  batches: Map<number, { frame: Buffer; events: number }>
  /** Bytes of each frames chunk, and the batches in it. */
  chunks: { from: number; to: number; seqs: number[] }[]
  events: number
}

let dir: string
let generated: Original
let truth: Truth
const file = (): string => path.join(dir, 's.vascope')

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-damage-'))
  const name = path.join(dir, 'generated.vascope')
  const writer = new SessionWriter(name, { title: 'generated', board: 'none', program: 'test' })
  let frames = 0
  const model = new SessionModel()
  const recorder = new Recorder(writer, model, 1000)
  const workload = new Workload(
    (frame) => {
      model.take(frame)
      recorder.frame(frame)
      if (++frames % 3 === 0) writer.flush()
    },
    { events: 8000, seed: 5, rate: 4000 }
  )
  truth = workload.run()
  writer.close(true)
  generated = original(name)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Reads an undamaged file as the truth about it. */
function original(name: string): Original {
  const reader = new SessionReader(name)
  const all: Original = { bytes: readFileSync(name), batches: new Map(), chunks: [], events: 0 }
  for (const entry of reader.index().chunks) {
    const seqs: number[] = []
    reader.framesOf(entry, (frame) => {
      if (!eventsOf(frame)) return
      const facts = new FrameFacts()
      facts.add(frame)
      seqs.push(seqOf(frame))
      all.batches.set(seqOf(frame), { frame: Buffer.from(frame), events: facts.events })
      all.events += facts.events
    })
    all.chunks.push({ from: entry.offset, to: entry.offset + CHUNK_HEAD_BYTES + entry.length, seqs })
  }
  reader.close()
  return all
}

interface Harm {
  bytes: Buffer
  /** Lengths that are left. */
  cut: number
  /** Bytes that are not what they were. */
  touched: Set<number>
}

function harm(bytes: Buffer, random: Random): Harm {
  const how = random.below(4)
  const cut = how === 0 || how === 3 ? random.below(bytes.length + 1) : bytes.length
  const harmed = Buffer.from(bytes.subarray(0, cut))
  const touched = new Set<number>()
  const flips = how === 0 || cut === 0 ? 0 : 1 + random.below(how === 2 ? 40 : 3)
  const burst = how === 2 ? random.below(cut) : -1 // a run of them, as of a bad sector
  for (let i = 0; i < flips; i++) {
    const at = burst >= 0 ? Math.min(cut - 1, burst + i) : random.below(cut)
    harmed[at]! ^= 1 + random.below(255)
    if (harmed[at] !== bytes[at]) touched.add(at)
    else touched.delete(at)
  }
  return { bytes: harmed, cut, touched }
}

/** Reads a harmed file and checks all that can be known of it; null where it may be refused. */
function check(from: Original, { bytes, cut, touched }: Harm): Lost | null {
  writeFileSync(file(), bytes)
  const intact = from.chunks.filter((c) => c.to <= cut && ![...touched].some((at) => at >= c.from && at < c.to))
  let reader: SessionReader
  try {
    reader = new SessionReader(file())
  } catch (error) {
    if (!(error instanceof VascopeError)) throw error
    expect(error.exit).toBe(4)
    expect(intact).toEqual([]) // what can be read is never refused
    return null
  }
  const read = new Set<number>()
  const wrong: number[] = []
  let events = 0
  reader.frames((frame) => {
    if (!eventsOf(frame)) return
    const facts = new FrameFacts()
    facts.add(frame)
    if (facts.events === 0) return // announcements that are said again
    const seq = seqOf(frame)
    if (!from.batches.get(seq)?.frame.equals(frame)) wrong.push(seq)
    read.add(seq)
    events += facts.events
  })
  expect(wrong).toEqual([])
  expect(intact.flatMap(({ seqs }) => seqs.filter((seq) => !read.has(seq)))).toEqual([])
  const lost = reader.lost()
  reader.close()
  if (lost.exact) expect(lost.events).toBe(from.events - events)
  else expect(lost.events).toBeLessThanOrEqual(from.events - events)
  expect(lost.events).toBeGreaterThanOrEqual(0)
  if (lost.events > 0) expect(lost.spans.length).toBeGreaterThan(0)
  return lost
}

describe('a damaged session file', () => {
  it('gives all that is intact, nothing that is wrong, and says what is lost', () => {
    const random = new Random(20261122)
    let [exact, refused] = [0, 0]
    for (let i = 0; i < ITERATIONS; i++) {
      const harmed = harm(generated.bytes, random)
      const lost = check(generated, harmed)
      if (!lost) refused++
      else if (lost.exact) exact++
      // without a cut the sum is known, whatever byte it was
      if (lost && harmed.cut === generated.bytes.length && harmed.touched.size <= 3) expect(lost.exact).toBe(true)
    }
    expect(exact).toBeGreaterThan(ITERATIONS / 2)
    expect(refused).toBeLessThan(ITERATIONS / 20)
  })

  it('is repaired without losing anything that could be read', () => {
    const random = new Random(7)
    let appended = 0
    for (let i = 0; i < 60; i++) {
      const harmed = harm(generated.bytes, random)
      const before = check(generated, harmed)
      if (!before) continue
      utimesSync(file(), 1e9, 1e9) // nobody records it
      const { done } = repair(file())
      expect(readFileSync(file()).subarray(0, harmed.bytes.length).equals(harmed.bytes)).toBe(true)
      if (done === 'index') appended++
      const reader = new SessionReader(file())
      expect(reader.indexed).toBe(true)
      reader.frames(() => undefined)
      expect(reader.lost()).toEqual(before)
      reader.close()
      const copy = path.join(dir, 'copy.vascope')
      repair(file(), copy)
      const clean = new SessionReader(copy)
      clean.frames(() => undefined)
      expect([clean.indexed, clean.damage, clean.lost().events]).toEqual([true, [], before.events])
      clean.close()
      rmSync(copy)
    }
    expect(appended).toBeGreaterThan(10)
  })

  it('opens as a recording or says why it cannot', () => {
    const random = new Random(3)
    for (let i = 0; i < 30; i++) {
      writeFileSync(file(), harm(generated.bytes, random).bytes)
      try {
        expect(openRecording(file()).model.faults).toEqual([])
      } catch (error) {
        expect(error).toBeInstanceOf(VascopeError)
        expect((error as VascopeError).exit).toBe(4)
      }
    }
  })

  /** The file with one byte of its n-th chunk's payload flipped. */
  function flipped(chunk: number, from = generated): Harm {
    const at = from.chunks[chunk]!.from + CHUNK_HEAD_BYTES + 5
    const bytes = Buffer.from(from.bytes)
    bytes[at]! ^= 0x20
    return { bytes, cut: bytes.length, touched: new Set([at]) }
  }

  it('keeps what tasks and names are called, also those that the damaged chunk announced', () => {
    const announcing = generated.chunks.flatMap(({ seqs }, i) => (seqs.length > 0 && seqs[0]! <= 4 ? [i] : []))
    expect(announcing.length).toBeGreaterThan(0)
    for (const chunk of announcing)
      for (const cutToo of [false, true]) {
        const { bytes } = flipped(chunk)
        writeFileSync(file(), cutToo ? bytes.subarray(0, bytes.length - 20) : bytes)
        const { state } = openRecording(file()).model
        expect(Object.fromEntries([...state.tasks].map(([id, task]) => [id, task.comm]))).toEqual(truth.tasks)
        expect(Object.fromEntries(state.names)).toEqual(truth.names)
      }
  })

  it('mends the type of a chunk, whatever it became', () => {
    const marks = [...generated.bytes.toString('latin1').matchAll(/VCHK/g)].map((m) => m.index)
    const random = new Random(1)
    for (const mark of marks) {
      const bytes = Buffer.from(generated.bytes)
      bytes[mark + 4]! = (bytes[mark + 4]! % 7) + 1
      if (random.below(4) === 0) bytes[mark + 4]! = 200
      expect(check(generated, { bytes, cut: bytes.length, touched: new Set() })).toMatchObject({
        events: 0,
        exact: true
      })
    }
    expect(marks.length).toBeGreaterThan(2 * generated.chunks.length)
  })

  it('counts a chunk whose summary is lost as well, without an index', () => {
    const [chunk, next] = [generated.chunks[5]!, generated.chunks[6]!]
    const events = chunk.seqs.reduce((n, seq) => n + generated.batches.get(seq)!.events, 0)
    const bytes = Buffer.from(generated.bytes.subarray(0, generated.bytes.lastIndexOf('VCHK') - 20))
    bytes.fill(0, chunk.from + 100, next.from - 5)
    const touched = new Set(Array.from({ length: next.from - chunk.from - 105 }, (_, i) => chunk.from + 100 + i))
    expect(check(generated, { bytes, cut: bytes.length, touched })).toMatchObject({ events, exact: true })
  })

  it('keeps the description of its events when the chunk that has it is damaged', () => {
    const lost = check(generated, flipped(0))
    expect(lost).toMatchObject({ events: 0, exact: true })
    expect(openRecording(file()).model.events).toBe(truth.events)
  })

  it('keeps its title when its head is damaged, and the magic before it', () => {
    const bytes = Buffer.from(generated.bytes)
    for (const at of [2, 8, 12, 40]) bytes[at]! ^= 0xff
    writeFileSync(file(), bytes)
    const { head, model, damage } = openRecording(file())
    expect([head.title, model.events, damage.length]).toEqual(['generated', truth.events, 2])
  })

  it('tells how many events are lost and when', () => {
    const chunk = generated.chunks[5]!
    const events = chunk.seqs.reduce((n, seq) => n + generated.batches.get(seq)!.events, 0)
    const lost = check(generated, flipped(5))!
    expect(lost).toMatchObject({ events, exact: true, spans: [{ events }] })
    expect(lost.seconds).toBeGreaterThan(0)
    expect(lost.seconds).toBeLessThan(0.5)
  })
})

describe('a file of each format that was written', () => {
  const folder = path.dirname(FIXTURE)

  it.each(readdirSync(folder).filter((name) => name.startsWith('format-')))('%s is read whole', (name) => {
    const bytes = readFileSync(path.join(folder, name))
    expect(name).toBe(`format-${bytes.readUInt32LE(8)}.${bytes.readUInt32LE(12)}.vascope`)
    const { model, complete, damage, lost } = openRecording(path.join(folder, name))
    expect([model.events > 0, model.faults, complete, damage]).toEqual([true, [], true, []])
    expect(lost).toEqual({ events: 0, exact: true, seconds: 0, spans: [] })
  })
})

describe('a file of format 1.0', () => {
  it('has all of its events', () => {
    const { model, head } = openRecording(FIXTURE)
    expect([model.events, head.title]).toEqual([1794, 'vm-bind-churn'])
  })

  it('is read around damage, and says what is lost', () => {
    const from = original(FIXTURE)
    expect(from.events).toBe(1794)
    const random = new Random(11)
    for (let i = 0; i < ITERATIONS; i++) check(from, harm(from.bytes, random))
  })

  it('gets an index of today', () => {
    writeFileSync(file(), readFileSync(FIXTURE))
    utimesSync(file(), 1e9, 1e9) // nobody records it
    expect(repair(file())).toMatchObject({ done: 'index', events: 1794, lost: { events: 0, exact: true } })
    expect(repair(file())).toMatchObject({ done: 'nothing' })
    const reader = new SessionReader(file())
    expect([reader.indexed, reader.index().events]).toEqual([true, 1794])
    expect(reader.index().chunks.reduce((n, { counts }) => n + (counts?.get(5) ?? 0), 0)).toBe(252)
    reader.close()
  })
})
