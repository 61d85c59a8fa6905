/** Where a reader of protobuf fields stands in a message. */
export interface Cursor {
  data: Uint8Array
  at: number
}

export class WireError extends Error {}

/** Up to 2^53 exact; larger values lose their low bits, which only flags of other drivers could have. Throws WireError at the end. */
export function varint(c: Cursor): number {
  const { data } = c
  let value = 0
  let scale = 1
  for (;;) {
    const byte = data[c.at++]
    if (byte === undefined) throw new WireError('a number ends behind the message')
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
    scale *= 128
  }
}

/** Steps over a field whose tag was read. Throws WireError where it cannot be one. */
export function skip(c: Cursor, tag: number): void {
  const wire = tag % 8
  if (wire === 0) varint(c)
  else if (wire === 1) c.at += 8
  else if (wire === 2) {
    const length = varint(c) // moves c.at, so it comes before c.at is read
    c.at += length
  } else if (wire === 5) c.at += 4
  else throw new WireError(`wire type ${wire}`)
  if (c.at > c.data.length) throw new WireError('a field ends behind the message')
}
