import type { Policy } from '../api'

/** What is known of a VM and its kernel when its policy is asked for. */
export interface PolicyFacts {
  /** Driver of the board's render node, "msm". */
  driver: string
  /** drm_gpuvm.flags. */
  flags: number
  /** enum drm_gpuvm_flags of this kernel, by name, from its BTF. */
  flagValues: ReadonlyMap<string, number>
  mode: 'kernel-managed' | 'vm-bind' | 'unknown'
  name: string
  /** What msm.ko says of itself; a rebuilt one that keeps hard references in managed VMs says so there, mainline's is empty. */
  msmVersion?: string
}

export interface PolicyVerdict {
  policy: Policy
  /** How it is known, one line. */
  source: string
}

const WEAK_REF = 'DRM_GPUVM_VA_WEAK_REF'
/** MODULE_VERSION of board/kernels/hardref. */
const HARDREF = 'vascope-hardref'

/**
 * What keeps a mapping of this VM and its BO alive (docs/policies.md).
 *
 * The flag is looked up by name: bit 1 is VA_WEAK_REF in the March 2025 patch series and IMMEDIATE_MODE in mainline 6.18 and later.
 * Mainline's msm passes no flags at all (msm_gem_vma.c, msm_gem_vm_create, 7.3), so there the mode decides.
 */
export function policyOf(facts: PolicyFacts): PolicyVerdict {
  const weak = facts.flagValues.get(WEAK_REF)
  if (weak !== undefined && hasFlag(facts.flags, weak)) return { policy: 'weak', source: `flag ${WEAK_REF}` }
  if (facts.flagValues.size === 0)
    return { policy: 'unknown', source: 'the names of drm_gpuvm_flags cannot be read from this kernel' }
  if (facts.driver !== 'msm') return { policy: 'hard', source: `${facts.driver}: a vm_bo holds its BO` }
  if (facts.mode === 'vm-bind')
    return { policy: 'hard', source: 'VM_BIND VM: a vm_bo holds its BO until UNMAP or VM close' }
  if (facts.mode === 'kernel-managed' && facts.msmVersion === HARDREF)
    return { policy: 'hard', source: `kernel-managed VM of an msm.ko ${HARDREF}: nothing tears its mappings down` }
  if (facts.mode === 'kernel-managed')
    return weak === undefined
      ? { policy: 'handle-counted', source: 'kernel-managed VM of msm: torn down at handle close or vma_ref 0' }
      : { policy: 'hard', source: `kernel-managed VM without ${WEAK_REF}, on a kernel that has it` }
  return { policy: 'unknown', source: 'the VM was made before tracing and its mode was not seen' }
}

/** Flags may use bits above 31, where JavaScript's bit operators do not reach. */
export function hasFlag(flags: number, value: number): boolean {
  return value > 0 && Math.floor(flags / value) % 2 === 1
}
