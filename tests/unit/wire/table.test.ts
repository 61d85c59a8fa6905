import { describe, expect, it } from 'vitest'
import { decodeTable, encodeTable } from '../../../engine/wire/table'
import { skip, varint, WireError } from '../../../engine/wire/varint'

const SPEC = { a: [1, 'plain'], b: [2, 'delta'], c: [3, 'time'] } as const
const rows = {
  a: [0, 127, 128, 2 ** 32, 2 ** 53 - 2],
  b: [5, -(2 ** 40), 2 ** 40, 0, -1],
  c: [NaN, -0.000000001, 1.5, NaN, 123456.789012345]
}

describe('a table', () => {
  it('gives back what was written', () => {
    const { count, columns } = decodeTable(SPEC, encodeTable(SPEC, 5, rows))
    expect([count, [...columns.a], [...columns.b], [...columns.c]]).toEqual([5, rows.a, rows.b, rows.c])
  })

  it('has what it does not know as 0, and times as none', () => {
    const bytes = encodeTable({ a: [1, 'plain'], z: [200, 'plain'] } as const, 2, { a: [7, 8], z: [1, 2] })
    const { count, columns } = decodeTable(SPEC, bytes)
    expect([count, [...columns.a], [...columns.b], [...columns.c]]).toEqual([2, [7, 8], [0, 0], [NaN, NaN]])
    expect(Object.keys(decodeTable(SPEC, bytes, ['b']).columns)).toEqual(['b'])
    expect(decodeTable(SPEC, new Uint8Array(0)).count).toBe(0)
  })

  it('is refused where its columns end early', () => {
    const bytes = encodeTable(SPEC, 5, rows)
    for (let n = 1; n < bytes.length; n++)
      try {
        decodeTable(SPEC, bytes.subarray(0, n))
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
      }
    const short = encodeTable({ a: [1, 'plain'] } as const, 2, { a: [1, 2] })
    const long = encodeTable({ b: [2, 'delta'] } as const, 1, { b: [1] })
    expect(() => decodeTable(SPEC, Uint8Array.from([...short, ...long]))).toThrow(WireError)
  })
})

it('a field that is stepped over is stepped over whole', () => {
  const c = { data: Uint8Array.from([0x7a, 3, 9, 9, 9, 42]), at: 0 }
  skip(c, varint(c))
  expect(varint(c)).toBe(42)
})
