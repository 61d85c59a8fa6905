import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import path from 'node:path'
import { cacheDir, resource } from '../../paths'
import { VascopeError } from '../../problem'
import { archiveDir, ensureImage, hashOf, type Image, type Manifest, readImage } from './image'
import { withLock } from './lock'
import { imagesInUse } from './process'
import { script, type Work } from './script'
import { BUILD_TOOLS, requireTools } from './tools'
import type { Variant } from './variant'

export { inputsHash } from './image'

type Patched = Exclude<Variant, 'mainline'>

/** Builds of one variant that are kept: a module is small, and takes minutes. */
const MODULES_KEPT = 3

const modulesDir = (): string => cacheDir('board', 'kernels')
const buildLog = (): string => cacheDir('board', 'kernels.log')

/** What the modules of a variant are made of: its patches, in their order, and a hash that has the scripts in it too. */
function sources(variant: Patched): { patches: string[]; hash: string } {
  const patches = readdirSync(resource('board', 'kernels', variant)).filter((file) => file.endsWith('.patch'))
  const files = patches.map((file) => path.join('kernels', variant, file))
  const hash = hashOf(resource('board'), [...files, path.join('kernels', 'build.sh'), 'build-root.sh'])
  return { patches: patches.sort(), hash }
}

function folderOf(variant: Patched, base: Image): string {
  return path.join(base.folder, 'kernels', `${base.id}-${variant}-${sources(variant).hash}`)
}

/** Whether the image in this folder has the variant beside it already. */
export function hasVariant(variant: Patched, image: string): boolean {
  return existsSync(folderOf(variant, readImage(image)))
}

/** The image of a kernel: Debian's own, or that image with the modules of another kernel laid over it. */
export async function ensureVariant(variant: Variant, work: Work): Promise<Image> {
  const base = await ensureImage(work)
  if (variant === 'mainline') return base
  const waiting = (): void => work.progress('waiting for another build of a kernel', null)
  return withLock(cacheDir('board', 'kernels.lock'), { signal: work.signal, waiting }, async () => {
    const folder = folderOf(variant, base)
    if (existsSync(folder)) return readImage(folder)
    const { patches, hash } = sources(variant)
    const modules = path.join(modulesDir(), `${variant}-${hash}-${base.manifest.kernel.version}`)
    if (!existsSync(modules)) await build(modules, variant, base, work)
    compose(folder, base, modules, { variant, patches })
    return readImage(folder)
  })
}

async function build(folder: string, variant: Patched, base: Image, work: Work): Promise<void> {
  requireTools(BUILD_TOOLS)
  mkdirSync(modulesDir(), { recursive: true })
  // Under the lock: whatever is half built was left by a process that is gone.
  removeAll(modulesDir(), '.')
  const scratch = mkdtempSync(path.join(modulesDir(), '.build-'))
  try {
    const out = path.join(scratch, 'modules')
    const { release, version } = base.manifest.kernel
    const args = [resource('board', 'kernels', 'build.sh'), archiveDir(), out, release, version, variant]
    const failure = await script(args, buildLog(), work)
    if (failure)
      throw new VascopeError(
        'virtual-board-build-failed',
        `Building the kernel ${variant} of the virtual board from linux-source ${version} failed: ${failure}`,
        `Read ${buildLog()} for the whole output. After a passing fault, such as a lost connection, try again.`
      )
    renameSync(out, folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  const builds = readdirSync(modulesDir()).filter((name) => name.startsWith(`${variant}-`))
  const newestFirst = builds
    .map((name) => path.join(modulesDir(), name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  for (const old of newestFirst.slice(MODULES_KEPT)) rmSync(old, { recursive: true, force: true })
}

/** Inside the image that it is based on, so that it goes when that one goes. Linux unpacks archives that follow one another. */
function compose(
  folder: string,
  base: Image,
  modules: string,
  kernel: Pick<Manifest['kernel'], 'variant' | 'patches'>
): void {
  const parent = path.dirname(folder)
  mkdirSync(parent, { recursive: true })
  const used = imagesInUse(cacheDir('board', 'run'))
  removeAll(parent, '.')
  removeAll(parent, `${base.id}-${kernel.variant}-`, used)

  const scratch = mkdtempSync(path.join(parent, '.compose-'))
  try {
    for (const file of ['vmlinuz', 'board.dtbo']) linkSync(path.join(base.folder, file), path.join(scratch, file))
    symlinkSync(path.join('..', '..', 'keys'), path.join(scratch, 'keys'))
    const initramfs = path.join(scratch, 'root.cpio')
    copyFileSync(path.join(base.folder, 'root.cpio'), initramfs)
    appendFileSync(initramfs, readFileSync(path.join(modules, 'modules.cpio')))
    const manifest: Manifest = { ...base.manifest, kernel: { ...base.manifest.kernel, ...kernel } }
    writeFileSync(path.join(scratch, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    renameSync(scratch, folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function removeAll(folder: string, prefix: string, except = new Set<string>()): void {
  for (const name of readdirSync(folder).filter((name) => name.startsWith(prefix)))
    if (!except.has(path.join(folder, name))) rmSync(path.join(folder, name), { recursive: true, force: true })
}
