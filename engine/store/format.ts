/**
 * The session file on disk (proto/vascope/v1/session.proto has the layout and the messages).
 */
export const MAGIC = 'VASCOPE\n'
export const MAJOR = 1
export const MINOR = 0
export const HEAD_BYTES = 16
export const CHUNK_HEAD_BYTES = 16
export const CHUNK_MAGIC = 0x4b484356 // "VCHK", little endian

export const ChunkType = { Head: 1, Frames: 2, Index: 3, Note: 4 } as const

/** No chunk is longer; a larger length in a file is damage. Frames are cut into chunks of about CHUNK_TARGET. */
export const CHUNK_LIMIT = 8 << 20
export const CHUNK_TARGET = 256 << 10

export function fileHead(): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.write(MAGIC, 0, 'latin1')
  head.writeUInt32LE(MAJOR, 8)
  head.writeUInt32LE(MINOR, 12)
  return head
}

export function chunkHead(type: number, length: number, crc: number): Buffer {
  const head = Buffer.alloc(CHUNK_HEAD_BYTES)
  head.writeUInt32LE(CHUNK_MAGIC, 0)
  head.writeUInt32LE(type, 4)
  head.writeUInt32LE(length, 8)
  head.writeUInt32LE(crc, 12)
  return head
}

const CRC_TABLE = new Uint32Array(256).map((_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})

/** CRC-32 (IEEE 802.3). zlib.crc32 exists from Node 20.15 and 22.2 on, not in every Electron this runs in. */
export function crc32(data: Uint8Array): number {
  let c = 0xffffffff
  for (let i = 0; i < data.length; i++) c = CRC_TABLE[(c ^ data[i]!) & 0xff]! ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}
