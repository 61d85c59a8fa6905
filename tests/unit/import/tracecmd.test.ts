import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importSession } from '../../../engine/import/import'
import { readTraceReport, type Line } from '../../../engine/import/tracecmd'
import { TraceDatError } from '../../../engine/import/cursor'
import { readTraceDat } from '../../../engine/import/tracedat'
import { REASONS } from '../../../engine/model/state'
import { resource } from '../../../engine/paths'
import { openRecording } from '../../../engine/session/recording'
import { Kind } from '../../../engine/wire/schema'

/** Of the virtual board: trace-cmd 3.1.6 beside the daemon's kprobe events, while vm-bind-churn ran; without the events of its walks. */
const REPORT = resource('tests/fixtures/import/trace-cmd-report.txt.gz')
/** What the report was printed of, without the descriptions of other events and the addresses of symbols. */
const DAT = resource('tests/fixtures/import/trace.dat.gz')
/** The same, made version 7 by `trace-cmd convert --compression zstd`. */
const DAT7 = resource('tests/fixtures/import/trace-v7.dat.gz')
const text = gunzipSync(readFileSync(REPORT)).toString()
let dir: string

beforeAll(() => void (dir = mkdtempSync(path.join(tmpdir(), 'vascope-trace-cmd-'))))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const count = (name: string): number => text.match(new RegExp(`: ${name}: `, 'g'))!.length

describe('a report of trace-cmd', () => {
  it('is a session with the lives of its mappings', () => {
    const out = path.join(dir, 'report.vascope')
    const { format, events, notes } = importSession(REPORT, out)
    const { model, checker, complete } = openRecording(out)
    expect([format, complete, model.events]).toEqual(['trace-cmd', true, events])
    const { mappings, jobs, tasks, vms, submits } = model.state
    const inserts = [...text.matchAll(/ (\d+\.\d+): va_insert: .* a3=(0x[0-9a-f]+) a4=(0x[0-9a-f]+)/g)]
    const first = Number(/(\d+\.\d+):/.exec(text)![1])
    expect(inserts.length).toBe(42)
    const lives = Array.from({ length: mappings.length }, (_, i) => ({
      ...{ start: mappings.start.at(i).toFixed(6), iova: mappings.iova.at(i), bytes: mappings.bytes.at(i) }
    }))
    expect(lives).toEqual(
      inserts.map(([, time, iova, bytes]) => ({
        ...{ start: (Number(time) - first).toFixed(6), iova: Number(iova), bytes: Number(bytes) }
      }))
    )
    expect(mappings.live.size).toBe(0)
    const reasons = Array.from({ length: mappings.length }, (_, i) => REASONS[mappings.reason.at(i)])
    expect([...new Set(reasons)]).toEqual(['unmap'])
    expect([jobs.length, submits.length]).toEqual([count('msm_vm_bind_run'), count('msm_submit')])
    expect([...vms.values()].filter((vm) => vm.destroyed !== null)).toHaveLength(count('vm_destroy'))
    expect([...tasks.values()].some(({ comm, pid }) => comm === 'vascoped-run' && pid === 0x24f)).toBe(true)
    expect(model.missing(Kind.FbCreate)).not.toBeNull()
    expect(model.logs.map((log) => log.text)).toEqual(notes)
    expect(checker.page().counts.violation).toBe(0)
  })

  it('whose lines are damaged is read around them', () => {
    const lines = text.split('\n')
    const damaged = lines.map((line, i) =>
      i % 7 === 3 ? line.slice(0, 70) : i % 11 === 5 ? line.replace('a0=0x', 'a0=?') : line
    )
    const [input, out] = [path.join(dir, 'damaged.txt'), path.join(dir, 'damaged.vascope')]
    writeFileSync(input, `${damaged.join('\n')}\nCPU:1 [123 EVENTS DROPPED]\n`)
    const { events, notes } = importSession(input, out)
    expect(events).toBeGreaterThan(300)
    expect(notes.join()).toContain('no numbers')
    expect(openRecording(out).model.lost.get(0)).toEqual({ kernel: 123, queue: 0 })
  })

  it('takes an address for an object only where it is that of its reference count', () => {
    const [input, out] = [path.join(dir, 'near.txt'), path.join(dir, 'near.vascope')]
    const line = (n: number, rest: string): string => `  test-7 [000] 1.00000${n}: ${rest}\n`
    writeFileSync(
      input,
      'cpus=1\n' +
        line(1, 'vm_create: (x) a0=0x1000 a1=0x0 a2=0x0 a3=0x1000000 text="a"') +
        line(2, 'vm_destroy: (x) a0=0x1400') + // of one that is older than the recording
        line(3, 'vm_create: (x) a0=0x2000 a1=0x0 a2=0x0 a3=0x1000000 text="b"') +
        line(4, 'vm_destroy: (x) a0=0x2048')
    )
    importSession(input, out)
    const { vms } = openRecording(out).model.state
    expect([...vms.values()].filter(({ destroyed }) => destroyed === null).map(({ name }) => name)).toEqual(['a'])
  })

  it('of something else is refused', () => {
    const [input, out] = [path.join(dir, 'sched.txt'), path.join(dir, 'sched.vascope')]
    writeFileSync(input, 'cpus=2\n          <idle>-0     [000]    12.000001: sched_switch:         prev_comm=a\n')
    expect(() => importSession(input, out)).toThrow(/none of the events/)
    expect(existsSync(out)).toBe(false)
  })
})

