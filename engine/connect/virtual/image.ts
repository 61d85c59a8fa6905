import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { cacheDir, resource } from '../../paths'
import { VascopeError } from '../../problem'
import { chooseKernel, type Kernel, parseKernels } from './kernel'
import { withLock } from './lock'
import { imagesInUse } from './process'
import { script, type Work } from './script'
import { BUILD_TOOLS, requireTools } from './tools'
import type { Variant } from './variant'

/** What an image was made of; `manifest.json` in it. */
export interface Manifest {
  /** `patches`: those over Debian's source; none on mainline. */
  kernel: { release: string; package: string; version: string; suite: string; variant: Variant; patches: string[] }
  libcDev: string
  agentSha256: string
  compiler: string
  userland: string
  built: string
}

export interface Image {
  folder: string
  /** Its folder's name: a hash of the sources, and the kernel's version. */
  id: string
  manifest: Manifest
}

const HOUR_MS = 3600_000
/** How long a fetched package index counts as current. */
const INDEX_AGE_MS = 24 * HOUR_MS
/** Images of other sources or kernels that are kept, so that switching branches does not rebuild. */
const IMAGES_KEPT = 3

/** Of board/, what does not end up in an image. The kernels other than mainline are laid over it. */
const NOT_INPUTS = /^(README\.md|LICENSE|kernels\/.*)$/

const imagesDir = (): string => cacheDir('board', 'image')
export const archiveDir = (): string => cacheDir('board', 'archive')
export const buildLog = (): string => cacheDir('board', 'build.log')

/** Hash over the sources of the image: paths and contents of everything in board/. */
export function inputsHash(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return hashOf(
    folder,
    files.filter((file) => !NOT_INPUTS.test(file) && statSync(path.join(folder, file)).isFile())
  )
}

/** Hash over paths and contents of files in a folder. */
export function hashOf(folder: string, files: string[]): string {
  const hash = createHash('sha256')
  for (const file of files.sort())
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(folder, file)))
      .update('\0')
  return hash.digest('hex').slice(0, 16)
}

export function readImage(folder: string): Image {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Manifest
  // An image that was built, and may still run, before there were other kernels does not say.
  const said: Partial<Manifest['kernel']> = manifest.kernel
  const kernel = { ...manifest.kernel, variant: said.variant ?? 'mainline', patches: said.patches ?? [] }
  return { folder, id: path.basename(folder), manifest: { ...manifest, kernel } }
}

/** Finished images, the newest first. Those that begin with a dot are being built. */
function images(prefix = ''): string[] {
  if (!existsSync(imagesDir())) return []
  return readdirSync(imagesDir())
    .filter((name) => !name.startsWith('.') && name.startsWith(prefix))
    .map((name) => path.join(imagesDir(), name))
    .filter((folder) => statSync(folder).isDirectory())
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
}

/**
 * The image of the current sources and of the kernel that is in Debian's archive now; built when it is not there yet.
 * Without a network, the newest image of the same sources.
 */
export async function ensureImage(work: Work): Promise<Image> {
  const inputs = inputsHash(resource('board'))
  return withLock(
    cacheDir('board', 'image.lock'),
    { signal: work.signal, waiting: () => work.progress('waiting for another build of the board image', null) },
    async () => {
      const found = await currentKernel(work).catch((error: unknown) => {
        const [newest] = images(inputs)
        if (newest && error instanceof VascopeError && error.code === 'virtual-board-offline') return readImage(newest)
        throw error
      })
      if ('folder' in found) return found
      const folder = path.join(imagesDir(), `${inputs}-${found.version}`)
      return existsSync(folder) ? readImage(folder) : build(folder, found, work)
    }
  )
}

/** Asks Debian's archive, at most once a day. */
async function currentKernel(work: Work): Promise<Kernel> {
  const index = path.join(archiveDir(), 'kernels')
  const fresh = existsSync(index) && Date.now() - statSync(index).mtimeMs < INDEX_AGE_MS
  if (!fresh) {
    requireTools(BUILD_TOOLS)
    work.progress("fetching the index of Debian's archive", 0)
    const failure = await script([resource('board', 'archive.sh'), archiveDir(), 'refresh'], buildLog(), work)
    if (failure)
      throw new VascopeError(
        'virtual-board-offline',
        `Debian's archive cannot be reached: ${failure}`,
        `Check the network and that \`apt-get update\` works on this machine, then try again. All output is in ${buildLog()}.`
      )
  }
  return chooseKernel(parseKernels(readFileSync(index, 'utf8')))
}

async function build(folder: string, kernel: Kernel, work: Work): Promise<Image> {
  requireTools(BUILD_TOOLS)
  mkdirSync(imagesDir(), { recursive: true })
  // Under the lock: whatever is half built was left by a process that is gone.
  for (const name of readdirSync(imagesDir()).filter((name) => name.startsWith('.')))
    rmSync(path.join(imagesDir(), name), { recursive: true, force: true })

  const scratch = mkdtempSync(path.join(imagesDir(), '.build-'))
  try {
    const out = path.join(scratch, 'image')
    const args = [resource('board', 'build.sh'), archiveDir(), out, kernel.release, kernel.version, kernel.suite]
    const failure = await script(args, buildLog(), work)
    if (failure)
      throw new VascopeError(
        'virtual-board-build-failed',
        `Building the image of the virtual board with kernel ${kernel.version} failed: ${failure}`,
        `Read ${buildLog()} for the whole output. After a passing fault, such as a lost connection, try again.`
      )
    renameSync(out, folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  // Images of other kernels are inside of the one they are based on.
  const used = [...imagesInUse(cacheDir('board', 'run'))].map((image) => `${image}/`)
  for (const old of images().slice(IMAGES_KEPT))
    if (!used.some((image) => image.startsWith(`${old}/`))) rmSync(old, { recursive: true, force: true })
  return readImage(folder)
}
