import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { Keyframe, num } from '../wire/messages'
import { ChunkType } from './format'
import type { KeyframeEntry } from './session-index'

/** No image is larger; more is damage. */
const IMAGE_LIMIT = 1 << 28

/** The payload of a keyframe chunk. */
export function encodeKeyframe({ timeNs, events, after }: KeyframeEntry, image: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(image, { level: 1 })
  return Keyframe.encode({ timeNs, events, after, image: deflated, chunkType: ChunkType.Keyframe }).finish()
}

/** Reads a keyframe chunk that stands at an offset; `image` inflates it. Both throw where the payload is none. */
export function decodeKeyframe(payload: Uint8Array, offset: number): { entry: KeyframeEntry; image: () => Uint8Array } {
  const { timeNs, events, after, image } = Keyframe.decode(payload)
  return {
    entry: { offset, timeNs: num(timeNs), events: num(events), after: num(after) },
    image: () => inflateRawSync(image ?? new Uint8Array(0), { maxOutputLength: IMAGE_LIMIT })
  }
}
