import type { Severity } from '../api'
import { Kind } from '../wire/schema'

/** One invariant: what must hold, and which events tell whether it does. docs/policies.md has a paragraph for each. */
export interface Rule {
  id: string
  title: string
  severity: Severity
  /** What holds, one sentence. */
  text: string
  /** Kinds without which it cannot be judged. */
  needs: readonly number[]
  /** Judged only for objects whose whole life was seen: a snapshot does not show what the rule counts. */
  history: boolean
}

const VA = [Kind.VaInsert, Kind.VaRemove]
const VM_BO = [Kind.VmBoCreate, Kind.VmBoDestroy]
const LINK = [Kind.VaLink, Kind.VaUnlink]
const BO = [Kind.BoCreate, Kind.BoDestroy]
const HANDLE = [Kind.HandleOpen, Kind.HandleClose]
const FB = [Kind.FbCreate, Kind.FbDestroy]
const PREPARE = [Kind.FbPrepare, Kind.FbCleanup]
const EXPORT = [Kind.Export, Kind.ExportEnd]
const SM = [Kind.SmMap, Kind.SmUnmap]
const JOB = [Kind.JobQueue, Kind.JobDone]

function rule(
  id: string,
  severity: Severity,
  title: string,
  text: string,
  needs: readonly (readonly number[])[],
  history = false
): Rule {
  return { id, severity, title, text, needs: needs.flat(), history }
}

