import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { SessionModel } from '../../../engine/model/session'
import { BatchDecoder } from '../../../engine/wire/batch'
import { FrameReader } from '../../../engine/wire/frames'
import { big, eventsOf, Frame } from '../../../engine/wire/messages'
import { Field, Kind, type Schema } from '../../../engine/wire/schema'

const FOLDER = path.resolve(import.meta.dirname, '../../../proto/golden')
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.bin'))
  .map((name) => name.slice(0, -4))

/** The one message of a fixture. */
function message(name: string): Uint8Array {
  const messages: Uint8Array[] = []
  const reader = new FrameReader((m) => messages.push(m.slice()))
  reader.push(readFileSync(path.join(FOLDER, `${name}.bin`)))
  expect([messages.length, reader.pending]).toEqual([1, 0])
  return messages[0]!
}

type Tree = { [field: string]: (string | Tree)[] }

/** Protobuf's text form as it prints it: one field a line, braces around messages, every field as a list. */
function parseText(text: string): Tree {
  const root: Tree = {}
  const stack = [root]
  for (const line of text.split('\n').map((l) => l.trim())) {
    const [, field, rest] = /^(\w+)(?::)? (.*)$/.exec(line) ?? []
    if (line === '}') stack.pop()
    else if (field && rest === '{') {
      const child: Tree = {}
      ;(stack.at(-1)![field] ??= []).push(child)
      stack.push(child)
    } else if (field) (stack.at(-1)![field] ??= []).push(rest!.startsWith('"') ? (JSON.parse(rest!) as string) : rest!)
  }
  expect(stack).toHaveLength(1)
  return root
}

/** A decoded message in the same shape. Default values are left out of the text form, and so here. */
function toTree(value: object): Tree {
  const tree: Tree = {}
  for (const [name, field] of Object.entries(value)) {
    const list = (Array.isArray(field) ? field : [field]) as unknown[]
    const snake = name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
    const items = list.map((item) => (item !== null && typeof item === 'object' ? toTree(item) : String(item)))
    if (items.length > 0) tree[snake] = items
  }
  return tree
}

describe('golden frames', () => {
  it('are there for every frame of the protocol', () => {
    expect(names.sort()).toEqual([
      'capabilities',
      'events',
      'goodbye',
      'heartbeat',
      'hello',
      'log',
      'loss',
      'scenario',
      'snapshot'
    ])
  })

  it.each(names)('%s decodes to its text form', (name) => {
    const decoded = Frame.toObject(Frame.decode(message(name)), { longs: String, enums: String })
    const numbers = Frame.toObject(Frame.decode(message(name)), { longs: String })
    const text = parseText(readFileSync(path.join(FOLDER, `${name}.txtpb`), 'utf8'))
    // EventBatch.kind is a plain number in the proto, so that unknown kinds survive
    expect(toTree(name === 'events' ? numbers : decoded)).toEqual(text)
  })

  it('the event batch decodes by the schema of the capabilities, kind by kind', () => {
    const { capabilities } = Frame.decode(message('capabilities'))
    const schema: Schema = new Map(
      capabilities!.schema!.map((s) => [s.kind!, { kind: s.kind!, name: s.name!, columns: s.columns!.map(Number) }])
    )
    const batch = new BatchDecoder(schema, big(5_000_000_000)).decode(eventsOf(message('events'))!)
    expect(batch.unknown).toBe(0)
    expect(new Set(batch.kind.subarray(0, batch.count)).size).toBeGreaterThanOrEqual(28)
    const first = batch.kind.indexOf(Kind.VaInsert)
    const value = (field: number): number => batch.columns[field]![first]!
    expect([value(Field.range), value(Field.iova)].every((v) => v > 0)).toBe(true)
  })

  it('the model takes in all of them without a fault', () => {
    const model = new SessionModel()
    for (const name of [
      'hello',
      'capabilities',
      'snapshot',
      'events',
      'scenario',
      'loss',
      'log',
      'heartbeat',
      'goodbye'
    ])
      model.take(message(name))
    expect(model.faults).toEqual([])
    expect([model.events > 0, model.snapshots, model.goodbye !== null]).toEqual([true, 1, true])
  })
})
