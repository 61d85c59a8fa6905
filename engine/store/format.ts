import * as zlib from 'node:zlib'

/**
 * The session file on disk (proto/vascope/v1/session.proto has the layout and the messages, docs/format.md what survives what).
 */
export const MAGIC = 'VASCOPE\n'
export const MAJOR = 1
export const MINOR = 3
export const HEAD_BYTES = 16
export const CHUNK_HEAD_BYTES = 16
export const CHUNK_MAGIC = 0x4b484356 // "VCHK", little endian

export const ChunkType = {
  Head: 1,
  Frames: 2,
  Index: 3,
  Note: 4,
  Context: 5,
  Summary: 6,
  Tail: 7,
  Keyframe: 8,
  Overview: 9
} as const

/** No chunk is longer; a larger length in a file is damage. Frames are cut into chunks of about CHUNK_TARGET. */
export const CHUNK_LIMIT = 8 << 20
export const CHUNK_TARGET = 256 << 10
/** After so many bytes the context is written again. */
export const CONTEXT_EVERY = 64 << 20
/** Of a SessionTail. */
export const TAIL_BYTES = 11

/** Tag of the field chunk_type, by which every payload ends with its own type. */
const SEAL = (15 << 3) | 0
/** A frames chunk has it as a Frame of its own. */
export const FRAMES_SEAL = Uint8Array.from([2, SEAL, ChunkType.Frames])

/** The type that a payload says it has, or 0 where it does not say (files of 1.0). */
export function sealOf(payload: Uint8Array): number {
  const type = payload.length >= 2 && payload[payload.length - 2] === SEAL ? payload[payload.length - 1]! : 0
  return type <= ChunkType.Overview ? type : 0
}

export function fileHead(): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.write(MAGIC, 0, 'latin1')
  head.writeUInt32LE(MAJOR, 8)
  head.writeUInt32LE(MINOR, 12)
  return head
}

/** A chunk as it stands in the file. */
export function chunkBytes(type: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(CHUNK_HEAD_BYTES)
  head.writeUInt32LE(CHUNK_MAGIC, 0)
  head.writeUInt32LE(type, 4)
  head.writeUInt32LE(payload.length, 8)
  head.writeUInt32LE(crc32(payload), 12)
  return Buffer.concat([head, payload])
}

const CRC_TABLE = new Uint32Array(256).map((_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})

/** CRC-32 (IEEE 802.3) in JavaScript. */
export function slowCrc32(data: Uint8Array): number {
  let c = 0xffffffff
  for (let i = 0; i < data.length; i++) c = CRC_TABLE[(c ^ data[i]!) & 0xff]! ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}

/** CRC-32 (IEEE 802.3). zlib.crc32 exists from Node 20.15 and 22.2 on, not in every Electron this runs in. */
export const crc32: (data: Uint8Array) => number = (zlib as { crc32?: (data: Uint8Array) => number }).crc32 ?? slowCrc32
