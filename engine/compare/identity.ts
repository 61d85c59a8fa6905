import type { EventCursor, Observer } from '../model/observer'
import type { State } from '../model/state'
import { Reason, REASONS } from '../model/state'
import { Field, Kind } from '../wire/schema'

/** Pairs of a VM and a BO whose course is kept. */
export const PAIRS = 65_536

/** What became of one BO in one VM. */
export interface Course {
  vm: number
  bo: number
  /** Of the BO right after the first vm_bo was made; null: not seen. */
  references: number | null
  mappings: number
  /** Why its mappings went. */
  reasons: Set<number>
  /** A mapping of it lived on with neither a handle nor a framebuffer on the screen. */
  outlives: boolean
}

interface BoIdentity {
  pid: number
  created: number
  /** Which of its process it is; 0 for the kernel's own. */
  ordinal: number
  name: string
  bytes: number
}

/**
 * Follows objects so that those of two sessions can be told to be the same: by who made them and as which of theirs, never by address or
 * id. Owners are the steps of a session (scenarios) and other processes by name and order; the kernel's own VMs go by their name.
 */
export class Identities implements Observer {
  readonly courses = new Map<string, Course>()
  /** More pairs of VM and BO than are kept. */
  overflow = false
  private readonly bos = new Map<number, BoIdentity>()
  /** Processes in the order in which they were seen to make something. */
  private readonly pids: number[] = []

  constructor(private readonly state: State) {}

  event(e: EventCursor): void {
    switch (e.kind) {
      case Kind.VmCreate:
      case Kind.BoCreate:
        this.seen(e.get(Field.task))
        break
      case Kind.VmBoCreate: {
        const course = this.course(e.get(Field.vm), e.get(Field.bo))
        if (course) course.references ??= e.get(Field.refcount)
        break
      }
      case Kind.VaInsert: {
        const course = this.course(e.get(Field.vm), e.get(Field.bo))
        if (course) course.mappings++
        break
      }
      case Kind.VaRemove: {
        const { mappings: m } = this.state
        const index = m.byVa.get(e.get(Field.va))
        if (index < 0) break
        const reason = e.optional(Field.reason, Reason.none)
        // a split lives on in its parts
        if (reason !== Reason.remap) this.course(m.vm.at(index), m.bo.at(index))?.reasons.add(reason)
        break
      }
    }
  }

  outlives(index: number): void {
    const { mappings: m } = this.state
    const course = this.course(m.vm.at(index), m.bo.at(index))
    if (course) course.outlives = true
  }

  snapshot(): void {}
  lost(): void {}
  checkpoint(): void {}
  clock(): void {}

  private seen(task: number): void {
    const pid = this.state.tasks.get(task)?.pid ?? 0
    if (pid !== 0 && !this.pids.includes(pid)) this.pids.push(pid)
  }

  private course(vm: number, bo: number): Course | null {
    if (bo === 0) return null
    const key = `${vm} ${bo}`
    let course = this.courses.get(key)
    if (!course) {
      if (this.courses.size >= PAIRS) {
        this.overflow = true
        return null
      }
      course = { vm, bo, references: null, mappings: 0, reasons: new Set(), outlives: false }
      this.courses.set(key, course)
      this.identify(bo)
    }
    return course
  }

  /** What is known of a BO at its first mapping: later it may be gone. */
  private identify(id: number): void {
    if (this.bos.has(id)) return
    const bo = this.state.bos.get(id)
    const task = this.state.tasks.get(bo?.task ?? 0)
    const { ordinal = 0, name = '', bytes = 0 } = bo ?? {}
    this.bos.set(id, { pid: task?.pid ?? 0, created: bo?.created ?? 0, ordinal, name, bytes })
  }

  /** Keys of the VMs, by id: "2 scanout-flip, VM 1", or the name of one that the kernel made or that is older than tracing. */
  vmKeys(): Map<number, string> {
    const nth = counter()
    const keys = new Map<number, string>()
    for (const vm of [...this.state.vms.values()].sort((a, b) => a.id - b.id)) {
      const pid = this.state.tasks.get(vm.task)?.pid ?? 0
      if (vm.ordinal > 0) {
        const owner = this.owner(pid, vm.created)
        keys.set(vm.id, `${owner}, VM ${nth(owner)}`)
      } else keys.set(vm.id, numbered(vm.name || `unnamed ${vm.mode} VM`, nth))
    }
    return keys
  }

  /** Keys of the BOs that were mapped, by id. */
  boKeys(): Map<number, string> {
    const nth = counter()
    // a process may run several steps: the BOs of each are counted from its first one
    const first = new Map<string, number>()
    const owned = [...this.bos].sort(([a], [b]) => a - b)
    const ownerOf = ({ pid, created }: BoIdentity): string => (pid === 0 ? 'kernel' : this.owner(pid, created))
    for (const [, bo] of owned)
      if (bo.ordinal > 0) first.set(ownerOf(bo), Math.min(bo.ordinal, first.get(ownerOf(bo)) ?? Infinity))
    return new Map(
      owned.map(([id, bo]) => {
        const owner = ownerOf(bo)
        const own = `${owner}, BO ${bo.ordinal - (first.get(owner) ?? 0) + 1}`
        return [id, numbered(bo.ordinal > 0 ? own : `${owner}, ${bo.name || 'BO'} of ${bo.bytes} bytes`, nth)]
      })
    )
  }

  /** The step that a process carried out at a time, or the process. */
  private owner(pid: number, time: number): string {
    const { scenarios } = this.state
    const step = scenarios.findLastIndex((s) => s.pid !== 0 && s.pid === pid && s.started <= time)
    if (step >= 0) return stepKey(step, scenarios[step]!.id)
    const comm = this.comm(pid)
    const steps = new Set(scenarios.map((s) => s.pid))
    const alike = this.pids.filter((other) => !steps.has(other) && this.comm(other) === comm)
    return nameOf(comm, alike.indexOf(pid) + 1)
  }

  private comm(pid: number): string {
    for (const task of this.state.tasks.values()) if (task.pid === pid) return task.comm
    return 'unknown process'
  }
}

function counter(): (key: string) => number {
  const counts = new Map<string, number>()
  return (key) => {
    counts.set(key, (counts.get(key) ?? 0) + 1)
    return counts.get(key)!
  }
}

function numbered(name: string, nth: (key: string) => number): string {
  return nameOf(name, nth(name))
}

function nameOf(name: string, n: number): string {
  return n > 1 ? `${name} (${n})` : name
}

/** "2 scanout-flip" */
export function stepKey(index: number, scenario: string): string {
  return `${index + 1} ${scenario}`
}

/** "vma_put and unmap"; "nothing" where no mapping went. */
export function reasonsText(reasons: ReadonlySet<number>): string {
  const names = [...reasons].sort((a, b) => a - b).map((r) => REASONS[r] ?? `reason ${r}`)
  return names.length === 0 ? 'nothing' : names.join(' and ')
}
