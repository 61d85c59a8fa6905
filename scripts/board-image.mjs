// The image of the virtual board. The engine builds it (engine/connect/virtual/image.ts, out of the command line's bundle); here it is
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
  const { ensureImage } = await engine()
  const step = progress('Building the virtual board')
  try {
    await ensureImage({ progress: (activity, fraction) => step.update(fraction, activity) })
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
