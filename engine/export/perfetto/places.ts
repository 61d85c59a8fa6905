import type { Replay } from '../replay'
import { Lanes } from './lanes'
import { Unit, type Packets } from './packets'

interface VmPlace {
  mappings: Lanes
  jobs: Lanes
  /** Counters. */
  bytes: number
  count: number
}

/** The tracks of processes, their threads and their VMs, made when something is on them. */
export class Places {
  private readonly processes = new Map<number, number>()
  private readonly threads = new Map<number, number>()
  private readonly vms = new Map<number, VmPlace>()
  private kernel = 0

  constructor(
    private readonly packets: Packets,
    private readonly replay: () => Replay
  ) {}

  vm(id: number): VmPlace {
    let place = this.vms.get(id)
    if (!place) {
      const { name, mode, task } = this.replay().lives.vm(id)
      const title = [`VM ${id}`, name, mode === 'vm-bind' ? 'VM_BIND' : ''].filter(Boolean).join(' ')
      const parent = this.packets.track(id === 0 ? 'VM not known' : title, { parent: this.process(task) })
      place = {
        mappings: new Lanes(this.packets, 'mappings', parent),
        jobs: new Lanes(this.packets, 'VM_BIND jobs', parent),
        bytes: this.packets.track('mapped bytes', { parent, counter: Unit.bytes }),
        count: this.packets.track('live mappings', { parent, counter: Unit.count })
      }
      this.vms.set(id, place)
    }
    return place
  }

  /** The thread of a task; the kernel where it is not known. */
  thread(id: number): number {
    const task = this.replay().tasks.get(id)
    if (!task || task.pid === 0) return this.process(id)
    let track = this.threads.get(task.tid)
    if (track === undefined) {
      const { pid, tid, comm } = task
      track = this.packets.track(comm, { parent: this.process(id), thread: { pid, tid, name: comm } })
      this.threads.set(tid, track)
    }
    return track
  }

  private process(task: number): number {
    const { pid = 0, comm = '' } = this.replay().tasks.get(task) ?? {}
    if (pid === 0) return (this.kernel ||= this.packets.track('Kernel, and what is older than tracing'))
    let track = this.processes.get(pid)
    if (track === undefined) {
      track = this.packets.track(`${comm} ${pid}`, { process: { pid, name: comm } })
      this.processes.set(pid, track)
    }
    return track
  }
}
