#!/usr/bin/env node
// Makes a fresh clone ready: each step has a quick check, and what is missing is made, with progress. Silent when nothing is missing.
// Needs nothing but Node, since it is what installs the rest.
//
//   node scripts/bootstrap.mjs [STEP …]     all steps when none is named
import { buildImage, buildKernels, imageFolder, kernelsAreBuilt } from './board-image.mjs'
import { buildAloud, buildIsFresh } from './build.mjs'
import { buildDaemon, daemonIsFresh } from './daemon.mjs'
import { ensureElectron, installedElectron } from './electron-runtime.mjs'
import { isMain, main, progress, say, StepError } from './lib/say.mjs'
import { installModules, modulesAreFresh } from './modules.mjs'
import { installPackages, missingPackages } from './packages.mjs'
import { generateProto, protoIsFresh } from './proto.mjs'

/**
 * The steps, in the order they are taken. `packages`: the purposes of scripts/packages.mjs it needs; `needs`: steps that come before.
 * @type {Record<string, { what: string, packages?: string[], needs?: string[], fresh: () => boolean | Promise<boolean>, make: () => unknown }>}
 */
const STEPS = {
  modules: { what: 'install node modules (about 400 MB)', fresh: modulesAreFresh, make: installModules },
  proto: {
    what: 'generate the protocol',
    needs: ['modules'],
    fresh: protoIsFresh,
    make: () => aloud('Generating the protocol', generateProto)
  },
  cli: {
    what: 'build the command line',
    needs: ['proto'],
    fresh: () => buildIsFresh('cli'),
    make: () => buildAloud('cli')
  },
  daemon: { what: 'build vascoped', packages: ['daemon', 'cross'], fresh: daemonIsFresh, make: buildDaemon },
  electron: {
    what: 'fetch Electron',
    needs: ['modules'],
    packages: ['window'],
    fresh: () => installedElectron() !== null,
    make: ensureElectron
  },
  app: { what: 'build the app', needs: ['proto'], fresh: () => buildIsFresh('app'), make: () => buildAloud('app') },
  image: {
    what: 'build the virtual board (a few minutes)',
    needs: ['cli'],
    packages: ['board'],
    fresh: async () => (await imageFolder()) !== null,
    make: buildImage
  },
  // For the tests alone: a person's are built when `board up --kernel` asks for them.
  kernels: {
    what: 'build the kernels of the virtual board that are not Debian’s (3 to 6 minutes each)',
    needs: ['image'],
    packages: ['board'],
    fresh: kernelsAreBuilt,
    make: buildKernels
  },
  // Packages alone: the engine builds a virtual board itself when one is asked for.
  board: { what: '', packages: ['board'], fresh: () => true, make: () => {} },
  tests: { what: '', packages: ['test'], fresh: () => true, make: () => {} }
}

/** What `npm start` needs without a display, and with one. */
export const TERMINAL = ['cli', 'daemon', 'image']
export const START = [...TERMINAL, 'electron', 'app']

/**
 * Makes sure of some steps, and of what they need. Throws a StepError that says what failed and what to do.
 * @param {string[]} wanted names of steps
 */
export async function ensure(wanted) {
  for (const error of (await attempt(wanted, { goOn: false })).values()) throw error
}

/**
 * Like `ensure`, but can go on after a failed step, with those that do not need it. A failure of the Debian packages is thrown.
 * @param {string[]} wanted
 * @returns {Promise<Map<string, Error>>} what failed, by step; a step whose need failed has that one's error
 */
export async function attempt(wanted, { goOn = true } = {}) {
  checkNode()
  const needed = withNeeds(wanted)
  const names = Object.keys(STEPS).filter((name) => needed.has(name))
  const packages = missingPackages([...new Set(names.flatMap((name) => STEPS[name].packages ?? []))])
  const missing = []
  for (const name of names) if (!(await STEPS[name].fresh())) missing.push(name)
  sayPlan([
    ...(packages.length ? [`install ${packages.length} Debian packages`] : []),
    ...missing.map((name) => STEPS[name].what)
  ])
  if (packages.length) await installPackages(packages)

  const failures = new Map()
  for (const name of missing) {
    const inherited = (STEPS[name].needs ?? []).map((need) => failures.get(need)).find(Boolean)
    try {
      if (inherited) throw inherited
      if (!(await STEPS[name].fresh())) await STEPS[name].make()
    } catch (error) {
      failures.set(name, error)
      if (!goOn) break
    }
  }
  return failures
}

function withNeeds(wanted) {
  const all = new Set()
  const add = (name) => {
    if (!STEPS[name])
      throw new StepError(`unknown step ${name}`, { remedy: `one of ${Object.keys(STEPS).join(', ')}`, exit: 2 })
    for (const need of STEPS[name].needs ?? []) add(need)
    all.add(name)
  }
  wanted.forEach(add)
  return all
}

/** One step says itself what it does. */
function sayPlan(lines) {
  if (lines.length < 2) return
  say('Setting up Vascope, where something is missing:')
  for (const line of lines) say(`  - ${line}`)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new StepError(`Node ${process.versions.node} is too old`, { remedy: 'install Node 20.19 or later', exit: 2 })
}

async function aloud(title, work) {
  const step = progress(title)
  try {
    await work()
    step.done()
  } catch (error) {
    step.failed()
    throw error
  }
}

if (isMain(import.meta)) await main(() => ensure(process.argv.length > 2 ? process.argv.slice(2) : [...START, 'tests']))
