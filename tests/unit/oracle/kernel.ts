import { k, WEAK, type Session } from '../check/script'
import { Kind } from '../../../engine/wire/schema'
import type { ScriptEvent } from '../stream'

/** The rules of lifetime that a VM may follow; `leaking` is hard without a teardown in a kernel-managed VM. */
export type Rule = 'hard' | 'weak' | 'handle-counted' | 'leaking'

interface Bo {
  id: number
  handles: number[]
  fb: number
  va: number
  alive: boolean
}

/** A kernel of a few lines: one VM and its BOs under one rule of lifetime, and the events that a tracer would see of it. */
export class Kernel {
  readonly events: ScriptEvent[]
  readonly bos: Bo[] = []
  private ms = 10
  private next = 1

  constructor(private readonly rule: Rule) {
    const managed = rule !== 'hard'
    this.events = [...k.vm(0, 1, { mode: managed ? 1 : 2, flags: rule === 'weak' ? 4 : 0 }), k.vmFile(0, 1)]
  }

  get session(): Session {
    return this.rule === 'weak' ? { capabilities: { vmFlags: WEAK } } : {}
  }

  create(): void {
    const bo: Bo = { id: this.next++, handles: [], fb: 0, va: 0, alive: true }
    this.bos.push(bo)
    this.say(k.bo(this.time(), bo.id))
    this.open(bo)
  }

  open(bo: Bo): void {
    const handle = this.next++
    bo.handles.push(handle)
    this.say(k.open(this.time(), bo.id, handle))
  }

  close(bo: Bo): void {
    const handle = bo.handles.pop()!
    const [closes, closed] = k.close(this.time(), bo.id, handle)
    this.say(closes!)
    // msm drops the mapping at each close, not only at the last (KERNEL.md, section 4)
    if (this.rule === 'handle-counted') this.unmap(bo, 2)
    this.say({ ...closed!, ms: this.time() })
    this.put(bo)
  }

  map(bo: Bo): void {
    bo.va = this.next++
    const ms = this.time()
    const took = this.rule === 'weak' ? 0 : 1
    const page = 0x1000 + bo.id * 32
    this.say({ ...k.insert(ms, bo.va, page, 16, bo.id) }, k.vmBo(ms, bo.va, 1, bo.id, took), k.link(ms, bo.va, bo.va))
    // the pages of a VM_BIND VM come with a job; their requests and writes are the oracle's business, not this one's
    if (this.rule === 'hard') this.say(k.pteMap(ms, page, 16, { queue: 0 }))
  }

  unmap(bo: Bo, reason = 1): void {
    if (bo.va === 0) return
    const ms = this.time()
    this.say(...k.unmap(ms, bo.va, bo.va, reason), k.vmBoEnds(ms, bo.va, 1, bo.id))
    bo.va = 0
    if (reason === 1) this.put(bo)
  }

  addFb(bo: Bo): void {
    bo.fb = this.next++
    this.say(k.fb(this.time(), bo.fb, bo.id))
  }

  removeFb(bo: Bo): void {
    this.say({ ms: this.time(), kind: Kind.FbDestroy, fb: bo.fb })
    bo.fb = 0
    this.put(bo)
  }

  /** Handles are gone, and only a mapping is left. */
  retained(): number[] {
    return this.bos.filter((b) => b.alive && b.handles.length === 0 && b.fb === 0 && b.va !== 0).map((b) => b.id)
  }

  rest(): void {
    this.ms += 5000
    this.say(k.later(this.ms))
  }

  private put(bo: Bo): void {
    if (bo.handles.length > 0 || bo.fb !== 0 || (bo.va !== 0 && this.rule !== 'weak')) return
    bo.alive = false
    this.say(k.boEnds(this.time(), bo.id))
    this.unmap(bo, 6)
  }

  private time(): number {
    return (this.ms += 0.25)
  }

  private say(...events: ScriptEvent[]): void {
    this.events.push(...events)
  }
}

/** Numbers that the same seed gives again. */
export function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
