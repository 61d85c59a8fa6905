import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Workload, type Truth } from '../../../bench/generate'
import { EventText } from '../../../cli/event-text'
import { moment } from '../../../cli/options'
import { CHUNK_HEAD_BYTES } from '../../../engine/store/format'
import { eventContext, EventStream, type EventFilter } from '../../../engine/store/events'
import { SessionReader } from '../../../engine/store/reader'
import { SessionWriter } from '../../../engine/store/writer'
import { EventBatch, Frame } from '../../../engine/wire/messages'
import { Field, Kind } from '../../../engine/wire/schema'
import { frame, insert, ORIGIN } from '../stream'

vi.setConfig({ testTimeout: 60_000 }) // a busy machine writes slowly

let dir: string
let truth: Truth
const file = (): string => path.join(dir, 's.vascope')

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-events-'))
  const writer = new SessionWriter(file(), { title: 'generated' })
  let frames = 0
  truth = new Workload(
    (message) => {
      writer.frame(message)
      if (++frames % 2 === 0) writer.flush() // batches that overlap in time are in different chunks
    },
    { events: 20_000, seed: 9, rate: 10_000 }
  ).run()
  writer.close(true)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

interface Found {
  events: { time: number; kind: number; line: string }[]
  lost: number
}

function find(filter: EventFilter, name = file()): Found {
  const reader = new SessionReader(name)
  const context = eventContext(reader)
  const text = new EventText(context, reader.index())
  const stream = new EventStream(reader, context, filter)
  const events: Found['events'] = []
  for (const { count, time, kind, at, values } of stream.rows())
    for (let i = 0; i < count; i++)
      events.push({ time: time[i]!, kind: kind[i]!, line: text.json(time[i]!, kind[i]!, values, at[i]!) })
  reader.close()
  return { events, lost: stream.lost }
}

describe('the events of a file', () => {
  it('are all there, in order of time, though their batches overlap', () => {
    const { events, lost } = find({})
    expect([events.length, lost]).toEqual([truth.events, 0])
    expect(events.every(({ time }, i) => i === 0 || time >= events[i - 1]!.time)).toBe(true)
    const counts: Record<number, number> = {}
    for (const { kind } of events) counts[kind] = (counts[kind] ?? 0) + 1
    expect(counts).toEqual(truth.counts)
  })

  it('are those that were asked for', () => {
    const all = find({}).events
    const kinds = new Set([Kind.VaInsert, Kind.VaRemove])
    const [from, to] = [0.4, 1.1]
    const chosen = find({ kinds, from, to }).events
    expect(chosen).toEqual(all.filter((e) => kinds.has(e.kind as never) && e.time >= from && e.time <= to))
    expect(chosen.length).toBeGreaterThan(100)
    const ofVm = find({ kinds: new Set([Kind.VaInsert]), where: new Map([[Field.vm, 3]]) }).events
    expect(ofVm).toHaveLength(truth.vms.find(({ id }) => id === 3)!.inserts)
    expect(ofVm.every(({ line }) => line.includes('"vm":3,'))).toBe(true)
  })

  it('are found without the chunks that cannot have them', () => {
    const reader = new SessionReader(file())
    const { chunks } = reader.index()
    reader.close()
    const bytes = readFileSync(file())
    for (const { offset, lastNs } of chunks.slice(2))
      if (lastNs < chunks.at(-1)!.lastNs - 1e9) bytes[offset + CHUNK_HEAD_BYTES]! ^= 1
    const damaged = path.join(dir, 'damaged.vascope')
    writeFileSync(damaged, bytes)
    const from = (chunks.at(-1)!.lastNs - ORIGIN) / 1e9 - 0.3
    expect(find({ from }, damaged)).toEqual(find({ from }))
    expect(find({}, damaged).lost).toBeGreaterThan(0)
  })

  it('of an unknown kind are shown by the name of the schema, or by their number', () => {
    const name = path.join(dir, 'future.vascope')
    const writer = new SessionWriter(name, {})
    writer.frame(frame.hello())
    const { capabilities } = Frame.decode(frame.capabilities())
    capabilities!.schema!.push({ kind: 900 as never, name: 'va-teleport', columns: [Field.vm, 99 as never] })
    writer.frame(Frame.encode({ capabilities }).finish())
    const batch = { seq: 1, baseNs: ORIGIN, kind: [900, 901], time: [0, 5], vm: [7] }
    writer.frame(Frame.encode({ events: EventBatch.create(batch) }).finish())
    writer.close(true)
    expect(find({}, name).events.map(({ line }) => JSON.parse(line) as unknown)).toEqual([
      { time: 0, kind: 'va-teleport', vm: 7 },
      { time: 5e-9, kind: 'kind-901' }
    ])
  })

  it('read well: addresses, sizes and names, and numbers where a name is lost', () => {
    const name = path.join(dir, 'text.vascope')
    const writer = new SessionWriter(name, {})
    writer.frame(frame.hello())
    writer.frame(frame.capabilities())
    const tasks = [{ id: 1, pid: 40, tid: 41, comm: 'glmark2' }]
    writer.frame(frame.events(1, [insert(1.5, 7, 0x100021, 16, 3), { ...insert(2, 8, 1, 1), task: 12 }], { tasks }))
    writer.close(true)
    const reader = new SessionReader(name)
    const context = eventContext(reader)
    const text = new EventText(context, reader.index())
    const lines = [...new EventStream(reader, context, {}).rows()].flatMap(({ count, time, kind, at, values }) =>
      Array.from({ length: count }, (_, i) =>
        text.line(time[i]!, kind[i]!, values, at[i]!).replace(/(?<=insert) +/, '  ')
      )
    )
    reader.close()
    expect(lines).toEqual([
      ' 0:00.001500  va-insert  glmark2/41  VM 1  VA 7  BO 3  iova 0x1_0002_1000  range 64 KiB  offset 0x0  flags 0x0',
      ' 0:00.002000  va-insert  task 12  VM 1  VA 8  BO 1  iova 0x0_0000_1000  range 4 KiB  offset 0x0  flags 0x0'
    ])
  })
})

describe('a time of a session', () => {
  it.each([
    ['1.2s', 1.2],
    ['350ms', 0.35],
    ['80us', 0.00008],
    ['2', 2],
    ['1:03.5', 63.5],
    ['2:00:01', 7201]
  ])('%s is %d seconds', (text, seconds) => expect(moment(text)).toBeCloseTo(seconds, 9))

  it.each(['', 'x', '1:3', '5m'])('"%s" is none', (text) => expect(() => moment(text)).toThrow(/Give a time/))
})
