import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readAnnotations, writeAnnotations } from '../../../engine/session/annotations'
import { activityOf } from '../../../engine/session/activity'
import { openRecording } from '../../../engine/session/recording'
import { appendEndingNote } from '../../../engine/store/ending-note'
import { SessionReader } from '../../../engine/store/reader'
import { repair } from '../../../engine/store/repair'
import type { Index } from '../../../engine/store/session-index'
import { Kind } from '../../../engine/wire/schema'

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/sessions')
const SOME = { tags: ['leak', 'rb3gen2'], note: 'second run', known: { 'S2 bo 4': 'msm bug 12' } }

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vascope-annotations-'))
  file = path.join(folder, 'a.vascope')
  copyFileSync(path.join(FIXTURES, 'format-1.1.vascope'), file)
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('what people write to a session', () => {
  it('is in its file, newest last, and touches nothing that was recorded', () => {
    const before = readFileSync(file)
    const was = openRecording(file)
    expect(readAnnotations(file)).toEqual({ tags: [], note: '', known: {} })
    writeAnnotations(file, { ...SOME, note: 'first' })
    writeAnnotations(file, { ...SOME, tags: ['leak', ' rb3gen2 ', 'leak', ''] })
    expect(readAnnotations(file)).toEqual(SOME)
    const after = readFileSync(file)
    expect(after.subarray(0, before.length)).toEqual(before)
    const is = openRecording(file)
    expect(is.damage).toEqual([])
    expect(is.complete).toBe(was.complete)
    expect(is.model.events).toBe(was.model.events)
    expect(is.model.state.markers).toEqual(was.model.state.markers)
  })

  it('needs no room but its own, however often it is written', () => {
    writeAnnotations(file, SOME)
    const before = readFileSync(file).length
    for (let n = 0; n < 20; n++) writeAnnotations(file, { ...SOME, note: `${n}` })
    expect(readFileSync(file).length - before).toBeLessThan(20 * (JSON.stringify(SOME).length + 120))
    expect(readAnnotations(file).note).toBe('19')
    const reader = new SessionReader(file)
    expect([reader.indexed, reader.index().chunks.length > 0]).toEqual([true, true])
    reader.scan()
    expect([reader.damage, reader.lost().events]).toEqual([[], 0])
    reader.close()
    // a tail that is damaged leaves the notes before it
    truncateSync(file, readFileSync(file).length - 5)
    expect(readAnnotations(file).note).toBe('19')
    utimesSync(file, 1e9, 1e9)
    expect(repair(file).done).toBe('index')
    expect(readAnnotations(file).note).toBe('19')
  })

  it('is told no more where a cut took it, and the session before it is as it was', () => {
    const bytes = readFileSync(file).length
    writeAnnotations(file, SOME)
    truncateSync(file, bytes)
    expect(readAnnotations(file)).toEqual({ tags: [], note: '', known: {} })
    truncateSync(file, bytes - 40)
    utimesSync(file, 1e9, 1e9) // nobody records it
    writeAnnotations(file, SOME)
    expect(readAnnotations(file)).toEqual(SOME)
    const reader = new SessionReader(file)
    expect(reader.indexed).toBe(true)
    reader.close()
  })

  it('outlives a cut behind it, and comes along when the file is repaired or copied', () => {
    writeAnnotations(file, SOME)
    truncateSync(file, readFileSync(file).length - 5)
    expect(readAnnotations(file)).toEqual(SOME)
    const copy = path.join(folder, 'copy.vascope')
    repair(file, copy)
    expect(readAnnotations(copy)).toEqual(SOME)
    utimesSync(file, 1e9, 1e9) // nobody records it
    expect(repair(file).done).toBe('index')
    expect(readAnnotations(file)).toEqual(SOME)
    for (const name of [file, copy]) {
      const reader = new SessionReader(name)
      expect(reader.indexed).toBe(true)
      reader.close()
    }
    const sound = path.join(folder, 'sound.vascope')
    repair(copy, sound)
    expect(readAnnotations(sound)).toEqual(SOME)
  })

  it('is found in a cut file among chunks of any size, and the newest counts', () => {
    const large = { ...SOME, note: 'long '.repeat(20_000) }
    writeAnnotations(file, SOME)
    writeAnnotations(file, large)
    const end = readFileSync(file).length
    writeAnnotations(file, { ...SOME, note: 'newest' })
    truncateSync(file, readFileSync(file).length - 5)
    expect(readAnnotations(file).note).toBe('newest')
    truncateSync(file, end - 5)
    expect(readAnnotations(file)).toEqual(large)
  })

  it('goes into a file of the first format too', () => {
    copyFileSync(path.join(FIXTURES, 'format-1.0.vascope'), file)
    const { events } = openRecording(file).model
    utimesSync(file, 1e9, 1e9) // nobody records it
    writeAnnotations(file, SOME)
    expect(readAnnotations(file)).toEqual(SOME)
    expect(openRecording(file).model.events).toBe(events)
  })

  it('is empty where it makes no sense, and refused where there is no session', () => {
    appendEndingNote(file, 'annotations', '{"tags": 4, "note": "kept"')
    expect(readAnnotations(file)).toEqual({ tags: [], note: '', known: {} })
    appendEndingNote(file, 'annotations', '{"tags": 4, "note": "kept"}')
    expect(readAnnotations(file)).toEqual({ tags: [], note: 'kept', known: {} })
    const text = path.join(folder, 'text.vascope')
    writeFileSync(text, 'no session')
    expect(() => writeAnnotations(text, SOME)).toThrow('is not a Vascope session')
    expect(readFileSync(text, 'utf8')).toBe('no session')
  })
})

describe('the thumbnail of a session', () => {
  const chunk = (second: number, inserts: number, removes: number): Index['chunks'][number] => ({
    offset: 0,
    length: 0,
    firstNs: second * 1e9,
    lastNs: second * 1e9 + 5e8,
    events: inserts + removes,
    before: 0,
    firstSeq: 1,
    lastSeq: 1,
    counts: new Map([
      [Kind.VaInsert, inserts],
      [Kind.VaRemove, removes]
    ])
  })

  it('is how many mappings lived, as shares of the most', () => {
    const activity = activityOf({ chunks: [chunk(100, 30, 10), chunk(150, 20, 0), chunk(199, 0, 40)] })
    expect(activity).toHaveLength(64)
    expect([activity[0], activity[31], activity[33], activity[63]]).toEqual([0.5, 0.5, 1, 0])
  })

  it('counts those of before the recording from the least there were', () => {
    const activity = activityOf({ chunks: [chunk(0, 0, 10), chunk(9, 5, 0)] })
    expect([activity[0], activity[20], activity[63]]).toEqual([1, 0, 0.5])
  })

  it('is empty where the index does not tell', () => {
    expect(activityOf({ chunks: [] })).toEqual([])
  })
})
