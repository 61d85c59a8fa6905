/**
 * One phase of the store's bench, in a process of its own, so that its memory is its own: prints JSON. scripts/bench.mjs runs the phases.
 *
 *   generate FILE EVENTS SEED | open FILE | moment FILE TRUTH | find FILE TRUTH | view FILE TRUTH | decode FILE TRUTH | index FILE TRUTH | both FILE TRUTH | scan FILE TRUTH | window FILE TRUTH | stream FILE TRUTH | browse FILE TRUTH | judge FILE TRUTH
 */
import { readFileSync } from 'node:fs'
import type { View } from '../engine/api'
import { view } from '../engine/query/view'
import { findCovering } from '../engine/session/find'
import { Moments } from '../engine/session/moment'
import { openRecording } from '../engine/session/recording'
import { eventContext, EventStream, type EventFilter } from '../engine/store/events'
import { SessionReader } from '../engine/store/reader'
import { BatchDecoder } from '../engine/wire/batch'
import { FrameFacts } from '../engine/wire/describe'
import { eventsOf } from '../engine/wire/messages'
import { Field, Kind } from '../engine/wire/schema'
import { browse, judge } from './browse'
import { generate, originNs, type Truth } from './generate'
import { Random } from './random'
import { different, stopwatch, type Timed } from './timing'

const ROUNDS = 7
/** A session of more events is read once in each phase. */
const LARGE = 20e6

const [phase = '', file = '', argument = '', seed = '1'] = process.argv.slice(2)
const truth = (): Truth => JSON.parse(readFileSync(argument, 'utf8')) as Truth

const PHASES: Record<string, () => object | Promise<object>> = {
  generate: () => {
    const passed = stopwatch()
    const made = generate(file, { events: Number(argument), seed: Number(seed) })
    return { truth: made, ...passed() }
  },
  open: () => {
    const passed = stopwatch()
    const reader = new SessionReader(file)
    const { events } = reader.index()
    const context = eventContext(reader)
    const times = passed()
    reader.close()
    return { ...times, events, kinds: context.schema.size }
  },
  decode: () => rounds((t) => decode(t)),
  index: () => rounds(index),
  both: () => rounds((t) => decode(t, new FrameFacts())),
  scan: () =>
    rounds(({ events }) => {
      const reader = new SessionReader(file)
      reader.scan()
      const found = reader.index().events
      reader.close()
      return different('events', found, events)
    }),
  window: () =>
    rounds((t) => {
      const begin = (t.firstNs - originNs) / 1e9
      const length = (t.lastNs - t.firstNs) / 1e9
      const [from, to] = [begin + length * 0.5, begin + length * 0.505]
      const found = count({ kinds: new Set([Kind.VaInsert]), from, to })
      const expected = t.counts[Kind.VaInsert]! * 0.005
      // the truth has no list of events: the share of the time that was asked for is what is known
      return Math.abs(found - expected) < expected * 0.2 + 50
        ? []
        : [`${found} events in the window, about ${expected}`]
    }),
  stream: () => rounds((t) => different('events', count({}), t.events), 3),
  moment: () => moments(truth()),
  find: () => rounds(find, 1),
  view: () => views(truth()),
  browse: () => browse(file, truth()),
  judge: () => judge(file, truth())
}

function rounds(run: (t: Truth) => string[], most = ROUNDS): Timed {
  const known = truth()
  const times = known.events > LARGE ? 1 : most
  const timed: Timed = { ms: [], cpuMs: [], wrong: [] }
  for (let i = 0; i < times; i++) {
    const passed = stopwatch()
    const wrong = run(known)
    const { ms, cpuMs } = passed()
    timed.ms.push(...ms)
    timed.cpuMs.push(...cpuMs)
    if (i === 0) timed.wrong = wrong
  }
  return timed
}

/** The state at many times of a file that was just opened: those that the truth knows, and others between them. */
function moments(t: Truth): Timed {
  const timed: Timed = { ms: [], cpuMs: [], wrong: [] }
  const reader = new SessionReader(file)
  const states = new Moments(reader)
  const random = new Random(7)
  for (const { ns, live, livePages } of t.samples) {
    const other = t.firstNs + ((t.lastNs - t.firstNs) * random.below(1 << 20)) / (1 << 20)
    for (const at of [ns, other]) {
      const passed = stopwatch()
      const { state } = states.at((at - originNs) / 1e9)
      const { ms, cpuMs } = passed()
      timed.ms.push(...ms)
      timed.cpuMs.push(...cpuMs)
      if (at !== ns) continue
      timed.wrong.push(...different(`mappings at ${ns}`, state.mappings.live.size, live))
      timed.wrong.push(...different(`pages at ${ns}`, state.liveBytes / 4096, livePages))
    }
  }
  reader.close()
  return timed
}

