import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportSession } from '../../../engine/export/export'
import { resource } from '../../../engine/paths'
import { openRecording } from '../../../engine/session/recording'
import { SessionWriter } from '../../../engine/store/writer'
import { Kind } from '../../../engine/wire/schema'
import { frame, insert, ORIGIN, remove } from '../stream'

// Read back with protobufjs and, whole, with protoc: neither knows anything of Vascope. The field numbers are in proto/perfetto.

interface Packet {
  timestamp?: number
  timestampClockId?: number
  trackDescriptor?: {
    uuid: number
    name: string
    parentUuid?: number
    process?: { pid: number }
    thread?: { tid: number }
    counter?: object
  }
  trackEvent?: {
    type: string
    trackUuid: number
    name?: string
    counterValue?: number
    doubleCounterValue?: number
    flowIds?: number[]
    terminatingFlowIds?: number[]
    debugAnnotations?: { nameIid: number; [value: string]: unknown }[]
  }
  internedData?: { debugAnnotationNames: { iid: number; name: string }[] }
  clockSnapshot?: { clocks: { clockId: number; timestamp: number }[]; primaryTraceClock: string }
}

interface Slice {
  track: string
  name: string
  begin: number
  end: number | null
  flows: number[]
  from: number[]
  details: Record<string, unknown>
}

const PROTO = resource('proto/perfetto/trace.proto')
const SESSION = resource('tests/fixtures/sessions/format-1.1.vascope')
const KILLED = resource('tests/fixtures/sessions/killed-vm-bind.vascope')
let dir: string

beforeAll(() => void (dir = mkdtempSync(path.join(tmpdir(), 'vascope-perfetto-'))))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function exported(file: string): Promise<{ out: string; packets: Packet[] }> {
  const out = path.join(dir, `${path.basename(file)}.pftrace`)
  const stdout = { write: () => true, once: () => undefined }
  await exportSession(file, { format: 'perfetto', out, tables: [], partition: false, force: true, stdout })
  const type = protobuf.loadSync(PROTO).lookupType('perfetto.protos.Trace')
  const trace = type.toObject(type.decode(readFileSync(out)), { longs: Number, enums: String }) as { packet: Packet[] }
  return { out, packets: trace.packet }
}

/** Slices and instants as a reader makes them: by track, nested, in the order of time. Throws where they do not fit. */
function drawn(packets: Packet[]): Slice[] {
  const tracks = new Map(
    packets.flatMap((p) => (p.trackDescriptor ? [[p.trackDescriptor.uuid, p.trackDescriptor]] : []))
  )
  const nameOf = (uuid: number): string => {
    const track = tracks.get(uuid)
    if (!track) throw new Error(`no track ${uuid}`)
    return track.parentUuid ? `${nameOf(track.parentUuid)} / ${track.name}` : track.name
  }
  const names = new Map(
    packets.flatMap((p) => p.internedData?.debugAnnotationNames ?? []).map(({ iid, name }) => [iid, name])
  )
  const slices: Slice[] = []
  const open = new Map<number, Slice[]>()
  const events = packets.filter((p) => p.trackEvent).sort((a, b) => a.timestamp! - b.timestamp!) // stable
  for (const { timestamp, trackEvent: e, timestampClockId } of events) {
    if (timestampClockId !== 3) throw new Error('not the board’s clock')
    const stack = open.get(e!.trackUuid) ?? []
    open.set(e!.trackUuid, stack)
    if (e!.type === 'TYPE_SLICE_END') {
      const slice = stack.pop()
      if (!slice) throw new Error(`an end without a beginning on ${nameOf(e!.trackUuid)} at ${timestamp}`)
      slice.end = timestamp!
      continue
    }
    if (e!.type === 'TYPE_COUNTER') {
      if (!tracks.get(e!.trackUuid)?.counter) throw new Error('a counter on a track that is none')
      continue
    }
    const details = Object.fromEntries(
      (e!.debugAnnotations ?? []).map(({ nameIid, ...value }) => [names.get(nameIid), Object.values(value)[0]])
    )
    const slice: Slice = {
      ...{ track: nameOf(e!.trackUuid), name: e!.name ?? '', begin: timestamp!, end: null, details },
      ...{ flows: e!.flowIds ?? [], from: e!.terminatingFlowIds ?? [] }
    }
    slices.push(slice)
    if (e!.type === 'TYPE_SLICE_BEGIN') stack.push(slice)
    else slice.end = timestamp!
  }
  return slices
}

