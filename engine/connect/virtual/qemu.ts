import path from 'node:path'
import { PRESETS } from './registers'

export const QEMU = 'qemu-system-aarch64'

export type Accelerator = 'tcg' | 'kvm'

/** What a board has unless told otherwise: the least that lets kernel code race with itself. */
export const DEFAULT_CPUS = 2
/** Of the GIC that QEMU's virt machine has by default. */
export const MAX_CPUS = 8

const MEMORY_MIB = 2048
/** What Linux may use of it. The registers of the emulated hardware are in the rest (registers.ts). */
const GUEST_MEMORY = '1920M'

/**
 * The hardware's power domains come from a module. A driver that gives up on them, by default 10 s after the kernel's own
 * start, is not asked again: too soon on a busy machine.
 */
const DEFERRED_PROBE_S = 600

/**
 * KASLR forces page tables of their own for the kernel, even without mitigations (unmap_kernel_at_el0(), 7.3). Emulated, each way into the
 * kernel and out then empties the TLB: twice the time to boot, and a third more for a session.
 */
const KERNEL_ARGUMENTS = [
  ...['console=ttyAMA0', 'quiet', 'loglevel=4', 'panic=-1', 'mitigations=off', 'kpti=off'],
  ...[`mem=${GUEST_MEMORY}`, `deferred_probe_timeout=${DEFERRED_PROBE_S}`]
].join(' ')

const BARE = ['-nodefaults', '-display', 'none']

/** Machine and processors. The device tree is dumped for exactly these. */
export function machineArguments(accelerator: Accelerator, cpus: number): string[] {
  // virtualization=on makes SMC the PSCI conduit; QEMU then answers NOT_SUPPORTED to unknown SMCs, which qcom_scm accepts.
  const machine = accelerator === 'kvm' ? 'virt,gic-version=host' : 'virt,virtualization=on'
  const processor =
    accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', 'cortex-a76']
  return ['-machine', machine, ...processor, '-m', String(MEMORY_MIB), '-smp', String(cpus), ...BARE]
}

/** Arguments that make QEMU write the machine's own device tree and leave. */
export function dumpArguments(accelerator: Accelerator, cpus: number, file: string): string[] {
  const [option = '', machine = '', ...rest] = machineArguments(accelerator, cpus)
  return [option, `${machine},dumpdtb=${file}`, ...rest]
}

export interface Boot {
  image: string
  /** Runtime folder of the board: device tree, console. */
  folder: string
  /** Loopback port that is forwarded to the guest's SSH server. */
  port: number
  accelerator: Accelerator
  cpus: number
}

export function consoleFile(folder: string): string {
  return path.join(folder, 'console.log')
}

export function deviceTreeFile(folder: string): string {
  return path.join(folder, 'board.dtb')
}

export function bootArguments(boot: Boot): string[] {
  return [
    ...machineArguments(boot.accelerator, boot.cpus),
    '-serial',
    `file:${consoleFile(boot.folder)}`,
    '-kernel',
    path.join(boot.image, 'vmlinuz'),
    '-initrd',
    path.join(boot.image, 'root.cpio'),
    '-dtb',
    deviceTreeFile(boot.folder),
    ...PRESETS.flatMap(({ address, value }) => [
      '-device',
      `loader,addr=0x${address.toString(16)},data=0x${value.toString(16)},data-len=4`
    ]),
    // restrict: the guest reaches nothing, it is only reached.
    '-netdev',
    `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${boot.port}-:22`,
    '-device',
    'virtio-net-device,netdev=net',
    // A second display, with a connector and vblanks, that gpuvm has no part in. What it shows goes nowhere. Its driver wants
    // virtio 1.0 (virtio_gpu_init(), 7.3), which QEMU 7.2 does not speak over MMIO unless told to.
    '-global',
    'virtio-mmio.force-legacy=false',
    '-device',
    'virtio-gpu-device',
    '-append',
    KERNEL_ARGUMENTS
  ]
}
