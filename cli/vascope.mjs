#!/usr/bin/env node
// The command `vascope`: makes sure that the command line is built from the sources beside it, then becomes it.
// Needs nothing but Node. What it builds is told on stderr, so that the output of a command with --json stays clean.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const root = path.resolve(import.meta.dirname, '..')

/** Commands that reach a board need the daemon; those that may bring up a virtual one, the tools to do so. */
function needs([command = '', ...args]) {
  const words = new Set(args)
  if (words.has('--help') || words.has('-h')) return ['cli']
  if (command === 'board') return words.has('up') || words.has('selftest') ? ['cli', 'board'] : ['cli']
  if (command === 'demo') return ['cli', 'daemon', 'board']
  if (!['probe', 'run', 'record'].includes(command)) return ['cli']
  // what a matrix names is read later; it may be a virtual board
  return args.some((word) => /(^|=)virtual(:|$)|^--matrix\b/.test(word))
    ? ['cli', 'daemon', 'board']
    : ['cli', 'daemon']
}

async function prepare() {
  if (!existsSync(path.join(root, 'cli/index.ts'))) return true // installed, not a source checkout
  const { ensure } = await import('../scripts/bootstrap.mjs')
  const { report, StepError } = await import('../scripts/lib/say.mjs')
  try {
    await ensure(needs(process.argv.slice(2)))
    return true
  } catch (error) {
    report(error)
    process.exitCode = error instanceof StepError ? error.exit : 1
    return false
  }
}

if (await prepare()) await import(pathToFileURL(path.join(root, 'out/cli/index.js')).href)
