import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importSession } from '../../../engine/import/import'
import { resource } from '../../../engine/paths'
import { openRecording } from '../../../engine/session/recording'
import { Kind } from '../../../engine/wire/schema'

/** Of the virtual board, after a GPU hang of vm-bind-churn with msm.vm_log_shift = 8. */
const DUMP = resource('tests/fixtures/import/devcoredump.txt.gz')
let dir: string

beforeAll(() => void (dir = mkdtempSync(path.join(tmpdir(), 'vascope-import-'))))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('a devcoredump', () => {
  it('is a session with its VM log and its BOs, and with what is missing', () => {
    const out = path.join(dir, 'dump.vascope')
    const { events, format, notes } = importSession(DUMP, out)
    const text = gunzipSync(readFileSync(DUMP)).toString()
    expect([format, events]).toEqual(['devcoredump', text.match(/^ {2}- map:2: /gm)!.length])
    const { model, checker, complete, head } = openRecording(out)
    expect([complete, head.title, model.capabilities!.kernelRelease]).toEqual([
      true,
      'devcoredump vascoped-run',
      '7.3.4+deb13-arm64'
    ])
    expect(model.counts.get(Kind.PteMap)).toBe(22)
    const { mappings, vms } = model.state
    const bytes = [...text.matchAll(/^ {4}size: (\d+)\n {4}flags/gm)].map(([, size]) => Number(size))
    expect(bytes.length).toBe(21)
    expect(Array.from({ length: mappings.length }, (_, i) => mappings.bytes.at(i))).toEqual(bytes)
    expect([mappings.iova.at(2), mappings.traced.at(2), vms.get(1)!.mode]).toEqual([0x1000f2000, 0, 'vm-bind'])
    expect(model.missing(Kind.VaInsert)).not.toBeNull()
    expect(model.logs.map((log) => log.text)).toEqual(notes)
    expect(checker.page().total).toBe(0)
  })

  it('that was cut anywhere is read as far as it goes', () => {
    const text = gunzipSync(readFileSync(DUMP)).toString().slice(0, 5000)
    for (let at = 100; at < text.length; at += 307) {
      const [input, out] = [path.join(dir, `cut-${at}.txt`), path.join(dir, `cut-${at}.vascope`)]
      writeFileSync(input, text.slice(0, at))
      let made = true
      try {
        importSession(input, out)
      } catch (error) {
        expect((error as { code: string }).code).toBe('import-empty')
        made = false
      }
      expect(existsSync(out)).toBe(made)
      if (made) expect(openRecording(out).complete).toBe(true)
    }
  })

  it('has the fault that the driver reports, and the reason of an unmap', () => {
    const [input, out] = [path.join(dir, 'fault.txt'), path.join(dir, 'fault.vascope')]
    const log =
      'vm-log:\n  - map:1: 0x0000000000100000-0x0000000000104000\n  - close:0: 0x0000000000100000-0x0000000000104000\n'
    const fault = 'fault-info:\n  - ttbr0=0000000101e5f000\n  - iova=0000000000102000\n  - dir=READ\n'
    writeFileSync(input, `---\nkernel: 7.3.4\nmodule: msm\ntime: 1795384313.5\ncomm: a\n${fault}${log}`)
    importSession(input, out)
    const { model } = openRecording(out)
    expect(model.state.gpuFaults).toMatchObject([{ iova: 0x102000 }])
    expect([model.counts.get(Kind.PteMap), model.counts.get(Kind.PteUnmap)]).toEqual([1, 1])
  })
})

it('what is nothing of the kind is refused, and makes no file', () => {
  const [input, out] = [path.join(dir, 'no.txt'), path.join(dir, 'no.vascope')]
  writeFileSync(input, 'hello')
  expect(() => importSession(input, out)).toThrow(/nothing that can be imported/)
  expect(() => importSession(path.join(dir, 'absent'), out)).toThrow(/cannot be read/)
  expect(existsSync(out)).toBe(false)
})
