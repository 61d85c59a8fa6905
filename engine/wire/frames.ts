/** The largest message either side may send, in bytes (docs/protocol.md). */
export const MAX_MESSAGE = 1 << 20

/** The stream is not what the protocol says; nothing after this can be trusted. */
export class FramingError extends Error {}

/**
 * Cuts a byte stream into length-delimited messages. Feed it chunks as they come; it calls `onMessage` with each complete message
 * (a view that is valid only during the call) and keeps what is incomplete.
 */
export class FrameReader {
  private rest = new Uint8Array(0)

  constructor(private readonly onMessage: (message: Uint8Array) => void) {}

  /** Bytes that are held because their message is not complete. */
  get pending(): number {
    return this.rest.length
  }

  /** Throws FramingError where a length is impossible. */
  push(chunk: Uint8Array): void {
    let data = chunk
    if (this.rest.length > 0) {
      data = new Uint8Array(this.rest.length + chunk.length)
      data.set(this.rest)
      data.set(chunk, this.rest.length)
    }
    let at = 0
    for (;;) {
      const head = readLength(data, at)
      if (!head) break
      const end = head.next + head.length
      if (end > data.length) break
      this.onMessage(data.subarray(head.next, end))
      at = end
    }
    this.rest = data.slice(at)
  }
}

/**
 * Calls back with each message of a buffer that holds whole ones, without copying. Answers the bytes that were used: fewer than there
 * are where the rest is no message.
 */
export function eachMessage(data: Uint8Array, onMessage: (message: Uint8Array) => void): number {
  let at = 0
  for (;;) {
    const head = lengthOrNull(data, at)
    if (!head || head.next + head.length > data.length) return at
    onMessage(data.subarray(head.next, head.next + head.length))
    at = head.next + head.length
  }
}

function lengthOrNull(data: Uint8Array, at: number): ReturnType<typeof readLength> {
  try {
    return readLength(data, at)
  } catch (error) {
    if (error instanceof FramingError) return null
    throw error
  }
}

/** The varint length at `at`, or null where more bytes are needed. */
function readLength(data: Uint8Array, at: number): { length: number; next: number } | null {
  let length = 0
  for (let i = 0; i < 4; i++) {
    const byte = data[at + i]
    if (byte === undefined) return null
    length |= (byte & 0x7f) << (7 * i)
    if (byte < 0x80) {
      if (length > MAX_MESSAGE) throw new FramingError(`a message of ${length} bytes, the limit is ${MAX_MESSAGE}`)
      return { length, next: at + i + 1 }
    }
  }
  throw new FramingError('a message length of more than four bytes')
}

/** The message with its length in front, as it goes over the wire and into the session file. */
export function delimit(message: Uint8Array): Uint8Array {
  const head: number[] = []
  let length = message.length
  while (length >= 0x80) {
    head.push((length & 0x7f) | 0x80)
    length >>>= 7
  }
  head.push(length)
  const out = new Uint8Array(head.length + message.length)
  out.set(head)
  out.set(message, head.length)
  return out
}
