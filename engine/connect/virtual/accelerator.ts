import path from 'node:path'
import { type Accelerator, machineArguments, QEMU } from './qemu'
import { run } from './tools'

const TRIAL_MS = 10_000

/**
 * KVM where it really works, else emulation. /dev/kvm can be there and hang the guest in its first instructions, so the
 * board's kernel is started on it without a root: it has to say its version and then to panic, which ends QEMU.
 */
export async function chooseAccelerator(image: string, signal?: AbortSignal): Promise<Accelerator> {
  if (process.arch !== 'arm64') return 'tcg'
  const kernel = path.join(image, 'vmlinuz')
  const trial = [...machineArguments('kvm'), '-no-reboot', '-serial', 'stdio', '-kernel', kernel]
  const { code, output } = await run(QEMU, [...trial, '-append', 'console=ttyAMA0 panic=-1'], {
    signal,
    timeoutMs: TRIAL_MS
  })
  return code === 0 && output.includes('Linux version') ? 'kvm' : 'tcg'
}
