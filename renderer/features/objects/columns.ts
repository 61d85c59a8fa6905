import type { ObjectQuery } from '../../../engine/api'

export interface Column {
  key: ObjectQuery['sort'] | 'policy'
  title: string
  width: string
  right?: boolean
}

const ID = { key: 'id', title: 'id', width: '72px' } as const
const NAME = { key: 'name', title: 'name', width: 'minmax(0, 1fr)' } as const
const OWNER = { key: 'owner', title: 'made by', width: 'minmax(0, 1fr)' } as const
const BYTES = { key: 'bytes', title: 'size', width: '88px', right: true } as const
const POLICY = { key: 'policy', title: 'policy', width: '132px' } as const
const MAPPINGS = { key: 'mappings', title: 'mappings', width: '72px', right: true } as const
const VM_BOS = { key: 'vmBos', title: 'vm_bos', width: '64px', right: true } as const
const BO = { key: 'bo', title: 'BO', width: '72px' } as const
const TIMES = [
  { key: 'began', title: 'made', width: '88px', right: true },
  { key: 'ended', title: 'ended', width: '88px', right: true }
] as const

/** What a table of each kind shows. */
export const COLUMNS: Record<ObjectQuery['kind'], readonly Column[]> = {
  vm: [ID, NAME, { ...OWNER }, POLICY, { ...BYTES, title: 'mapped' }, MAPPINGS, VM_BOS, ...TIMES],
  vm_bo: [ID, { ...OWNER, title: 'VM' }, BO, { ...NAME, title: 'BO’s name' }, POLICY, BYTES, MAPPINGS, ...TIMES],
  bo: [
    ID,
    NAME,
    OWNER,
    BYTES,
    { key: 'handles', title: 'handles', width: '64px', right: true },
    VM_BOS,
    MAPPINGS,
    ...TIMES
  ],
  fb: [ID, BO, { ...NAME, title: 'BO’s name' }, BYTES, ...TIMES]
}

export const KINDS: readonly { kind: ObjectQuery['kind']; title: string }[] = [
  { kind: 'vm', title: 'VMs' },
  { kind: 'vm_bo', title: 'vm_bos' },
  { kind: 'bo', title: 'BOs' },
  { kind: 'fb', title: 'Framebuffers' }
]
