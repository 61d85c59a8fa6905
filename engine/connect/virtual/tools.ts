import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { VascopeError } from '../../problem'
import { QEMU } from './qemu'

/** Programs that booting needs, and the Debian package each comes from. */
export const BOOT_TOOLS: Record<string, string> = {
  [QEMU]: 'qemu-system-arm',
  fdtoverlay: 'device-tree-compiler',
  ssh: 'openssh-client',
  flock: 'util-linux'
}

/** Programs that building the image needs beside those. */
export const BUILD_TOOLS: Record<string, string> = {
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  dtc: 'device-tree-compiler',
  cpio: 'cpio',
  xz: 'xz-utils',
  'ssh-keygen': 'openssh-client',
  unshare: 'util-linux'
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Throws with the one line that installs what is missing. */
export function requireTools(tools: Record<string, string>): void {
  const missing = Object.keys(tools).filter((program) => !onPath(program))
  if (!missing.length) return
  const packages = [...new Set(missing.map((program) => tools[program]))]
  throw new VascopeError(
    'virtual-board-tools-missing',
    `The virtual board needs ${missing.join(', ')}, which ${missing.length > 1 ? 'are' : 'is'} not installed.`,
    `Run \`sudo apt-get install --no-install-recommends ${packages.join(' ')}\`.`
  )
}

/** Runs a program to its end, or kills it after `timeoutMs`: then the code is null. The output is what it wrote to stdout and stderr together. */
export async function run(
  program: string,
  args: string[],
  options: { signal?: AbortSignal | undefined; timeoutMs?: number } = {}
): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
    // A QEMU whose processor hangs in KVM does not answer SIGTERM.
    killSignal: 'SIGKILL',
    signal: options.signal
  })
  let output = ''
  const collect = (chunk: Buffer): void => void (output += chunk.toString())
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, output }
}