/** KERNEL.md's invariants under their ids, the oracle (O1), what scenarios expect (E1, E2) and what the tracer itself misses (G1, G2). */
export const RULES: readonly Rule[] = [
  rule('S1', 'violation', 'one vm_bo per VM and BO', 'A VM and a BO have at most one vm_bo with mappings.', [
    VM_BO,
    LINK
  ]),
  rule('S2', 'violation', 'mappings do not overlap', 'Mappings of a VM do not overlap and lie within its range.', [VA]),
  rule(
    'S3',
    'violation',
    'a mapping and its vm_bo agree',
    'A linked mapping has the VM and the BO of its vm_bo; MAP_NULL has no vm_bo.',
    [VA, VM_BO, LINK]
  ),
  rule(
    'S4',
    'violation',
    'link and unlink pair',
    'Every link has one unlink, and it comes before the vm_bo is destroyed.',
    [VA, VM_BO, LINK]
  ),
  rule(
    'S5',
    'violation',
    'insert and remove pair',
    'Every insert has one remove; no link before it, no link left after it.',
    [VA, LINK]
  ),
  rule('S6', 'violation', 'a vm_bo ends empty', 'A vm_bo is destroyed only when no mapping is linked to it.', [
    VM_BO,
    LINK
  ]),
  rule(
    'S7',
    'violation',
    'a split keeps what is left',
    'What is left of a split mapping lies within it and has its BO and offsets.',
    [VA, [Kind.SmRemap]]
  ),
  rule(
    'S8',
    'violation',
    'a mapping lies within its BO',
    'Offset and range lie within the BO; a kernel-managed VM maps whole BOs.',
    [VA, BO]
  ),
  rule('S9', 'violation', 'a VM ends empty', 'A VM is destroyed only without mappings and without vm_bos.', [
    VA,
    VM_BO,
    [Kind.VmDestroy]
  ]),
  rule(
    'S10',
    'gap',
    'identity',
    'An object that is made again while it lives means that its end was missed: a gap of the tracer.',
    [[Kind.VmCreate], BO]
  ),

  rule(
    'H1',
    'suspicion',
    'references are enough',
    'A BO has at least as many references as its known holders.',
    [BO, VM_BO, HANDLE, EXPORT, FB],
    true
  ),
  rule('H2', 'violation', 'a BO outlives its vm_bos', 'A BO is not destroyed while a vm_bo holds it.', [BO, VM_BO]),
  rule(
    'H3',
    'violation',
    'nothing is mapped at the end',
    'The destruction of a BO finds no mapping of a VM that holds its BOs.',
    [BO, VA]
  ),
  rule(
    'H4',
    'retention',
    'retained by mapping',
    'A BO that only mappings keep alive: as designed in a VM_BIND VM, a leak in a kernel-managed one.',
    [BO, VA, HANDLE, EXPORT, FB],
    true
  ),
  rule(
    'H5',
    'violation',
    'a closed VM is empty',
    'After msm_gem_vm_close a VM_BIND VM has no mapping, and soon it is gone.',
    [VA, [Kind.VmClose, Kind.VmCloseEnd, Kind.VmDestroy]]
  ),

  rule(
    'W1',
    'violation',
    'a weak vm_bo takes no reference',
    'Creating a vm_bo of a weak VM leaves the BO’s reference count as it was.',
    [VM_BO]
  ),
  rule(
    'W2',
    'violation',
    'a weak vm_bo dies with its BO',
    'When a BO is destroyed, every weak vm_bo of it is destroyed.',
    [BO, VM_BO]
  ),
  rule('W3', 'violation', 'no weak vm_bo after the end', 'No vm_bo is made or found for a BO that was destroyed.', [
    BO,
    VM_BO
  ]),
  rule('W4', 'violation', 'no evict list on a weak VM', 'A weak VM’s vm_bos do not go on the list of evicted ones.', [
    [Kind.VmBoEvict]
  ]),
  rule('W5', 'violation', 'one policy for a VM', 'All vm_bos of a VM take a reference, or none does.', [VM_BO]),

  rule(
    'C1',
    'violation',
    'the last close unmaps',
    'After the last handle of a file to a BO was closed, its kernel-managed VM has no mapping of it.',
    [VA, HANDLE, [Kind.HandleClosed, Kind.VmFile]]
  ),
  rule(
    'C2',
    'violation',
    'vma_ref adds up',
    'vma_ref is handles plus dma-bufs plus prepared framebuffer planes; at 0 the display has no mapping.',
    [[Kind.VmaRef], HANDLE, EXPORT, FB, PREPARE],
    true
  ),
  rule(
    'C3',
    'violation',
    'what is scanned out stays mapped',
    'The display’s mapping of a prepared framebuffer is not removed.',
    [VA, FB, PREPARE],
    true
  ),
  rule('C4', 'violation', 'one mapping per BO and managed VM', 'A kernel-managed VM has at most one mapping of a BO.', [
    VA
  ]),
  rule(
    'C5',
    'violation',
    'pins go with their owner',
    'pin_count never falls below 0, and no BO stays pinned that nobody has a handle to.',
    [BO, HANDLE, [Kind.Pin, Kind.Unpin]],
    true
  ),

  rule(
    'F1',
    'suspicion',
    'a job runs and is done',
    'A VM_BIND job that was queued runs and is done; one that is freed without having run was killed.',
    [JOB, [Kind.VmBindRun, Kind.VmBindFree]]
  ),
  rule(
    'F2',
    'violation',
    'the page tables get what was asked',
    'When the jobs of a VM are done, its page tables got the writes of its requests, no more and no fewer.',
    [VA, SM, JOB, [Kind.SmRemap, Kind.PteMap, Kind.PteUnmap, Kind.VmBindRun]],
    true
  ),
  rule(
    'F3',
    'suspicion',
    'nothing stays pending',
    'A mapping whose page tables are not written has a job that is going to write them.',
    [VA, SM, JOB, [Kind.SmRemap, Kind.PteMap]],
    true
  ),
  rule('F4', 'violation', 'an unusable VM takes nothing', 'A VM that became unusable takes no further VM_BIND.', [
    SM,
    [Kind.VmUnusable, Kind.VmBind]
  ]),
  rule(
    'F5',
    'violation',
    'evicted memory comes back first',
    'A vm_bo that was evicted is validated before the next submit of its VM runs.',
    [[Kind.VmBoEvict, Kind.VmBoValidate, Kind.Submit, Kind.SubmitFlush, Kind.VmFile]]
  ),
  rule('F6', 'violation', 'purged memory is not mapped', 'A BO that was purged gets no page tables again.', [
    [Kind.BoPurge, Kind.PteMap],
    VA
  ]),

  rule('L1', 'retention', 'self-held VM', 'A VM whose file is closed has no mappings left.', [
    VA,
    [Kind.VmClose, Kind.VmDestroy]
  ]),
  rule(
    'L2',
    'suspicion',
    'unexplained reference',
    'A BO that nobody is known to hold is destroyed.',
    [BO, VM_BO, HANDLE, EXPORT, FB],
    true
  ),

  rule(
    'O1',
    'violation',
    'drm_gpuvm does what was asked',
    'The mappings that come and go are those that the requests ask for.',
    [VA, SM]
  ),
  rule(
    'E1',
    'violation',
    'mappings as the scenario expects',
    'At a checkpoint a VM has the mappings that the scenario’s own model has.',
    [VA, [Kind.VmCreate], BO, HANDLE],
    true
  ),
  rule(
    'E2',
    'violation',
    'objects as the scenario expects',
    'At a checkpoint BOs and VMs live, or are gone, as the scenario’s own model says.',
    [[Kind.VmCreate, Kind.VmDestroy], BO, HANDLE],
    true
  ),

  rule(
    'G1',
    'gap',
    'snapshot and events agree',
    'A snapshot of the kernel’s own lists shows what the events had said.',
    [],
    false
  ),
  rule('G2', 'gap', 'nothing was lost', 'Every event that was produced arrived.', [], false)
]

const BY_ID = new Map(RULES.map((r) => [r.id, r]))

export function ruleOf(id: string): Rule {
  return BY_ID.get(id)!
}
