import fs, { appendFileSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { appendEndingNote } from '../../../engine/store/ending-note'
import { SessionReader } from '../../../engine/store/reader'
import { repair } from '../../../engine/store/repair'
import { SessionWriter } from '../../../engine/store/writer'

const FIXTURE = path.join(import.meta.dirname, '../../fixtures/sessions/format-1.2.vascope')

const disk = vi.hoisted(() => ({ write: null as null | ((...args: never[]) => number) }))
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  return {
    ...real,
    writeSync: (...args: never[]) => (disk.write ?? (real.writeSync as never as typeof disk.write)!)(...args)
  }
})

let folder: string
let file: string
let writer: SessionWriter
let frames: Uint8Array[]
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vascope-append-'))
  file = path.join(folder, 'a.vascope')
  writer = new SessionWriter(file, { title: 'recorded', board: 'none' })
  const reader = new SessionReader(FIXTURE)
  frames = []
  reader.frames((frame) => void frames.push(Uint8Array.from(frame)))
  reader.close()
  record(0, frames.length / 2)
})
afterEach(() => {
  disk.write = null
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

function record(from: number, to: number): void {
  for (const frame of frames.slice(from, to)) writer.frame(frame)
  writer.flush()
}

/** Runs in the moment between the index and the append. */
function meanwhile(then: () => void): void {
  const real = SessionReader.prototype.index
  vi.spyOn(SessionReader.prototype, 'index').mockImplementationOnce(function (this: SessionReader) {
    const index = real.call(this)
    then()
    return index
  })
}

describe('an ending', () => {
  it('is not appended to a file that has none and was written to just now', () => {
    const before = readFileSync(file)
    expect(() => appendEndingNote(file, 'annotations', '{}')).toThrow('is being recorded')
    expect(() => repair(file)).toThrow('is being recorded')
    expect(readFileSync(file).equals(before)).toBe(true)
    utimesSync(file, 1e9, 1e9)
    expect(repair(file).done).toBe('index')
  })

  it('is not written over what a recorder wrote while the index was made', () => {
    utimesSync(file, 1e9, 1e9)
    meanwhile(() => {
      record(frames.length / 2, frames.length)
      utimesSync(file, 1e9, 1e9)
    })
    expect(() => appendEndingNote(file, 'annotations', '{}')).toThrow('is being recorded')
    writer.close(true)
    const reader = new SessionReader(file)
    reader.scan()
    expect([reader.indexed, reader.damage, reader.lost().events]).toEqual([true, [], 0])
    reader.close()
  })

  it('is taken back where the disk is full, and nothing of what stands behind it', () => {
    writer.close(true)
    const before = readFileSync(file)
    const full = (): number => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    }
    disk.write = full
    expect(() => appendEndingNote(file, 'annotations', '{}')).toThrow('is full')
    expect(readFileSync(file).equals(before)).toBe(true)
    disk.write = () => {
      appendFileSync(file, 'of another')
      return full()
    }
    expect(() => appendEndingNote(file, 'annotations', '{}')).toThrow('is full')
    expect(readFileSync(file).toString('latin1').endsWith('of another')).toBe(true)
  })
})