describe('a trace.dat', () => {
  const bytes = gunzipSync(readFileSync(DAT))

  it('has the events that trace-cmd itself prints of it', () => {
    const dat = readTraceDat(bytes).flatMap((event) => ('lost' in event ? [] : [event]))
    const known = dat.filter(({ name }) => !/^msm_walk|^file_free$/.test(name))
    const printed = readTraceReport(text).flatMap((event) => ('lost' in event ? [] : [event]))
    const row = ({ name, tid, ns, args }: Line): unknown[] => [Math.round(ns / 1000), tid, name, ...args]
    expect(printed.length).toBeGreaterThan(1000)
    expect(known.map(row)).toEqual(printed.map(row))
  })

  it('is a session like that of its report, to the nanosecond', () => {
    const [a, b] = [path.join(dir, 'dat.vascope'), path.join(dir, 'printed.vascope')]
    importSession(DAT, a)
    importSession(REPORT, b)
    const [dat, printed] = [openRecording(a).model, openRecording(b).model]
    expect([...dat.counts]).toEqual([...printed.counts])
    expect(Math.abs(dat.boardNs(dat.end) - printed.boardNs(printed.end))).toBeLessThan(1000)
    expect(dat.boardNs(0) % 1000).not.toBe(0)
  })

  it('that is cut, or of another version, is refused in words', () => {
    const [input, out] = [path.join(dir, 'cut.dat'), path.join(dir, 'cut.vascope')]
    for (const length of [12, 300, 20_000]) {
      writeFileSync(input, bytes.subarray(0, length))
      expect(() => importSession(input, out)).toThrow(/ends within its description/)
    }
    writeFileSync(input, Buffer.from('\x17\x08\x44tracing8\0', 'latin1'))
    expect(() => importSession(input, out)).toThrow(/has version 8/)
    expect(existsSync(out)).toBe(false)
    writeFileSync(input, bytes.subarray(0, bytes.length - 100_000)) // whole pages of the last CPU are missing
    expect(importSession(input, out).events).toBeGreaterThan(100)
  })

  it('of version 7 has the same events, unpacked', () => {
    const packed = gunzipSync(readFileSync(DAT7))
    expect(readTraceDat(packed)).toEqual(readTraceDat(bytes))
    expect(() => readTraceDat(packed, 100_000)).toThrow(/more than can be read at once/)
  })

  it('of version 7 that is damaged is refused in words, or read as far as it can be', () => {
    const packed = gunzipSync(readFileSync(DAT7))
    for (let at = 12; at < packed.length; at += 6007) {
      const damaged = Buffer.from(packed)
      damaged.writeUInt32LE((damaged.readUInt32LE(at - 4) ^ 0x40102081) >>> 0, at - 4)
      try {
        readTraceDat(damaged, 50_000_000)
      } catch (error) {
        if (!(error instanceof TraceDatError)) throw error
        expect(error.message).toMatch(/^(ends|has|comes|says|is) /)
      }
    }
  })

  it('whose sizes are nothing that can be is read around them, or refused in words', () => {
    const pageless = Buffer.from(bytes)
    pageless.writeUInt32LE(0, 14)
    expect(() => readTraceDat(pageless)).toThrow(/says that a page has 0 bytes/)
    const fieldless = Buffer.from(
      bytes.toString('latin1').replaceAll('size:8;\tsigned:0;', 'size:0;\tsigned:0;'),
      'latin1'
    )
    expect(fieldless.equals(bytes)).toBe(false)
    expect(readTraceDat(fieldless).length).toBe(readTraceDat(bytes).length)
  })
})

describe('what is too much', () => {
  it('is refused before memory is, packed or not', () => {
    const out = path.join(dir, 'bomb.vascope')
    expect(() => importSession(DAT, out, 100_000)).toThrow(/more than 0\.1 MB, unpacked/)
    expect(() => importSession(DAT, out, 10_000)).toThrow(/more than 0\.01 MB/)
    expect(existsSync(out)).toBe(false)
  })
})
