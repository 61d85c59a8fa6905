import type Long from 'long'
import { vascope } from '../../proto/gen/vascope'

/** The generated messages under short names. */
export const { Frame, Command, Snapshot, EventBatch } = vascope.v1
export const { SessionHead, SessionIndex, SessionNote, SessionContext, ChunkSummary, SessionTail } = vascope.v1
export const { Keyframe, Overview, StreamImage } = vascope.v1
export const { Column, EventKind, ProbeState, CheckState, ScenarioState, GoodbyeReason, LogLevel, TraceLevel, VmMode } =
  vascope.v1
export const { TeardownReason, ShrinkStage } = vascope.v1

export type Frame = vascope.v1.Frame
export type Capabilities = vascope.v1.Capabilities
export type Snapshot = vascope.v1.Snapshot
export type Checkpoint = vascope.v1.Checkpoint
export type ScenarioStatus = vascope.v1.ScenarioStatus
export type Heartbeat = vascope.v1.Heartbeat
export type Loss = vascope.v1.Loss
export type Goodbye = vascope.v1.Goodbye
export type SessionHeadFields = vascope.v1.SessionHead.$Properties
export type SessionIndexFields = vascope.v1.SessionIndex.$Properties
export type IndexedChunkFields = vascope.v1.IndexedChunk.$Properties
export type IndexedKeyframeFields = vascope.v1.IndexedKeyframe.$Properties
export type IndexedOverviewFields = vascope.v1.IndexedOverview.$Properties
export type CommandFields = vascope.v1.Command.$Properties

/** "VSCP", Hello.magic. */
export const HELLO_MAGIC = 0x50435356
export const PROTOCOL_MAJOR = 1
export const PROTOCOL_MINOR = 0

/** A 64-bit field as a double: exact below 2^53. */
export function num(value: number | Long | null | undefined): number {
  return typeof value === 'number' ? value : value ? value.toNumber() : 0
}

/** A 64-bit field as it is. */
export function big(value: number | Long | null | undefined): bigint {
  return typeof value === 'number' ? BigInt(value) : value ? BigInt.asUintN(64, BigInt(value.toString())) : 0n
}

/** A Frame, or null where the bytes are none. */
export function decodeFrame(message: Uint8Array): Frame | null {
  try {
    return Frame.decode(message)
  } catch {
    return null // the caller says what that means
  }
}

const EVENTS_TAG = (3 << 3) | 2

/** The EventBatch inside a Frame without decoding it, or null for any other frame. */
export function eventsOf(frame: Uint8Array): Uint8Array | null {
  if (frame[0] !== EVENTS_TAG) return null
  let at = 1
  while (frame[at]! >= 0x80) at++
  return frame.subarray(at + 1)
}
