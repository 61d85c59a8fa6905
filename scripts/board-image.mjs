// The image of the virtual board. The engine builds it (engine/connect/virtual/, out of the command line's bundle); here it is
// only built ahead of time, with the progress that set-up shows.
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { cacheDir, root } from './lib/run.mjs'
import { progress, StepError } from './lib/say.mjs'

const BUNDLE = path.join(root, 'out/cli/board-image.js')

/**
 * The newest image of the sources as they are, or null. Whether Debian has a newer kernel is asked, once a day, when a board starts.
 * @returns {Promise<string | null>} its folder
 */
export async function imageFolder() {
  if (!existsSync(BUNDLE)) return null
  const { inputsHash } = await engine()
  const images = cacheDir('board', 'image')
  const inputs = inputsHash(path.join(root, 'board'))
  const names = existsSync(images) ? readdirSync(images).filter((name) => name.startsWith(inputs)) : []
  const folders = names.map((name) => path.join(images, name))
  return folders.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0] ?? null
}

/** Builds the image: a few minutes, most of it download. */
export async function buildImage() {
  await build('Building the virtual board', 'mainline')
}

const PATCHED = ['weakref', 'hardref']

/** Whether the board's other kernels are there for the image as it is. */
export async function kernelsAreBuilt() {
  const image = await imageFolder()
  if (image === null) return false
  const { hasVariant } = await engine()
  return PATCHED.every((variant) => hasVariant(variant, image))
}

/** Builds them: three to six minutes each, of compiling. */
export async function buildKernels() {
  for (const variant of PATCHED) await build(`Building the kernel ${variant}`, variant)
}

async function build(title, variant) {
  const { ensureVariant } = await engine()
  const step = progress(title)
  try {
    await ensureVariant(variant, { progress: (activity, fraction) => step.update(fraction, activity) })
    step.done()
  } catch (error) {
    step.failed()
    // The bundle has its own VascopeError; what a person can act on has a remedy.
    throw typeof error?.remedy === 'string' ? new StepError(error.message, { remedy: error.remedy }) : error
  }
}

/** The bundle may be built again between two calls; the name tells Node so. */
async function engine() {
  return await import(`${pathToFileURL(BUNDLE).href}?${statSync(BUNDLE).mtimeMs}`)
}
