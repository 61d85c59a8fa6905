import type { EventCursor } from '../model/observer'
import type { Snapshot } from '../wire/messages'

/** Rules that look at the same things. */
export interface Family {
  /** Before the state takes the event in. */
  event?(e: EventCursor): void
  /** A quiescent point, `now` in seconds: a snapshot, a VM's close, or (`final`) the end. */
  sweep?(now: number, final: boolean): void
  /** A complete snapshot, before the state takes it in. */
  snapshot?(parts: readonly Snapshot[], begin: number, end: number): void
  /** Something was lost, or (`resync`) a snapshot has made it whole again: what was counted until now says nothing. */
  forget?(resync: boolean): void
}
