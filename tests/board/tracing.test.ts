import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Connection } from '../../engine/connect/connection'
import { connect } from '../../engine/connect/ssh/connect'
import { reach } from '../../engine/connect/reach'
import { deploy } from '../../engine/deploy/deploy'
import { Reason } from '../../engine/model/state'
import { DaemonLink } from '../../engine/session/link'
import type { Summary } from '../../engine/stats/summary'
import { decodeFrame, num, ProbeState, type Snapshot } from '../../engine/wire/messages'
import { readTraced, type Traced, type TracedEvent } from './events'
import { BOARD, boardUp, onBoard, scratch, start, until } from './vascope'

const ROOT = path.resolve(import.meta.dirname, '../..')
const files = scratch()

/** What `plain` does to each of its first BOs, and how many of them there are (tests/board/plain/plain.c). */
const BOS = 8

let traced: Traced
let info: Summary & { complete: boolean }
let calls: Map<number, number>

const signal = new AbortController().signal
const progress = (): void => {}

async function open(): Promise<Connection> {
  const ask = (): Promise<never> => Promise.reject(new Error('the virtual board asks nothing'))
  return connect(await reach(BOARD, { progress, signal }), { ask, progress, signal })
}

/** Builds the plain client as the daemon is built, and puts it on the board. */
async function install(): Promise<void> {
  const compiler = process.arch === 'arm64' ? 'gcc' : 'aarch64-linux-gnu-gcc'
  const include = ['-I', path.join(ROOT, 'daemon/src'), '-I', '/usr/include/libdrm']
  const options = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-static', ...include]
  const source = path.join(ROOT, 'tests/board/plain/plain.c')
  const built = spawnSync(compiler, [...options, '-o', files.file('plain'), source])
  expect(built.error ?? built.stderr.toString()).toBe('')
  const connection = await open()
  await connection.upload(files.file('plain'), '/tmp/plain', 0o755)
  connection.dispose()
}

