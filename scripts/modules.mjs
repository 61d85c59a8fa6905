// node_modules as package-lock.json says.
import { existsSync, lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { fresh, hashFiles, markFresh } from './lib/inputs.mjs'
import { root, run } from './lib/run.mjs'
import { progress, StepError } from './lib/say.mjs'

const STAMP = path.join(root, 'node_modules/.vascope-stamp')
const LINK = path.join(root, 'node_modules/.bin/vascope')

/** True when what is installed is what package-lock.json asks for, by whichever command it was installed. */
export function modulesAreFresh() {
  const key = hashFiles(['package-lock.json'])
  if (!fresh(STAMP, key)) {
    if (!installedAsLocked()) return false
    markFresh(STAMP, key)
  }
  linkCommand()
  return true
}

/** `npm ci`. */
export async function installModules() {
  const step = progress('Installing node modules')
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const remedy = 'see that the npm registry can be reached (`npm ping`), then try again'
  try {
    await run('npm', args, { log: 'modules', remedy })
    markFresh(STAMP, hashFiles(['package-lock.json']))
    linkCommand()
    step.done()
  } catch (error) {
    step.failed()
    throw error
  }
}

/** npm writes what it installed to a lock file of its own, last of all. Optional packages may be left out of it. */
function installedAsLocked() {
  const hidden = path.join(root, 'node_modules/.package-lock.json')
  if (!existsSync(hidden)) return false
  const wanted = packagesOf(path.join(root, 'package-lock.json'))
  const installed = packagesOf(hidden)
  return Object.entries(wanted).every(([where, entry]) => {
    if (where === '' || ((entry.optional || entry.devOptional || entry.peer) && !installed[where])) return true
    return installed[where]?.version === entry.version && installed[where]?.integrity === entry.integrity
  })
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch (error) {
    throw new StepError(`${file} cannot be read: ${error.message}`, {
      remedy: 'restore it from git, or remove node_modules'
    })
  }
}

/** npm links the commands of dependencies only; with this link `npx vascope` finds the repository's own without asking a registry. */
function linkCommand() {
  const target = '../../cli/vascope.mjs'
  const there = lstatSync(LINK, { throwIfNoEntry: false })
  if (there?.isSymbolicLink() && readlinkSync(LINK) === target) return
  if (there) rmSync(LINK)
  symlinkSync(target, LINK)
}
