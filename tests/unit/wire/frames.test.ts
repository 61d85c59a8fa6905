import { describe, expect, it } from 'vitest'
import { delimit, FrameReader, FramingError, MAX_MESSAGE } from '../../../engine/wire/frames'

function read(chunks: Uint8Array[]): { messages: number[][]; pending: number } {
  const messages: number[][] = []
  const reader = new FrameReader((message) => messages.push([...message]))
  for (const chunk of chunks) reader.push(chunk)
  return { messages, pending: reader.pending }
}

describe('frames', () => {
  const long = new Uint8Array(300).fill(7)
  const bytes = Buffer.concat([delimit(new Uint8Array([1, 2, 3])), delimit(new Uint8Array(0)), delimit(long)])

  it('cuts a stream into messages however its chunks fall', () => {
    const whole = read([bytes])
    expect(whole).toEqual({ messages: [[1, 2, 3], [], [...long]], pending: 0 })
    for (const size of [1, 2, 3, 5, 100]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size)
      )
      expect(read(chunks)).toEqual(whole)
    }
  })

  it('keeps an incomplete message until the rest has come', () => {
    expect(read([bytes.subarray(0, bytes.length - 1)])).toMatchObject({ messages: [[1, 2, 3], []], pending: 301 })
  })

  it('refuses a length above the limit and one that does not end', () => {
    expect(() => read([Uint8Array.from([0x81, 0x80, 0x40])])).toThrow(FramingError)
    expect(() => read([Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff])])).toThrow(FramingError)
    expect(MAX_MESSAGE).toBe(1048576)
  })
})
