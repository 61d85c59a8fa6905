import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { asBoard } from '../../engine/connect/virtual/process'
import { bootArguments, dumpArguments, machineArguments } from '../../engine/connect/virtual/qemu'
import { APPS_SMMU, GPU_SMMU, PRESETS, SMEM } from '../../engine/connect/virtual/registers'
import { resource } from '../../engine/paths'

const BOOT = {
  image: '/cache/image/one',
  folder: '/cache/run/default',
  port: 40022,
  accelerator: 'tcg',
  cpus: 1
} as const

function after(args: string[], option: string): string[] {
  return args.flatMap((arg, i) => (arg === option ? [args[i + 1] ?? ''] : []))
}

describe('the arguments of QEMU', () => {
  it('let the guest be reached on one loopback port and reach nothing itself', () => {
    const args = bootArguments(BOOT)
    expect(after(args, '-netdev')).toEqual(['user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:40022-:22'])
    expect(args).toContain('-nodefaults')
  })

  it('dump the device tree of the very machine that is booted', () => {
    for (const accelerator of ['tcg', 'kvm'] as const) {
      const dumped = dumpArguments(accelerator, 4, '/run/machine.dtb').map((arg) =>
        arg.replace(',dumpdtb=/run/machine.dtb', '')
      )
      expect(dumped).toEqual(machineArguments(accelerator, 4))
      expect(after(dumped, '-smp')).toEqual(['4'])
    }
  })

  it('preset every register with a 32-bit value at an address of its own', () => {
    const loaders = after(bootArguments(BOOT), '-device').filter((device) => device.startsWith('loader,'))
    expect(loaders).toContain('loader,addr=0xb8100020,data=0x4f005e10,data-len=4')
    expect(new Set(loaders.map((loader) => loader.split(',')[1])).size).toBe(PRESETS.length)
    for (const { value } of PRESETS) expect(value).toBe(value >>> 0)
  })

  it('preset registers where the device tree has them', () => {
    const tree = readFileSync(resource('board', 'virt.dtso'), 'utf8')
    expect(tree).toContain(`adreno_smmu: iommu@${GPU_SMMU.toString(16)}`)
    expect(tree).toContain(`apps_smmu: iommu@${APPS_SMMU.toString(16)}`)
    expect(tree).toContain(`smem_mem: smem-memory@${SMEM.toString(16)}`)
  })
})

describe('a process', () => {
  const argv = ['/usr/bin/qemu-system-aarch64', ...bootArguments(BOOT), '']

  it('is the board of a folder when its command line says so', () => {
    expect(asBoard(77, argv, BOOT.folder)).toEqual({ pid: 77, port: 40022, image: '/cache/image/one' })
  })

  it('is not the board of another folder, even of one with a longer name', () => {
    expect(asBoard(77, argv, '/cache/run/other')).toBeNull()
    expect(asBoard(77, argv, '/cache/run/def')).toBeNull()
  })

  it('is not a board when a pid was given to another program since', () => {
    expect(asBoard(77, ['/usr/bin/vim', '/cache/run/default/console.log'], BOOT.folder)).toBeNull()
    expect(asBoard(77, ['grep', ...argv.slice(1)], BOOT.folder)).toBeNull()
    expect(asBoard(77, [], BOOT.folder)).toBeNull()
  })
})
