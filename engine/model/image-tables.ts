/** The tables of a StateImage as session.proto numbers them. */
export const TABLE = {
  vms: 2,
  vmFiles: 3,
  bos: 4,
  handles: 5,
  vmBos: 6,
  vas: 7,
  requests: 8,
  spans: 9,
  fbs: 10,
  fbPlanes: 11,
  gone: 12,
  counts: 13,
  rows: 14,
  goneBos: 16
} as const
export const STREAM = 1
export const TEXT = 15

export const VM = {
  id: [1, 'delta'],
  name: [2, 'plain'],
  flags: [3, 'plain'],
  mode: [4, 'plain'],
  task: [5, 'plain'],
  traced: [6, 'plain'],
  created: [7, 'time'],
  closed: [8, 'time'],
  destroyed: [9, 'time'],
  closeEnded: [10, 'time'],
  unusable: [11, 'time'],
  changed: [12, 'time'],
  base: [13, 'plain'],
  size: [14, 'plain'],
  ordinal: [15, 'plain'],
  evictions: [16, 'plain'],
  inserted: [17, 'plain'],
  mapped: [18, 'plain'],
  peak: [19, 'plain'],
  peakPages: [20, 'plain'],
  peakAt: [21, 'time']
} as const

export const VM_FILE = { vm: [1, 'delta'], file: [2, 'plain'] } as const

export const BO = {
  id: [1, 'delta'],
  name: [2, 'plain'],
  size: [3, 'plain'],
  flags: [4, 'plain'],
  task: [5, 'plain'],
  created: [6, 'time'],
  destroyed: [7, 'time'],
  refcount: [8, 'plain'],
  refcountAt: [9, 'time'],
  handleCount: [10, 'plain'],
  hadHandle: [11, 'plain'],
  lastClosed: [12, 'time'],
  exported: [13, 'time'],
  fbPlanes: [14, 'plain'],
  pins: [15, 'delta'],
  pinsAt: [16, 'time'],
  vmaRef: [17, 'delta'],
  vmaRefAt: [18, 'time'],
  purged: [19, 'time'],
  retainedSince: [20, 'time'],
  ordinal: [21, 'plain'],
  changed: [22, 'time'],
  forgotten: [23, 'plain'],
  forgottenUntil: [24, 'time']
} as const

export const HANDLE = {
  bo: [1, 'delta'],
  handle: [2, 'plain'],
  file: [3, 'plain'],
  task: [4, 'plain'],
  opened: [5, 'time'],
  closed: [6, 'time'],
  doneAt: [7, 'time'],
  doneNs: [8, 'plain']
} as const

export const VM_BO = {
  id: [1, 'delta'],
  vm: [2, 'plain'],
  bo: [3, 'delta'],
  created: [4, 'time'],
  destroyed: [5, 'time'],
  linked: [6, 'plain'],
  bits: [7, 'plain'],
  evictedAt: [8, 'time'],
  restoredAt: [9, 'time']
} as const

export const VA = {
  va: [1, 'delta'],
  vm: [2, 'plain'],
  bo: [3, 'delta'],
  vmBo: [4, 'delta'],
  iova: [5, 'delta'],
  range: [6, 'plain'],
  offset: [7, 'plain'],
  flags: [8, 'plain'],
  traced: [9, 'delta'],
  start: [10, 'time'],
  end: [11, 'time'],
  row: [12, 'plain'],
  written: [13, 'time'],
  linked: [14, 'plain'],
  reason: [15, 'plain'],
  removedBy: [16, 'plain'],
  request: [17, 'plain'],
  part: [18, 'plain'],
  split: [19, 'plain']
} as const

export const REQUEST = {
  time: [1, 'time'],
  map: [2, 'plain'],
  task: [3, 'plain'],
  vm: [4, 'delta'],
  bo: [5, 'delta'],
  iova: [6, 'delta'],
  range: [7, 'plain'],
  offset: [8, 'plain'],
  newest: [9, 'plain']
} as const

export const SPAN = {
  lane: [1, 'plain'],
  id: [2, 'delta'],
  queued: [3, 'time'],
  start: [4, 'time'],
  vm: [5, 'plain']
} as const
export const Lane = { job: 1, submit: 2, commit: 3, flip: 4 } as const

export const FB = {
  id: [1, 'delta'],
  created: [2, 'time'],
  destroyed: [3, 'time'],
  prepared: [4, 'delta'],
  preparedAt: [5, 'time'],
  newest: [6, 'plain']
} as const

export const FB_PLANE = { fb: [1, 'delta'], bo: [2, 'plain'] } as const
export const GONE = { what: [1, 'plain'], id: [2, 'delta'], time: [3, 'time'], known: [4, 'plain'] } as const
export const COUNT = { what: [1, 'plain'], id: [2, 'plain'], value: [3, 'plain'] } as const
export const CountOf = { kind: 1, kernel: 2, queue: 3, vms: 4, bos: 5, vmOfTask: 6 } as const
export const ROW = { vm: [1, 'plain'], bucket: [2, 'delta'], rows: [3, 'plain'] } as const
