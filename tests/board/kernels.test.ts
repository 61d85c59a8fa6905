import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Variant, VARIANTS } from '../../engine/connect/virtual/variant'
import { Reason } from '../../engine/model/state'
import { scenarioStateName, SessionModel } from '../../engine/model/session'
import { openRecording } from '../../engine/session/recording'
import { SessionReader } from '../../engine/store/reader'
import { Field, Kind } from '../../engine/wire/schema'
import { onBoard, scratch, vascope } from './vascope'

/** Framebuffers whose handles are closed, so that on mainline each flip has to map anew; and a client of kernel-managed VMs. */
const SCENARIOS = ['scanout-closed-handle:flips=12', 'legacy-close-resubmit:rounds=2', 'legacy-random:rounds=3']
const DISPLAY = 'mdp_kms'
/** Boards of its own, one after the other. */
const NAME = 'test-kernels'

interface Seen {
  head: SessionReader['head']
  /** Expectations that were not met, and requests without their steps. */
  broken: string[]
  model: SessionModel
  /** Reference counts of the BOs when their vm_bo in the display's VM had been made, in order. */
  references: number[]
  /** Of the kernel's own BO with the GPU's firmware, which nothing but a mapping and its maker hold. */
  firmware: number
}

const files = scratch()
const seen = {} as Record<Variant, Seen>

function read(file: string): Omit<Seen, 'firmware'> {
  const { findings } = openRecording(file).checker
  const broken = findings
    .filter(({ rule }) => ['E1', 'E2', 'O1'].includes(rule))
    .map(({ rule, what }) => `${rule}: ${what}`)
  const reader = new SessionReader(file)
  const model = new SessionModel()
  const references: number[] = []
  const ignore = (): void => undefined
  model.observers.push({
    event(e) {
      if (e.kind !== Kind.VmBoCreate) return
      if (model.state.vms.get(e.get(Field.vm))?.name === DISPLAY) references.push(e.get(Field.refcount))
    },
    ...{ snapshot: ignore, checkpoint: ignore, clock: ignore, lost: ignore }
  })
  reader.frames((message) => void model.take(message))
  return { head: reader.head, broken, model, references }
}

async function visit(kernel: Variant): Promise<Seen> {
  const up = await vascope(['board', 'up', '--name', NAME, '--cpus', '1', '--kernel', kernel])
  expect(up.code, up.stderr).toBe(0)
  try {
    const file = files.file(`${kernel}.vascope`)
    const scenarios = SCENARIOS.flatMap((scenario) => ['--scenario', scenario])
    const run = await vascope(['run', '--board', `virtual:${NAME}:${kernel}`, ...scenarios, '--out', file])
    // 1: the checker accuses the leak of hardref.
    expect(run.code, run.stderr).toBe(kernel === 'hardref' ? 1 : 0)
    const gem = await onBoard('grep sqefw /sys/kernel/debug/dri/0/gem', NAME)
    return { ...read(file), firmware: Number(/\( *(\d+)\)/.exec(gem)?.[1]) }
  } finally {
    await vascope(['board', 'down', '--name', NAME])
  }
}

/** Why mappings of kernel-managed VMs that were made in the session went, each reason once. */
function reasons({ model }: Seen): number[] {
  const { mappings: m, vms } = model.state
  const gone = Array.from({ length: m.length }, (_, i) => i).filter(
    (i) => m.traced.at(i) !== 0 && !m.live.has(i) && vms.get(m.vm.at(i))?.mode === 'kernel-managed'
  )
  return [...new Set(gone.map((i) => m.reason.at(i)))].sort((a, b) => a - b)
}

/** Mappings that were made in the display's VM. */
function shown({ model }: Seen): number {
  const { mappings: m, vms } = model.state
  return Array.from({ length: m.length }, (_, i) => i).filter(
    (i) => m.traced.at(i) !== 0 && vms.get(m.vm.at(i))?.name === DISPLAY
  ).length
}

const managed = ({ model }: Seen): string[] => [
  ...new Set([...model.state.vms.values()].filter((vm) => vm.mode === 'kernel-managed').map((vm) => vm.verdict.policy))
]

describe('the three kernels', () => {
  beforeAll(async () => {
    for (const kernel of VARIANTS) seen[kernel] = await visit(kernel)
  })
  afterAll(() => files.remove())

  it('are known by their own word: the session head, the version of msm, and the flag by its BTF name', () => {
    for (const kernel of VARIANTS) {
      const { head, model } = seen[kernel]
      const msm = model.capabilities!.modules.find((module) => module.name === 'msm')
      expect(head.facts['board.kernel']).toBe(kernel)
      expect(msm?.version ?? '').toBe(kernel === 'mainline' ? '' : `vascope-${kernel}`)
      const flags = model.capabilities!.vmFlags.map((flag) => flag.name)
      expect(flags.includes('DRM_GPUVM_VA_WEAK_REF')).toBe(kernel === 'weakref')
    }
  })

  it('have the same probes attached', () => {
    const probes = ({ model }: Seen): string[] =>
      model.capabilities!.probes.map(({ symbol, how, state }) => `${how} ${symbol}: ${state}`)
    expect(probes(seen.mainline).length).toBeGreaterThan(50)
    expect(probes(seen.weakref)).toEqual(probes(seen.mainline))
    expect(probes(seen.hardref)).toEqual(probes(seen.mainline))
  })

  it('make their kernel-managed VMs handle-counted, weak and hard', () => {
    expect(managed(seen.mainline)).toEqual(['handle-counted'])
    expect(managed(seen.weakref)).toEqual(['weak'])
    expect(managed(seen.hardref)).toEqual(['hard'])
  })

  it('let mappings live as each policy says, whatever two files do with their handles', () => {
    for (const kernel of VARIANTS) {
      const { scenarios } = seen[kernel].model.state
      expect(scenarios.map(({ state }) => scenarioStateName(state))).toEqual(SCENARIOS.map(() => 'done'))
      expect(seen[kernel].broken, kernel).toEqual([])
    }
  })

  it('count a framebuffer, and the kernel’s own mapped BO, once less on weakref', () => {
    const framebuffers = seen.weakref.references
    expect(framebuffers.length).toBeGreaterThan(0)
    const same = (other: Seen): number[] => other.references.slice(0, framebuffers.length)
    expect(framebuffers.map((count) => count + 1)).toEqual(same(seen.mainline))
    expect(same(seen.hardref)).toEqual(same(seen.mainline))
    expect([seen.mainline, seen.weakref, seen.hardref].map((s) => s.firmware)).toEqual([2, 1, 2])
  })

  it('map a framebuffer without a handle at each flip on mainline, and once where mappings outlive handles', () => {
    expect(shown(seen.mainline)).toBeGreaterThanOrEqual(12)
    expect(shown(seen.weakref)).toBe(seen.weakref.references.length)
    expect(shown(seen.weakref)).toBeLessThan(12)
    expect(shown(seen.hardref)).toBe(shown(seen.weakref))
  })

  it('take mappings away with the handle, with the BO, and never', () => {
    expect(reasons(seen.mainline)).toEqual([Reason.close, Reason.vmaPut])
    expect(reasons(seen.weakref)).toEqual([Reason.free])
    expect(reasons(seen.hardref)).toEqual([])
  })

  it('leave BOs behind on hardref alone', () => {
    expect(seen.mainline.model.state.retained.bytes).toBe(0)
    expect(seen.weakref.model.state.retained.bytes).toBe(0)
    expect(seen.hardref.model.state.retained.bytes).toBeGreaterThan(0)
  })
})
