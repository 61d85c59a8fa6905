import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Replay } from '../../../engine/export/replay'
import { Source } from '../../../engine/export/source'
import { findCovering } from '../../../engine/session/find'
import { openRecording } from '../../../engine/session/recording'
import { SessionReader } from '../../../engine/store/reader'
import { SessionWriter } from '../../../engine/store/writer'
import { Frame } from '../../../engine/wire/messages'
import { Kind } from '../../../engine/wire/schema'
import { createVm, frame, insert, ORIGIN, remove } from '../stream'

let dir: string
let files = 0
beforeAll(() => (dir = mkdtempSync(path.join(tmpdir(), 'vascope-find-'))))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const PAGE = 0x200
const ns = (ms: number): number => ORIGIN + ms * 1e6
const va = (id: number): object => ({ id, vm: 1, bo: 0, iova: PAGE, range: 4 })
/** A part of a snapshot whose walk took from one time to another, in ms. */
const part = (from: number, to: number, more: object): Uint8Array =>
  Frame.encode({ snapshot: { id: 1, beginNs: ns(from), endNs: ns(to), complete: true, ...more } }).finish()
const loss = (from: number, to: number): Uint8Array =>
  Frame.encode({ loss: { firstNs: ns(from), lastNs: ns(to), kinds: [{ kind: Kind.Vblank, kernel: 1 }] } }).finish()

/** VA and end in ms of each mapping that covered the page: what find, a recording and an export say. All three must agree. */
function ends(frames: Uint8Array[]): [number, number | null][] {
  const file = path.join(dir, `${files++}.vascope`)
  const writer = new SessionWriter(file, { title: 'find', board: 'none' })
  for (const one of [frame.hello(), frame.capabilities(), ...frames]) writer.frame(one)
  writer.close(true)
  const said = (list: { va: number; end: number | null }[]): [number, number | null][] =>
    list
      .map(({ va, end }): [number, number | null] => [va, end === null ? null : Math.round(end * 1000)])
      .sort(([a], [b]) => a - b)

  const reader = new SessionReader(file)
  const found = said(findCovering(reader, BigInt(PAGE * 4096)))
  reader.close()

  const { mappings: m } = openRecording(file).model.state
  const indices = Array.from({ length: m.length }, (_, i) => i)
  const endOf = (i: number): number | null => (m.end.at(i) === Infinity ? null : m.end.at(i))
  expect(said(indices.map((i) => ({ va: m.va.at(i), end: endOf(i) })))).toEqual(found)

  const source = new Source(file)
  const told: { va: number; end: number | null }[] = []
  for (const _ of new Replay(source, { mapping: ({ va, end }) => void told.push({ va, end }) }).run()) continue
  source.close()
  expect(said(told)).toEqual(found)
  return found
}

const made = frame.events(1, [...createVm(1, 1, 2), insert(2, 1, PAGE, 4), insert(3, 2, PAGE, 4)])

describe('a mapping that a snapshot does not show', () => {
  it('has gone where events were lost before the walk', () => {
    expect(ends([made, loss(4, 5), part(10, 11, { last: true, vas: [va(2)] })])).toEqual([
      [1, 10],
      [2, null]
    ])
  })

  it('lives on where nothing was lost: its remove comes behind the snapshot', () => {
    const late = frame.events(2, [remove(9, 1)])
    expect(ends([made, part(10, 11, { last: true, vas: [va(2)] }), late])).toEqual([
      [1, 9],
      [2, null]
    ])
    expect(ends([made, part(10, 11, { last: true, vas: [va(2)] })])).toEqual([
      [1, null],
      [2, null]
    ])
  })

  it('lives on where the walk began before the loss had ended', () => {
    expect(ends([made, loss(4, 10.5), part(10, 11, { last: true, vas: [va(2)] })])[0]).toEqual([1, null])
  })

  it('has gone where batches are missing', () => {
    const later = frame.events(3, createVm(6, 2, 2))
    expect(ends([made, later, part(10, 11, { last: true, vas: [va(2)] })])[0]).toEqual([1, 10])
  })

  it.each([
    ['the first', [part(10, 11, { part: 1, last: true })]],
    ['one in between', [part(10, 11, { part: 0 }), part(10, 11, { part: 2, last: true })]]
  ])('lives on where not all parts of the snapshot came: %s did not', (_, parts) => {
    expect(ends([made, loss(4, 5), ...parts])).toEqual([
      [1, null],
      [2, null]
    ])
  })

  it('has gone once a snapshot comes that is whole again', () => {
    const broken = part(10, 11, { part: 1, last: true })
    const whole = [part(20, 21, { id: 2, vas: [va(1)] }), part(20, 21, { id: 2, part: 1, last: true })]
    expect(ends([made, loss(4, 5), broken, ...whole])).toEqual([
      [1, null],
      [2, 20]
    ])
  })
})
