import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { VascopeError } from '../../../engine/problem'
import { openRecording } from '../../../engine/session/recording'
import { chunkBytes, ChunkType, crc32, HEAD_BYTES, slowCrc32, TAIL_BYTES } from '../../../engine/store/format'
import { SessionReader } from '../../../engine/store/reader'
import { SessionWriter } from '../../../engine/store/writer'
import { SessionTail } from '../../../engine/wire/messages'
import { frame, insert } from '../stream'

vi.setConfig({ testTimeout: 60_000 }) // a busy machine writes slowly

let dir: string
const file = (): string => path.join(dir, 's.vascope')
const HEAD = {
  program: 'vascope test',
  board: 'virtual',
  title: 't',
  command: 'c',
  pageSize: 4096,
  startedRealtimeNs: 0,
  facts: {}
}

beforeEach(() => (dir = mkdtempSync(path.join(tmpdir(), 'vascope-store-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A session of `batches` chunks of one event each. */
function record(batches: number, complete = true): void {
  const writer = new SessionWriter(file(), HEAD)
  writer.frame(frame.hello())
  writer.frame(frame.capabilities())
  for (let i = 0; i < batches; i++) {
    writer.frame(frame.events(i + 1, [insert(i, i + 1, i, 1)]))
    writer.flush()
  }
  writer.close(complete)
}

function failure(run: () => unknown): VascopeError {
  try {
    run()
  } catch (error) {
    if (error instanceof VascopeError) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('session files', () => {
  it('give back what was written, byte by byte', () => {
    const frames = [frame.hello(), frame.capabilities(), frame.events(1, [insert(0, 1, 1, 1)])]
    const writer = new SessionWriter(file(), HEAD)
    for (const f of frames) writer.frame(f)
    writer.close(true)
    const reader = new SessionReader(file())
    const read: number[][] = []
    reader.frames((message) => read.push([...message]))
    reader.close()
    expect(read).toEqual(frames.map((f) => [...f]))
    expect([reader.complete, reader.damage, reader.head.board]).toEqual([true, [], 'virtual'])
  })

  it('use the CRC-32 that everyone uses', () => {
    for (const crc of [crc32, slowCrc32]) expect(crc(Buffer.from('123456789'))).toBe(0xcbf43926)
  })

  it('open up to a cut anywhere behind the first frames', () => {
    record(8)
    const whole = readFileSync(file())
    const events = (bytes: number): number => {
      writeFileSync(file(), whole.subarray(0, bytes))
      return openRecording(file()).model.events
    }
    const all = openRecording(file())
    expect([all.model.events, all.complete]).toEqual([8, true])
    let before = 0
    const first = whole.indexOf('VCHK', whole.indexOf('VCHK', whole.indexOf('VCHK') + 1) + 1) // behind the first frames
    for (let cut = first; cut < whole.length; cut += 7) {
      const now = events(cut)
      expect(now).toBeGreaterThanOrEqual(before)
      expect(now).toBeLessThanOrEqual(8)
      before = now
    }
    expect(before).toBe(8)
  })

  it('lose no more than the chunk in which a byte was flipped, and say where', () => {
    record(8)
    const whole = readFileSync(file())
    const chunks = [...whole.toString('latin1').matchAll(/VCHK/g)].map((m) => m.index)
    const damaged = Buffer.from(whole)
    damaged[chunks[4]! + 20]! ^= 0x10
    writeFileSync(file(), damaged)
    const recording = openRecording(file())
    expect(recording.model.events).toBe(7)
    expect(recording.damage).toEqual([{ offset: chunks[4], bytes: chunks[5]! - chunks[4]!, text: 'a damaged chunk' }])
    expect(recording.model.state.markers.filter((m) => m.kind === 'loss').map((m) => m.text)).toEqual([
      '1 batches missing'
    ])
  })

  it('are complete only with an index that says so', () => {
    record(2, false)
    expect(openRecording(file()).complete).toBe(false)
    record2WithoutIndex()
    expect(openRecording(file())).toMatchObject({ complete: false })
    expect(openRecording(file()).model.events).toBe(2)
  })

  function record2WithoutIndex(): void {
    rmSync(file())
    record(2)
    truncateSync(file(), readFileSync(file()).lastIndexOf('VCHK', -TAIL_BYTES - 32))
  }

  it('are read as a whole where the tail points behind the file', () => {
    record(2)
    const bytes = readFileSync(file())
    const tail = SessionTail.encode({ endingOffset: bytes.length + 1000, chunkType: ChunkType.Tail }).finish()
    const chunk = chunkBytes(ChunkType.Tail, tail)
    writeFileSync(file(), Buffer.concat([bytes.subarray(0, -chunk.length), chunk]))
    const reader = new SessionReader(file())
    expect([reader.indexed, reader.index().events]).toEqual([false, 2])
    reader.close()
    expect(openRecording(file()).model.events).toBe(2)
  })

  it('are read around a description that is sound and cannot be decoded', () => {
    record(2)
    const bytes = readFileSync(file())
    const second = bytes.indexOf('VCHK', HEAD_BYTES + 4)
    const end = bytes.lastIndexOf('VCHK', -TAIL_BYTES - 32) // no index
    const broken = chunkBytes(ChunkType.Context, Uint8Array.from([0xff, 0xff]))
    writeFileSync(file(), Buffer.concat([bytes.subarray(0, HEAD_BYTES), broken, bytes.subarray(second, end)]))
    const { model, damage } = openRecording(file())
    expect(model.events).toBe(2)
    expect(damage.map((d) => d.text).join()).toMatch(/cannot be decoded/)
  })

  it('never overwrite another file', () => {
    writeFileSync(file(), 'precious')
    expect(failure(() => new SessionWriter(file(), HEAD))).toMatchObject({ code: 'file-exists', exit: 2 })
    expect(readFileSync(file(), 'utf8')).toBe('precious')
  })

  it.each([
    ['no such file', null, 'file-missing', 2],
    ['an empty file', '', 'file-not-a-session', 4],
    ['another kind of file', 'PNG'.repeat(20), 'file-not-a-session', 4],
    ['a newer format', 'VASCOPE\n\x09\0\0\0\0\0\0\0', 'file-too-new', 4],
    ['nothing behind the head', 'VASCOPE\n\x01\0\0\0\0\0\0\0', 'file-damaged', 4]
  ])('say what is wrong with %s', (_, content, code, exit) => {
    if (content !== null) writeFileSync(file(), content, 'latin1')
    const error = failure(() => openRecording(file()))
    expect(error).toMatchObject({ code, exit })
    expect(error.message).toContain(file())
    expect(error.remedy).not.toBe('')
  })

  it('are read around rubbish between chunks', () => {
    record(1)
    appendFileSync(file(), 'rubbish with VCHK in it')
    const recording = openRecording(file())
    expect(recording.model.events).toBe(1)
    expect(recording.damage).toMatchObject([{ bytes: 23, text: 'the file ends within a chunk' }])
  })

  it.skipIf(process.getuid?.() !== 0)('keep what was recorded when the disk is full', () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'vascope-test', dir])
    try {
      const writer = new SessionWriter(file(), HEAD)
      writer.frame(frame.hello())
      writer.frame(frame.capabilities())
      let written = 0
      while (!writer.problem) {
        const big = Array.from({ length: 3000 }, (_, i) => insert(i, written * 3000 + i + 1, i, 1))
        writer.frame(frame.events(++written, big))
        writer.flush()
      }
      writer.close(false)
      expect(writer.problem).toMatchObject({ code: 'disk-full', exit: 3 })
      const recording = openRecording(file())
      expect(recording.model.events).toBe((written - 1) * 3000)
      expect(recording.damage).toEqual([])
      // a chunk did not fit, but the index that counts it did
      expect(recording.lost).toMatchObject({ events: 3000, exact: true })
    } finally {
      execFileSync('umount', [dir])
    }
  })
})
