/** One 32-bit register (or word of memory) that has its value before the guest's first instruction. */
export interface Preset {
  address: number
  value: number
}

/** Where the device tree (board/virt.dtso) puts what is preset. Linux does not own this part of RAM: see `GUEST_MEMORY`. */
export const GPU_SMMU = 0xb8100000
export const APPS_SMMU = 0xb8140000
export const SMEM = 0xb8180000

/* SMMUv2 identification registers: stage 1, stream matching with 16 groups, 4 KiB pages, 8 context banks, 48 bits. */
const SMMU_IDR0 = 0x20
const SMMU_IDR1 = 0x24
const SMMU_IDR2 = 0x28
const SMMU_IDR7 = 0x3c
const IDR0 = {
  s1ts: 1 << 30,
  sms: 1 << 27,
  atosns: 1 << 26,
  noAarch32: 3 << 24,
  cttw: 1 << 14,
  sidBits: 15 << 9,
  groups: 16
}
const IDR1 = { pagesExponent: 3 << 28, contextBanks: 8 }
const IDR2 = { granule4k: 1 << 12, upstream48: 5 << 8, output48: 5 << 4, input48: 5 }
const IDR7_VERSION_2_1 = 0x21

/* The SMEM header of qcom_smem.c: versions of the boot stages (entry 7 is the one it reads), then the heap's state. */
const SMEM_VERSION_7 = 64 + 4 * 7
const SMEM_INITIALIZED = 192
const SMEM_FREE_OFFSET = 196
const SMEM_AVAILABLE = 200
const SMEM_VERSION_GLOBAL_HEAP = 11 << 16
const SMEM_SIZE = 0x10000
const SMEM_HEADER = 0x4000

function sum(bits: Record<string, number>): number {
  return Object.values(bits).reduce((total, value) => total + value, 0)
}

function smmu(base: number): Preset[] {
  return [
    { address: base + SMMU_IDR0, value: sum(IDR0) },
    { address: base + SMMU_IDR1, value: sum(IDR1) },
    { address: base + SMMU_IDR2, value: sum(IDR2) },
    { address: base + SMMU_IDR7, value: IDR7_VERSION_2_1 }
  ]
}

/** What drivers read before the agent module can have written it: identification registers and the SMEM heap's head. */
export const PRESETS: readonly Preset[] = [
  ...smmu(GPU_SMMU),
  ...smmu(APPS_SMMU),
  { address: SMEM + SMEM_VERSION_7, value: SMEM_VERSION_GLOBAL_HEAP },
  { address: SMEM + SMEM_INITIALIZED, value: 1 },
  { address: SMEM + SMEM_FREE_OFFSET, value: SMEM_HEADER },
  { address: SMEM + SMEM_AVAILABLE, value: SMEM_SIZE - SMEM_HEADER }
]
