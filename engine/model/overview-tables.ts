/** The tables of OverviewImage and OverviewCells as session.proto numbers them. */
export const OVERVIEW = { step: 1, cell: 2, charts: 3, vms: 4, groups: 5, marks: 6, text: 7 } as const

export const CHART = {
  maps: [1, 'plain'],
  unmaps: [2, 'plain'],
  mapped: [3, 'plain'],
  live: [4, 'delta'],
  flips: [5, 'plain'],
  interval: [6, 'plain'],
  jobs: [7, 'plain'],
  submits: [8, 'plain'],
  commits: [9, 'plain']
} as const

export const OVERVIEW_VM = { vm: [1, 'delta'], live: [2, 'plain'], pages: [3, 'plain'] } as const

export const GROUP = {
  vm: [1, 'plain'],
  axis: [2, 'plain'],
  shift: [3, 'plain'],
  key: [4, 'delta'],
  live: [5, 'plain'],
  starts: [6, 'plain']
} as const
export const Axis = { rows: 1, addresses: 2 } as const
/** Rows of one bucket in the keys of groups of rows. */
export const BUCKET_KEYS = 2 ** 24

export const MARK = {
  kind: [1, 'plain'],
  time: [2, 'time'],
  until: [3, 'time'],
  iova: [4, 'plain'],
  stands: [5, 'plain']
} as const
export const MARKS = ['', 'snapshot', 'loss', 'note', 'gap', 'fault', 'eviction'] as const

/** OverviewCells: the columns are of different lengths, so that each is a table of its own. */
export const CELLS = { starts: 1, ends: 2, vmStarts: 3, vmEnds: 4, vmPages: 5 } as const
