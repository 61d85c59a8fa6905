import path from 'node:path'
import { type Accelerator, DEFAULT_CPUS, machineArguments, QEMU } from './qemu'
import { run } from './tools'

/** Emulated, this takes 3 s; KVM that works needs no second. */
const TRIAL_MS = 10_000

/**
 * KVM where it really works, else emulation. /dev/kvm can be there and hang the guest in its first instructions, so the
 * board's kernel is started on it without a root: it has to say its version and then to panic, which ends QEMU. Where KVM
 * is missing or forbidden, QEMU ends at once with an error.
 */
export async function chooseAccelerator(
  image: string,
  signal?: AbortSignal,
  { arch = process.arch as string, trialMs = TRIAL_MS } = {}
): Promise<Accelerator> {
  if (arch !== 'arm64') return 'tcg'
  const kernel = path.join(image, 'vmlinuz')
  const trial = [...machineArguments('kvm', DEFAULT_CPUS), '-no-reboot', '-serial', 'stdio', '-kernel', kernel]
  const { code, output } = await run(QEMU, [...trial, '-append', 'console=ttyAMA0 panic=-1'], {
    signal,
    timeoutMs: trialMs
  })
  return code === 0 && output.includes('Linux version') ? 'kvm' : 'tcg'
}