describe('a recorded session as a Perfetto trace', () => {
  it('has a slice for the life of each mapping, as the model has it', async () => {
    const { packets } = await exported(SESSION)
    const slices = drawn(packets).filter(({ track }) => track.endsWith('/ mappings'))
    const { model } = openRecording(SESSION)
    const { mappings: m, vms } = model.state
    const expected = Array.from({ length: m.length }, (_, i) => ({
      ...{ va: m.va.at(i), iova: m.iova.at(i), bytes: m.bytes.at(i), begin: model.boardNs(m.start.at(i)) },
      ...{ end: Number.isFinite(m.end.at(i)) ? model.boardNs(m.end.at(i)) : null, vm: `VM ${m.vm.at(i)}` }
    }))
    const found = slices
      .filter(({ name }) => name !== 'written')
      .map(({ details, begin, end, track }) => ({
        ...{ va: details.va, iova: details.iova, bytes: details.bytes, begin, end },
        vm: /VM \d+/.exec(track)![0]
      }))
    const byVa = (a: { va: unknown }, b: { va: unknown }): number => Number(a.va) - Number(b.va)
    expect(found.sort(byVa)).toEqual(expected.sort(byVa))
    expect(vms.size).toBeGreaterThan(1)
    const { clockSnapshot } = packets[0]!
    expect(clockSnapshot!.primaryTraceClock).toBe('BUILTIN_CLOCK_MONOTONIC')
    expect(clockSnapshot!.clocks.map(({ clockId }) => clockId)).toEqual([3, 1])
  })

  it('leads from VM_BIND ioctls to their jobs, and from jobs to the mappings that they wrote', async () => {
    const slices = drawn((await exported(KILLED)).packets)
    const { state } = openRecording(KILLED).model
    const begins = new Map(slices.flatMap((s) => s.flows.map((flow) => [flow, s] as const)))
    const arrows = slices.flatMap((to) => to.from.map((flow) => ({ from: begins.get(flow)!, to })))
    expect(arrows.every(({ from, to }) => from.begin <= to.begin)).toBe(true)
    const of = (from: string, to: RegExp): typeof arrows =>
      arrows.filter((a) => a.from.name === from && to.test(a.to.name))
    expect(of('VM_BIND', /^job/)).toHaveLength(state.jobs.length)
    const written = of('page tables', /^written$/)
    expect(written).toHaveLength(40)
    // on the lane of that mapping, while it lives
    for (const { from, to } of written) {
      const mapping = slices.find((s) => s.name !== 'page tables' && s.details.va === from.details.va)!
      expect([to.track, to.begin >= mapping.begin, to.begin <= (mapping.end ?? Infinity)]).toEqual([
        mapping.track,
        true,
        true
      ])
    }
  })

  it('is what protoc takes for a trace, without a field that it does not know', async () => {
    const { out } = await exported(SESSION)
    const text = await new Promise<string>((resolve, reject) => {
      const args = ['--decode=perfetto.protos.Trace', `--proto_path=${path.dirname(PROTO)}`, path.basename(PROTO)]
      const child = execFile('protoc', args, { maxBuffer: 1 << 28 }, (error, stdout) =>
        error ? reject(error) : resolve(stdout)
      )
      child.stdin!.end(readFileSync(out))
    })
    expect(text.match(/^packet \{$/gm)!.length).toBeGreaterThan(1000)
    expect(text).not.toMatch(/^\s*\d+[ :]/m) // an unknown field is printed by its number
  })
})

it('draws submits, the display, faults and losses', async () => {
  const file = path.join(dir, 'script.vascope')
  const writer = new SessionWriter(file, {})
  const events = [
    { ms: 1, kind: Kind.Submit, task: 1, submit: 7, ring: 0 },
    { ms: 2, kind: Kind.SubmitFlush, submit: 7, ring: 0, seqno: 3 },
    insert(2, 1, 0x100, 1),
    insert(3, 2, 0x200, 1),
    { ms: 4, kind: Kind.FbPrepare, fb: 40, count: 1, duration: 1_000_000 },
    { ms: 5, kind: Kind.CommitBegin, task: 1, crtc: 1 },
    { ms: 6, kind: Kind.GpuFault, iova: 0x123, flags: 1 },
    remove(6, 1),
    { ms: 7, kind: Kind.CommitEnd, crtc: 1 },
    { ms: 8, kind: Kind.FlipDone, crtc: 1, seqno: 5 },
    { ms: 9, kind: Kind.SubmitRetire, submit: 7, ring: 0, seqno: 3, duration: 6_000_000 }
  ]
  for (const message of [
    frame.hello(),
    frame.capabilities(),
    frame.events(1, events),
    frame.events(3, [remove(10, 2)])
  ])
    writer.frame(message)
  writer.close(false)
  const { packets } = await exported(file)
  const ms = (ns: number | null): number | null => (ns === null ? null : (ns - ORIGIN) / 1e6)
  const rows = drawn(packets).map((s) => [s.track, s.name, ms(s.begin), ms(s.end)])
  const vm = 'Kernel, and what is older than tracing / VM 1 / mappings'
  expect(rows).toEqual([
    ['GPU / ring 0', 'submit 7', 1, 9],
    ['Kernel, and what is older than tracing', 'submit 7', 1, 1],
    [vm, 'BO 1', 2, 6],
    ['GPU / ring 0', 'on the ring', 2, 9],
    ['Display / framebuffers', 'prepare FB 40', 3, 4],
    [vm, 'BO 1', 3, 10],
    ['Display / commits, CRTC mask 0x1', 'commit', 5, 7],
    ['GPU', 'GPU fault', 6, 6],
    ['Display / flips, CRTC mask 0x1', 'flip', 8, 8],
    ['Board', 'events lost', 9, 9]
  ])
  const arrows = drawn(packets).flatMap((to, _, all) =>
    to.from.map((flow) => `${all.find((s) => s.flows.includes(flow))!.name} -> ${to.name}`)
  )
  expect(arrows).toEqual(['submit 7 -> submit 7', 'prepare FB 40 -> commit', 'commit -> flip'])
  const counters = packets.filter((p) => p.trackEvent?.type === 'TYPE_COUNTER')
  const bytes = packets.find((p) => p.trackDescriptor?.name === 'mapped bytes')!.trackDescriptor!.uuid
  const said = counters.filter((p) => p.trackEvent!.trackUuid === bytes).map((p) => p.trackEvent!.counterValue)
  expect([Math.max(...said.map(Number)), said.at(-1)]).toEqual([8192, 0])
})
