import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importSession } from '../../../engine/import/import'
import { readTraceReport, type Line } from '../../../engine/import/tracecmd'
import { readTraceDat } from '../../../engine/import/tracedat'
import { REASONS } from '../../../engine/model/state'
import { resource } from '../../../engine/paths'
import { openRecording } from '../../../engine/session/recording'
import { Kind } from '../../../engine/wire/schema'

/** Of the virtual board: trace-cmd 3.1.6 beside the daemon's kprobe events, while vm-bind-churn ran; without the events of its walks. */
const REPORT = resource('tests/fixtures/import/trace-cmd-report.txt.gz')
/** What the report was printed of, without the descriptions of other events and the addresses of symbols. */
const DAT = resource('tests/fixtures/import/trace.dat.gz')
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
    writeFileSync(input, Buffer.from('\x17\x08\x44tracing7\0', 'latin1'))
    expect(() => importSession(input, out)).toThrow(/has version 7/)
    expect(existsSync(out)).toBe(false)
    writeFileSync(input, bytes.subarray(0, bytes.length - 100_000)) // whole pages of the last CPU are missing
    expect(importSession(input, out).events).toBeGreaterThan(100)
  })
})
