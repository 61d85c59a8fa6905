#!/usr/bin/env node
// Builds what runs: the command line (out/cli, also the engine of `vascope`) and the app (out/main, out/preload, out/renderer).
// Each is keyed by a hash of its sources, so that a second call costs the hashing alone.
//
//   node scripts/build.mjs [cli] [app]     both when none is named
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fresh, hashFiles, markFresh, publish, temporaryDir } from './lib/inputs.mjs'
import { bin, root, run } from './lib/run.mjs'
import { isMain, main, progress, StepError } from './lib/say.mjs'
import { generateProto, protoIsFresh } from './proto.mjs'

const TOOLS = ['package.json', 'package-lock.json', 'scripts/build.mjs', 'proto/vascope']

const TARGETS = {
  cli: {
    title: 'Building the command line',
    inputs: [...TOOLS, 'engine', 'cli', 'scripts/vite.cli.config.mjs'],
    result: 'out/cli/index.js',
    out: 'out/cli', // in one piece: commands may be running from it
    source: 'cli/index.ts',
    command: ['vite', 'build', '--config', 'scripts/vite.cli.config.mjs']
  },
  app: {
    title: 'Building the app',
    inputs: [...TOOLS, 'engine', 'main', 'renderer', 'electron.vite.config.ts', 'tsconfig.base.json'],
    result: 'out/main/index.js',
    source: 'main/index.ts',
    command: ['electron-vite', 'build']
  }
}

/** True when the built code was made from the sources as they are. @param {'cli' | 'app'} name */
export function buildIsFresh(name) {
  const target = TARGETS[name]
  return existsSync(path.join(root, target.result)) && fresh(stamp(name), hashOf(target))
}

/** Builds one of the two. @param {'cli' | 'app'} name */
export async function build(name) {
  const target = TARGETS[name]
  if (!existsSync(path.join(root, target.source))) throw new StepError(`${target.source} is not there`)
  if (!protoIsFresh()) await generateProto()
  const hash = hashOf(target)
  const [program, ...args] = target.command
  const out = target.out && path.join(root, target.out)
  const dir = out && temporaryDir(out)
  if (dir) args.push('--outDir', dir)
  await run(bin(program), args, { log: `build-${name}`, remedy: 'mend the source named above' })
  if (dir) publish(dir, out)
  markFresh(stamp(name), hash)
}

/** Builds one and says so. @param {'cli' | 'app'} name */
export async function buildAloud(name) {
  const step = progress(TARGETS[name].title)
  try {
    await build(name)
    step.done()
  } catch (error) {
    step.failed()
    throw error
  }
}

function hashOf(target) {
  return hashFiles(target.inputs, { skip: (file) => file.endsWith('.test.ts') })
}

function stamp(name) {
  return path.join(root, 'out', `.${name}.stamp`)
}

if (isMain(import.meta)) {
  await main(async () => {
    const names = process.argv.slice(2)
    const unknown = names.find((name) => !(name in TARGETS))
    if (unknown)
      throw new StepError(`unknown target ${unknown}`, { remedy: `one of ${Object.keys(TARGETS).join(', ')}`, exit: 2 })
    for (const name of names.length ? names : Object.keys(TARGETS)) if (!buildIsFresh(name)) await buildAloud(name)
  })
}
