import type { Packets } from './packets'

/** Tracks side by side of one name, so that what is on them never overlaps on one. */
export class Lanes {
  private readonly tracks: number[] = []
  private readonly taken: boolean[] = []
  private readonly ends: number[] = []
  private free = 0

  constructor(
    private readonly packets: Packets,
    private readonly name: string,
    private readonly parent: number
  ) {}

  /** The lowest lane that is free, until `close`. */
  open(): number {
    let lane = this.free
    while (this.taken[lane]) lane++
    this.taken[lane] = true
    this.free = lane + 1
    return lane
  }

  close(lane: number): void {
    this.taken[lane] = false
    if (lane < this.free) this.free = lane
  }

  /** A track on which nothing ends after `begin`, for what is told of in the order of its ends. */
  fit(begin: number, end: number): number {
    let lane = 0
    while ((this.ends[lane] ?? -Infinity) > begin) lane++
    this.ends[lane] = end
    return this.track(lane)
  }

  track(lane: number): number {
    return (this.tracks[lane] ??= this.packets.track(this.name, { parent: this.parent }))
  }
}
