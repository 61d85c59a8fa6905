import { describe, expect, it } from 'vitest'
import { BatchDecoder, BatchError } from '../../../engine/wire/batch'
import { Column, EventBatch, EventKind } from '../../../engine/wire/messages'
import { DELTA_COLUMNS, Field, Kind, type Schema } from '../../../engine/wire/schema'
import { encodeColumns, insert, ORIGIN, remove, SCHEMA } from '../stream'

const schema: Schema = new Map(SCHEMA.map(([kind, name, columns]) => [kind, { kind, name, columns }]))
const decoder = (): BatchDecoder => new BatchDecoder(schema, BigInt(ORIGIN))

describe('event batches', () => {
  it('spreads columns over the events that carry them', () => {
    const events = [insert(1, 10, 0x100021, 16, 3), remove(1.5, 9), insert(2, 11, 0x100000, 1, 2), remove(3, 10)]
    const bytes = EventBatch.encode({ ...encodeColumns(events), seq: 7 }).finish()
    const batch = decoder().decode(bytes)
    expect([batch.seq, batch.count, batch.unknown]).toEqual([7, 4, 0])
    expect([...batch.time.subarray(0, 4)]).toEqual([1e6, 1.5e6, 2e6, 3e6])
    expect([...batch.columns[Field.va]!.subarray(0, 4)]).toEqual([10, 9, 11, 10])
    expect([batch.columns[Field.iova]![0], batch.columns[Field.iova]![2]]).toEqual([0x100021, 0x100000])
    expect([batch.columns[Field.bo]![0], batch.columns[Field.bo]![2]]).toEqual([3, 2])
  })

  it('keeps 57-bit addresses and negative deltas exact', () => {
    const page = 2 ** 45 - 1
    const events = [insert(0, 1, page, 2 ** 40), insert(0, 2, 0, 1)]
    const batch = decoder().decode(EventBatch.encode({ ...encodeColumns(events) }).finish())
    expect([...batch.columns[Field.iova]!.subarray(0, 2)]).toEqual([page, 0])
    expect(batch.columns[Field.range]![0]).toBe(2 ** 40)
  })

  it('takes in more events than its arrays were made for', () => {
    const events = Array.from({ length: 10_000 }, (_, i) => insert(i, i + 1, i, 1))
    const batch = decoder().decode(EventBatch.encode({ ...encodeColumns(events) }).finish())
    expect([batch.count, batch.columns[Field.va]![9999]]).toEqual([10_000, 10_000])
  })

  it('takes no field below the columns for one, whatever a schema says', () => {
    const odd: Schema = new Map([[Kind.VaRemove, { kind: Kind.VaRemove, name: 'odd', columns: [5, 0, Field.va] }]])
    const bytes = EventBatch.encode({ kind: [Kind.VaRemove], time: [0], va: [9], baseNs: ORIGIN }).finish()
    expect(new BatchDecoder(odd, BigInt(ORIGIN)).decode(bytes).columns[Field.va]![0]).toBe(9)
  })

  it('keeps and counts kinds it does not know', () => {
    const bytes = EventBatch.encode({ kind: [900, 901], time: [0, 0], baseNs: ORIGIN }).finish()
    const batch = decoder().decode(bytes)
    expect([batch.count, batch.unknown, batch.kind[1]]).toEqual([2, 2, 901])
  })

  it.each([
    ['fewer entries than events', { kind: [Kind.VaRemove], time: [0], task: [1], vm: [1] }],
    ['more entries than events', { kind: [Kind.VaRemove], time: [0], task: [1], vm: [1, 1], va: [1] }],
    ['fewer times than events', { kind: [900, 900], time: [0] }],
    ['more times than events', { kind: [900], time: [0, 0] }]
  ])('refuses %s', (_, columns) => {
    expect(() => decoder().decode(EventBatch.encode({ ...columns, baseNs: ORIGIN }).finish())).toThrow(BatchError)
  })

  it('refuses bytes that are no batch', () => {
    const good = EventBatch.encode({ ...encodeColumns([insert(1, 1, 1, 1)]) }).finish()
    expect(() => decoder().decode(good.subarray(0, good.length - 1))).toThrow(BatchError)
    expect(() => decoder().decode(Uint8Array.from([0x0d, 1, 2, 3, 4]))).toThrow(BatchError)
  })
})

describe('the names used on the hot path', () => {
  const upper = (name: string): string => name.replace(/(?<=.)[A-Z]/g, (c) => `_${c}`).toUpperCase()

  it('have the numbers of the proto', () => {
    const kinds = Object.fromEntries(Object.entries(Kind).map(([name, value]) => [`EVENT_KIND_${upper(name)}`, value]))
    const proto = Object.fromEntries(Object.entries(EventKind).filter(([, v]) => typeof v === 'number' && v !== 0))
    expect(kinds).toEqual(proto)
    const columns = Object.entries(Field).filter(([, value]) => value >= Field.task)
    const protoColumns = Object.fromEntries(Object.entries(Column).filter(([, v]) => typeof v === 'number' && v !== 0))
    expect(Object.fromEntries(columns.map(([name, value]) => [`COLUMN_${upper(name)}`, value]))).toEqual(protoColumns)
  })

  it('know which columns are deltas', () => {
    expect([...DELTA_COLUMNS].sort()).toEqual([Field.va, Field.vmBo, Field.bo, Field.iova, Field.job].sort())
  })
})