/** The file as a window opens it, then windows of it at 2,000 pixels at every zoom; `openMs`: until the first can be drawn. */
function views(t: Truth): Timed & { openMs: number } {
  const timed: Timed = { ms: [], cpuMs: [], wrong: [] }
  const passed = stopwatch()
  const { model } = openRecording(file)
  const [openMs] = passed().ms
  const ask = (part: number, cursor: number): View => {
    const length = model.end * part
    const from = Math.min(Math.max(0, cursor - length / 2), model.end - length)
    return view(model, { from, to: from + length, width: 2000, cursor })
  }
  for (const part of [1, 0.3, 0.1, 0.01, 0.001]) {
    const samples = t.samples.slice(0, 8)
    ask(part, 1) // the first of each kind waits for the compiler
    for (const { ns, live } of samples) {
      const took = stopwatch()
      const { cursor } = ask(part, (ns - originNs) / 1e9)
      const { ms, cpuMs } = took()
      timed.ms.push(...ms)
      timed.cpuMs.push(...cpuMs)
      timed.wrong.push(...different(`mappings at ${ns}`, cursor.liveMappings, live))
    }
  }
  return { ...timed, openMs: openMs! }
}

/** All that ever covered an address; those that are there at the end are what the truth knows of it. */
function find(t: Truth): string[] {
  const reader = new SessionReader(file)
  const found = findCovering(reader, 0x100000n * 4096n)
  reader.close()
  const wrong = found.filter(
    ({ vm, iova, end, start }) => vm < 1 || iova !== 0x100000n * 4096n || (end ?? Infinity) < start
  )
  const overlap = found.some((a, i) =>
    found.slice(i + 1, i + 50).some((b) => a.vm === b.vm && b.start < (a.end ?? Infinity))
  )
  const expected = t.counts[Kind.VaInsert]! / 512
  return [
    ...different('mappings that are none', wrong.length, 0),
    ...(overlap ? ['two mappings of one VM at one address'] : []),
    ...(found.length > expected / 4 && found.length < expected * 8
      ? []
      : [`${found.length} mappings, about ${expected}`])
  ]
}

/** Reads and decodes every event; sums what the truth knows of them. */
function decode(t: Truth, facts?: FrameFacts): string[] {
  const reader = new SessionReader(file)
  const { schema, origin } = eventContext(reader)
  const decoder = new BatchDecoder(schema, origin)
  const counts = new Float64Array(128)
  let [iovaSum, lastNs] = [0, 0]
  reader.frames((frame) => {
    facts?.add(frame)
    const message = eventsOf(frame)
    if (!message) return
    const { count: n, kind, time, columns } = decoder.decode(message)
    for (let i = 0; i < n; i++) {
      const k = kind[i]!
      counts[k]!++
      if (k === Kind.VaInsert) iovaSum += columns[Field.iova]![i]!
    }
    lastNs = Math.max(lastNs, time[n - 1]! + Number(origin))
  })
  reader.close()
  const wrong = Object.entries(t.counts).flatMap(([k, n]) => different(`events of kind ${k}`, counts[Number(k)]!, n))
  wrong.push(...different('sum of addresses', iovaSum, t.iovaSum))
  return [...wrong, ...different('last time', lastNs, t.lastNs)]
}

/** What the writer does for the index while frames come in. */
function index(t: Truth): string[] {
  const reader = new SessionReader(file)
  const facts = new FrameFacts()
  reader.frames((frame) => void facts.add(frame))
  reader.close()
  const wrong = Object.entries(t.counts).flatMap(([k, n]) =>
    different(`events of kind ${k}`, facts.counts.get(Number(k)) ?? 0, n)
  )
  return [
    ...wrong,
    ...different('first time', facts.firstNs, t.firstNs),
    ...different('last time', facts.lastNs, t.lastNs)
  ]
}

function count(filter: EventFilter): number {
  const reader = new SessionReader(file)
  let [found, before, disorder] = [0, -Infinity, 0]
  for (const rows of new EventStream(reader, eventContext(reader), filter).rows()) {
    found += rows.count
    for (let i = 0; i < rows.count; i++) {
      if (rows.time[i]! < before) disorder++
      before = rows.time[i]!
    }
  }
  reader.close()
  if (disorder > 0) throw new Error(`${disorder} events out of order`)
  return found
}

const run = PHASES[phase]
if (!run) throw new Error(`no phase "${phase}"`)
const result = await run()
process.stdout.write(JSON.stringify({ ...result, peakBytes: process.resourceUsage().maxRSS * 1024 }))
