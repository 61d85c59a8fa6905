import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { num, Overview } from '../wire/messages'
import { ChunkType } from './format'
import type { OverviewEntry } from './session-index'

/** No part of an overview is larger; more is damage. */
const PART_LIMIT = 1 << 24

/** The two parts of an overview: what every window needs of it, and its cells for windows that are not much longer than it. */
export interface OverviewParts {
  coarse: Uint8Array
  fine: Uint8Array
}

/** The payload of an overview chunk. */
export function encodeOverview({ fromNs, toNs, events }: OverviewEntry, parts: OverviewParts): Uint8Array {
  const [coarse, fine] = [parts.coarse, parts.fine].map((part) => deflateRawSync(part, { level: 6 }))
  return Overview.encode({ fromNs, toNs, events, coarse, fine, chunkType: ChunkType.Overview }).finish()
}

/** Reads an overview chunk that stands at an offset; its parts are inflated when asked for. All three throw where it is none. */
export function decodeOverview(
  payload: Uint8Array,
  offset: number
): { entry: OverviewEntry; coarse: () => Uint8Array; fine: () => Uint8Array } {
  const { fromNs, toNs, events, coarse, fine } = Overview.decode(payload)
  const part = (bytes: Uint8Array | null | undefined): Uint8Array =>
    inflateRawSync(bytes ?? new Uint8Array(0), { maxOutputLength: PART_LIMIT })
  return {
    entry: { offset, fromNs: num(fromNs), toNs: num(toNs), events: num(events) },
    coarse: () => part(coarse),
    fine: () => part(fine)
  }
}
