import { settle } from './bos'
import type { Fb } from './entities'
import type { State } from './state'

/** Page-table operations of the display's VM that are kept to be counted for the prepare or cleanup that is still going on. */
const RECENT = 4096

/** Times of the newest page-table operations in the display's VM. */
export class RecentPtes {
  private times: number[] = []

  push(time: number): void {
    this.times.push(time)
    if (this.times.length > 2 * RECENT) this.times = this.times.slice(-RECENT)
  }

  /** The times themselves, as far as they are not before `time`. */
  from(time: number): number[] {
    return this.times.filter((t) => t >= time)
  }

  since(time: number): number {
    let n = 0
    for (let i = this.times.length - 1; i >= 0 && this.times[i]! >= time; i--) n++
    return n
  }
}

export function createFb(state: State, id: number, bo: number, time: number): void {
  const fb: Fb = { id, bo, planes: [bo], created: time, destroyed: null, prepared: null }
  state.fbs.set(id, fb)
  state.fbHistory.push(fb)
  plane(state, bo, 1, time)
}

/** A further plane of a framebuffer. */
export function addPlane(state: State, id: number, bo: number, time: number): void {
  const fb = state.fbs.get(id)
  if (!fb) return
  fb.planes.push(bo)
  plane(state, bo, 1, time)
}

export function destroyFb(state: State, id: number, time: number): void {
  const fb = state.fbs.get(id)
  if (!fb || fb.destroyed !== null) return
  fb.destroyed = time
  for (const bo of fb.planes) plane(state, bo, -1, time)
}

/** A prepare or cleanup returned; `count` is prepare_count afterwards. */
export function fbOp(state: State, id: number, prepare: boolean, count: number, seconds: number, time: number): void {
  const fb = state.fbs.get(id)
  if (fb) {
    fb.prepared = { value: count, sampledAt: time }
    for (const id of fb.planes) {
      const bo = state.bos.get(id)
      if (bo) bo.changed = time
    }
  }
  const { fbOps } = state
  fbOps.time.push(time)
  fbOps.fb.push(id)
  fbOps.prepare.push(prepare ? 1 : 0)
  fbOps.seconds.push(seconds)
  fbOps.ptes.push(state.recentPtes.since(time - seconds))
}

function plane(state: State, id: number, change: number, time: number): void {
  if (id === 0) return
  const bo = change > 0 ? state.bo(id) : state.bos.get(id)
  if (!bo) return
  bo.fbPlanes = Math.max(0, bo.fbPlanes + change)
  bo.changed = time
  settle(state, bo, time)
}
