/** Objects: where they are, who holds them, why they went. */
import type { Policy } from './findings'

export interface BoDetail {
  bo: number
  name: string
  bytes: number
  flags: string
  created: number | null
  createdBy: string
  destroyed: number | null
  handles: { handle: number; pid: number; comm: string; opened: number; closed: number | null }[]
  refcount: { value: number; sampledAt: number } | null
  mappings: {
    vm: number
    vmName: string
    va: number
    iova: number
    bytes: number
    policy: Policy
    start: number
    end: number | null
    /** It went, and nobody knows when: not before this. `end` is null then. */
    atLeast?: number
  }[]
  /** Of a session that is not read whole: the mappings are those of this stretch alone. */
  stretch?: { from: number; to: number }
  framebuffers: { fb: number; created: number; destroyed: number | null }[]
}

/** One that keeps a BO alive, or says that it uses it. Times are seconds. */
export interface Holder {
  kind: 'handle' | 'vm_bo' | 'dma-buf' | 'framebuffer' | 'pin' | 'job' | 'submit'
  id: number
  /** One line: who. */
  who: string
  since: number | null
  /** References that it is known to have; 0 where it has none of its own, or nobody can tell. */
  references: number
  /** Of a vm_bo: what its VM's policy makes of the edge to the BO, and how that is known. */
  policy?: Policy
  policySource?: string
  mappings?: number
}

export interface WhyAlive {
  bo: number
  name: string
  bytes: number
  at: number
  state: 'alive' | 'destroyed' | 'not made yet' | 'never seen'
  created: number | null
  destroyed: number | null
  holders: Holder[]
  /** References of the known holders together. */
  explained: number
  /** The newest sample until then; null where there is none. */
  refcount: { value: number; sampledAt: number } | null
  /** Since when only mappings keep it; null where others do, or it was otherwise at that time. */
  retainedSince: number | null
  /** One sentence. */
  answer: string
}

export interface WhyGone {
  va: number
  vm: number
  bo: number
  iova: number
  bytes: number
  start: number
  end: number | null
  /** Of a session that is not read whole: it went, and when is not known: not before this. `end` is null then. */
  atLeast?: number
  /** The tracer's word for why. */
  reason: string
  /** Who did it; empty where that was not seen. */
  by: string
  /** What had to come before it, in order. */
  steps: { time: number; text: string }[]
  /** Mappings that go on with parts of it. */
  parts: number[]
  answer: string
}

/** A window of the addresses of one VM, at one time (null: the newest). */
export interface AddressQuery {
  vm: number
  at: number | null
  from: number
  to: number
  /** Pixels of the strip. */
  width: number
}

/** A mapping in an address space. */
export interface AddressRange {
  va: number
  /** 0: a sparse range (MAP_NULL). */
  bo: number
  boName: string
  iova: number
  bytes: number
  offset: number
  start: number
  state: 'live' | 'pending' | 'evicted'
  /** Another mapping of the VM shows the same bytes of the BO. */
  alias: boolean
}

/** Bytes, addresses and seconds. */
export interface AddressSpace {
  vm: number
  name: string
  time: number
  /** What the kernel manages; size 0 where it was not seen. */
  base: number
  size: number
  policy: Policy
  /** From the first mapping to the end of the last. */
  begin: number
  end: number
  mappings: number
  used: { bytes: number; sparse: number; aliased: number }
  /** Between the first and the last mapping. */
  holes: { count: number; bytes: number; largest: { iova: number; bytes: number } }
  /** Mappings in the window; `ranges` has them in ascending order, or none where they are too many. */
  total: number
  ranges: AddressRange[]
  /** Where they are too many: the share of each pixel that is mapped. */
  coverage: Float32Array | null
  /** All used addresses, without the wide holes (engine/space.ts). */
  extents: { iova: number; bytes: number }[]
}

/** Objects of one kind: what there was at a time, or also what had ended by then. */
export interface ObjectQuery {
  kind: 'vm' | 'vm_bo' | 'bo' | 'fb'
  /** Session time; null: the newest. */
  at: number | null
  /** With those that had ended. */
  ended: boolean
  /** A number ("41", "BO 41", "VM 3"), or a part of a name or an owner. */
  search: string
  sort: 'id' | 'name' | 'owner' | 'bytes' | 'vm' | 'bo' | 'mappings' | 'vmBos' | 'handles' | 'began' | 'ended'
  descending: boolean
  first: number
  count: number
}

/** Fields that its kind does not have, and what was not seen, are null, 0 for ids, or empty. Counts are those of the time asked for. */
export interface ObjectRow {
  kind: ObjectQuery['kind']
  id: number
  name: string
  /** The process that made it, or the VM of a vm_bo. */
  owner: string
  bytes: number | null
  vm: number
  bo: number
  policy: Policy | 'none'
  mappings: number | null
  vmBos: number | null
  handles: number | null
  /** Seconds; null: before tracing, or not seen. */
  began: number | null
  /** null while it lives. */
  ended: number | null
}

export interface ObjectPage {
  total: number
  first: number
  rows: ObjectRow[]
}

/** A BO and all around it that holds or uses it, in columns: VMs, vm_bos, the BO, and who else. */
export interface GraphNode {
  key: string
  kind: 'vm' | 'bo' | Holder['kind']
  id: number
  title: string
  detail: string
  since: number | null
  column: 0 | 1 | 2 | 3
}

export interface GraphEdge {
  from: string
  to: string
  /** none: it holds nothing. */
  policy: Policy | 'none'
  text: string
}

export interface ObjectGraph {
  nodes: GraphNode[]
  edges: GraphEdge[]
  /** Neighbours that are not in it. */
  more: number
  at: number
  state: WhyAlive['state']
  answer: string
}

/** An object that was searched for. */
export interface SearchHit {
  kind: 'bo' | 'vm' | 'va' | 'finding'
  /** The object's number; of a finding its key. As in links (engine/link.ts). */
  id: string
  title: string
  detail: string
  /** When it was, in seconds: from null where its begin was not seen, to null while it lives. */
  from: number | null
  to: number | null
}