/** Waits for a text on stderr for as long as the hook may take: the daemon may have to be built first. */
async function says(running: ReturnType<typeof start>, text: string): Promise<void> {
  while (!running.stderr().includes(text)) {
    if (running.child.exitCode !== null) throw new Error(`it ended without saying "${text}": ${running.stderr()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** ioctls that succeeded, by their number in the DRM's table: the low byte of the request. */
function countCalls(strace: string): Map<number, number> {
  const counts = new Map<number, number>()
  for (const [, request] of strace.matchAll(/ioctl\((?:0x)?[0-9a-f]+, 0x([0-9a-f]+), [^)]*\) += (?!-1)/g)) {
    const number = parseInt(request!, 16)
    if (((number >> 8) & 0xff) === 'd'.charCodeAt(0)) counts.set(number & 0xff, (counts.get(number & 0xff) ?? 0) + 1)
  }
  return counts
}

const all = (kind: string): TracedEvent[] => traced.events.filter((e) => e.kind === kind)
const own = (kind: string): TracedEvent[] => all(kind).filter((e) => e.comm === 'plain')
const by = (events: TracedEvent[], column: string): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { column: c } of events) counts[c[column]!] = (counts[c[column]!] ?? 0) + 1
  return counts
}
/** Events of kinds without a task, of the VMs that the plain client made. */
const ofOwnVms = (kind: string): TracedEvent[] => {
  const vms = new Set(own('vm-create').map((e) => e.column.vm))
  return all(kind).filter((e) => vms.has(e.column.vm))
}
/** As above, of its BOs. */
const ofOwnBos = (kind: string): TracedEvent[] => {
  const bos = new Set(own('bo-create').map((e) => e.column.bo))
  return all(kind).filter((e) => bos.has(e.column.bo))
}

beforeAll(async () => {
  await boardUp()
  await install()
  const file = files.file('plain.vascope')
  const watching = start(['record', '--board', BOARD, '--out', file, '--json'])
  await says(watching, 'watching')
  await onBoard('cd /tmp && strace -f -X raw -e trace=ioctl -o calls ./plain')
  calls = countCalls(await onBoard('cat /tmp/calls'))
  await onBoard('board-selftest && ln -s /tmp/plain /tmp/hang && /tmp/hang')
  watching.child.kill('SIGINT')
  const { code, stdout, stderr } = await watching.ended
  expect(code, stderr).toBe(0)
  info = JSON.parse(stdout) as typeof info
  traced = readTraced(file)
})
afterAll(() => files.remove())

describe('a client that knows nothing of Vascope', () => {
  it('is watched without anything being run, and nothing is lost', () => {
    expect(info).toMatchObject({ complete: true, faults: [], scenarios: [] })
    expect(info.drops).toMatchObject({ kernel: 0, queue: 0, balanced: true, delivered: info.events })
    const clients = info.vms.filter((vm) => vm.mode === 'vm-bind').map((vm) => vm.comm)
    expect(clients).toEqual(expect.arrayContaining(['plain', expect.stringMatching(/^board-selftest/)]))
    expect(info.maps).toBeGreaterThan(0)
  })

  it('is traced as strace counts it', () => {
    const counts = {
      vmBind: own('vm-bind').length,
      created: own('bo-create').length,
      opened: own('handle-open').length,
      submit: own('submit').length,
      madvise: own('bo-madvise').length,
      imported: own('import').length,
      framebuffers: own('fb-create').length
    }
    expect(counts).toEqual({
      vmBind: calls.get(0x4d),
      created: calls.get(0x42),
      // a BO that is imported gets a handle in the other file
      opened: calls.get(0x42)! + calls.get(0x2e)!,
      submit: calls.get(0x46),
      madvise: calls.get(0x48),
      imported: calls.get(0x2e),
      framebuffers: calls.get(0xb8)
    })
    // two handles are left to the end of their file
    expect(own('handle-close').length).toBe(counts.opened)
    expect(own('handle-closed').length).toBe(counts.opened)
    expect(calls.get(0x09)).toBe(counts.opened - 1)
    expect(all('fb-destroy').length).toBeGreaterThanOrEqual(calls.get(0xaf)!)
  })

  it('asks for what the tree then becomes, step by step', () => {
    expect(own('sm-map').length).toBe(4 * BOS)
    expect(own('sm-unmap').length).toBe(3 * BOS - 1)
    expect(ofOwnVms('sm-keep').length).toBe(BOS)
    expect(ofOwnVms('sm-remap').map((e) => e.column.range)).toEqual(Array(BOS).fill(4))
    expect(by(own('va-remove'), 'reason')).toEqual({
      [Reason.unmap]: 2 * BOS - 1,
      [Reason.remap]: BOS,
      [Reason.replace]: 2 * BOS,
      // of the kernel-managed VM: one handle closed, one with its file
      [Reason.close]: 2,
      // what is left of the first BO
      [Reason.vmClose]: 1
    })
    expect(own('va-insert').length).toBe(own('va-remove').length)
  })

  it('has its page tables written apart from the tree, with their own reasons', () => {
    // two maps and one sparse range for each BO by VM_BIND; two BOs by the first submit
    expect(by(ofOwnVms('pte-map'), 'result')).toEqual({ 0: 3 * BOS + 2 })
    expect(by(ofOwnVms('pte-unmap'), 'reason')).toEqual({
      // jobs say no more than that they unmap: a split, two parts replaced, the sparse range, all but one at the end
      [Reason.unmap]: 5 * BOS - 1,
      [Reason.purge]: 1,
      // the other one of the kernel-managed VM was purged before
      [Reason.close]: 1,
      [Reason.vmClose]: 1
    })
    const jobs = ofOwnVms('vm-bind-run').map((e) => e.column.job)
    expect(jobs.length).toBe(calls.get(0x4d))
    expect(new Set(jobs).size).toBe(jobs.length)
    const freed = new Map(all('vm-bind-free').map((e) => [e.column.job, e.column.count]))
    for (const job of jobs) expect(freed.get(job)).toBe(0)
    expect(own('vm-close').length).toBe(2)
    expect(ofOwnVms('vm-close-end').length).toBe(2)
  })

  it('pins, and gives back what it pinned', () => {
    const pins = ofOwnBos('pin')
    const unpins = ofOwnBos('unpin')
    // each MAP with a BO, and two BOs in each of two submits
    expect(pins.length).toBe(3 * BOS + 4)
    expect(unpins.length).toBe(pins.length)
    for (const bo of new Set(pins.map((e) => e.column.bo)))
      expect(unpins.filter((e) => e.column.bo === bo).at(-1)!.column.count).toBe(0)
    expect(ofOwnBos('pages-get').length).toBe(ofOwnBos('pages-put').length)
  })

  it('loses a purged BO for a reason', () => {
    expect(own('bo-madvise').map((e) => [e.column.flags, e.column.result])).toEqual([
      [1, 1],
      [0, 0]
    ])
    expect(own('bo-purge').length).toBe(1)
    expect(own('shrink').map((e) => [e.column.reason, e.column.size])).toEqual([[1, 16]])
    const purged = own('bo-purge')[0]!.column.bo
    const evicted = all('vm-bo-evict')
    expect(evicted.map((e) => e.column.count)).toEqual([1])
    const created = own('vm-bo-create').find((e) => e.column.vmBo === evicted[0]!.column.vmBo)!
    expect(created.column.bo).toBe(purged)
  })

  it('counts who may use the display mapping of a BO, exports among them', () => {
    expect(own('export').length).toBe(1)
    const bo = own('export')[0]!.column.bo
    expect(all('export-end').map((e) => e.column.bo)).toEqual([bo])
    const refs = all('vma-ref').filter((e) => e.column.bo === bo)
    expect(refs.map((e) => e.column.count)).toEqual([1, 2, 3, 2, 1, 0])
    expect(own('import').map((e) => e.column.result)).toEqual([0])
  })

  it('has a reference on the BO for each new vm_bo, and one file for each VM', () => {
    const made = own('vm-bo-create')
    expect(made.length).toBeGreaterThan(BOS)
    for (const { column: c } of made) expect(c.refcount).toBe(c.count! + 1)
    expect(own('vm-file').length).toBe(2)
    const opened = new Set(own('handle-open').map((e) => e.column.file))
    for (const { column: c } of own('vm-file')) expect(opened.has(c.file!)).toBe(true)
  })

  it('is told the further planes of its framebuffers', () => {
    const fbs = own('fb-create').map((e) => [e.column.fb, e.column.bo])
    expect(all('fb-plane').map((e) => [e.column.fb, e.column.bo, e.column.count])).toEqual(fbs.map((e) => [...e, 1]))
  })
})

describe('a client whose GPU hangs', () => {
  it('has a VM that takes no more', () => {
    const vms = all('vm-create').filter((e) => e.comm === 'hang')
    expect(all('vm-unusable').map((e) => e.column.vm)).toEqual(vms.map((e) => e.column.vm))
    expect(vms.length).toBe(1)
    const EPIPE = 32
    expect(
      all('vm-bind')
        .filter((e) => e.comm === 'hang')
        .map((e) => e.column.result)
    ).toEqual([0, EPIPE])
  })
})

describe('the display', () => {
  it('loses its mapping when nobody may use it any more', () => {
    const removed = all('va-remove').filter((e) => e.column.reason === Reason.vmaPut)
    expect(removed.length).toBe(2)
    const unmapped = all('pte-unmap').filter((e) => e.column.reason === Reason.vmaPut)
    expect(unmapped.length).toBe(2)
    expect(by([...removed, ...unmapped], 'vm')).toEqual({ [removed[0]!.column.vm!]: 4 })
  })

  it('is seen to wait for its flushes, and an event to be delivered', () => {
    expect(all('commit-wait').length).toBe(2 * all('commit-begin').length)
    for (const { column: c } of all('fb-prepare')) expect(c.duration).toBeGreaterThan(0)
    expect(all('vblank-sent').length).toBe(1)
  })
})

describe('the tracer', () => {
  it('attaches everything on this kernel', () => {
    expect(traced.probes.length).toBeGreaterThan(80)
    for (const { symbol, state, reason } of traced.probes)
      expect([symbol, state, reason]).toEqual([symbol, ProbeState.PROBE_STATE_ATTACHED, ''])
  })

  it('takes a snapshot on request and on a period, with all that a check needs', async () => {
    const snapshots: Snapshot[] = []
    const connection = await open()
    const daemon = await deploy(connection, { progress, signal })
    let [ready, ended] = [false, false]
    const link = new DaemonLink(daemon.stdio, daemon.build, 'tracing.test', {
      frame: (message) => {
        const frame = decodeFrame(message)
        if (frame?.capabilities) ready = true
        if (frame?.snapshot) snapshots.push(frame.snapshot as Snapshot)
      },
      ended: () => (ended = true)
    })
    await until('it described the board', () => ready)
    link.send({ start: { snapshotPeriodMs: 300 } })
    await until('it walked on its own', () => snapshots.filter((s) => s.last && !num(s.requestId)).length >= 4)
    link.send({ snapshot: { id: 77 } })
    await until('it walked when asked', () => snapshots.some((s) => num(s.requestId) === 77))
    link.send({ stop: {} })
    await until('it ended', () => ended)
    connection.dispose()
    for (const s of snapshots) expect(s.complete).toBe(true)
    const bos = snapshots.find((s) => num(s.requestId) === 77)!.bos
    // the kernel's own, which are always there: written into by the CPU, mapped for the GPU
    const ring = bos.find((bo) => bo.name === 'ring0')!
    expect([num(ring.pins) > 0, ring.resident, num(ring.madv), num(ring.vmaRef)]).toEqual([true, true, 0, 0])
    const last = snapshots.at(-1)!
    expect(last.vas.filter((va) => num(va.bo) === num(ring.id)).map((va) => va.mapped)).toEqual([true])
  })
})
