#!/usr/bin/env node
// The layer check: who may import whom, and what must not be in the repository's text. Fails with file:line.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { importsOf } from './lib/imports.mjs'
import { walk } from './lib/inputs.mjs'
import { root } from './lib/run.mjs'
import { isMain, main, say, StepError } from './lib/say.mjs'

/** What every folder of the engine may use: the contract with the windows, errors, where files are, how values read, JUnit for CI, YAML of users. */
const ENGINE = ['api', 'problem', 'paths', 'format', 'space', 'junit', 'yaml-file'].map((name) => `engine/${name}`)

/**
 * Who sees whom. `sees`: folders and modules whose code may be imported; `types`: of which only types may be; `packages`: from outside,
 * where "node:" is all of Node. The longest `of` that fits a file counts. Data flows down this list from the wire to the windows.
 */
const LAYERS = [
  { of: 'engine/wire', sees: ['proto/gen', ...ENGINE], packages: ['node:', 'protobufjs', 'long'] },
  { of: 'engine/store', sees: ['engine/wire', ...ENGINE], packages: ['node:'] },
  { of: 'engine/model', sees: ['engine/wire', ...ENGINE], packages: [] },
  { of: 'engine/check', sees: ['engine/wire', 'engine/model', ...ENGINE], packages: [] },
  { of: 'engine/stats', sees: ['engine/wire', 'engine/model', ...ENGINE], packages: [] },
  { of: 'engine/query', sees: ['engine/model', 'engine/check', 'engine/stats', ...ENGINE], packages: [] },
  {
    of: 'engine/compare',
    // Its report is set as that of a session is.
    sees: ['wire', 'model', 'stats', 'query', 'session', 'report/html', 'report/document']
      .map((name) => `engine/${name}`)
      .concat(ENGINE),
    packages: ['node:', 'valibot']
  },
  {
    of: 'engine/report',
    // A report is of a recording, and wears the window's colours.
    sees: ['wire', 'store', 'model', 'check', 'stats', 'query', 'session']
      .map((name) => `engine/${name}`)
      .concat('renderer/app/tokens.css', ENGINE),
    packages: ['node:']
  },
  {
    of: 'engine/ci',
    sees: ['connect', 'deploy', 'model', 'session', 'stats', 'report'].map((name) => `engine/${name}`).concat(ENGINE),
    packages: ['node:', 'valibot']
  },
  {
    of: 'engine/export',
    sees: ['wire', 'store', 'model', 'session'].map((name) => `engine/${name}`).concat(ENGINE),
    packages: ['node:', 'hyparquet-writer']
  },
  { of: 'engine/import', sees: ['engine/wire', 'engine/store', ...ENGINE], packages: ['node:', 'fzstd'] },
  { of: 'engine/connect', sees: ENGINE, packages: ['node:', 'ssh2', 'ssh-config', 'valibot'] },
  { of: 'engine/deploy', sees: ['engine/connect', 'engine/wire', ...ENGINE], packages: ['node:', 'valibot'] },
  {
    of: 'engine/session',
    sees: ['connect', 'deploy', 'wire', 'store', 'model', 'check', 'stats', 'query']
      .map((name) => `engine/${name}`)
      .concat(ENGINE),
    packages: ['node:', 'valibot']
  },
  { of: 'engine', sees: ['engine'], packages: ['node:', 'valibot', 'yaml'] },
  { of: 'cli', sees: ['engine'], packages: ['node:', 'commander', 'valibot'] },
  { of: 'main', sees: ['engine', 'main/preload/bridge'], packages: ['node:', 'electron', 'valibot'] },
  { of: 'main/preload', sees: [], types: ['engine/api'], packages: ['electron'] },
  {
    of: 'renderer',
    sees: ['engine/format', 'engine/link', 'engine/methods', 'engine/space'], // numbers and links read the same everywhere
    types: ['engine/api', 'proto/gen', 'main/preload/bridge'], // the bridge is the window's contract with the preload script
    packages: [
      'vue',
      'reka-ui',
      '@tanstack/vue-virtual',
      '@fontsource-variable/inter',
      '@fontsource-variable/jetbrains-mono'
    ]
  }
]

/** Text that ties the repository to somebody's machine. Each has the reason that is printed. */
const FORBIDDEN = [
  { pattern: /(?<![\w.~-])\/(?:work|Users)\/[\w.-]+/, why: 'an absolute path of one machine' },
  { pattern: /(?<![\w.~-])\/home\/(?!lab\b|USER\b|\$)[a-z][\w.-]*/, why: 'an absolute path of one person’s home' },
  {
    pattern: /https?:\/\/[\w.@:-]*(?:registry|artifact|nexus|mirror|pkg\.dev)[\w.:-]*/i,
    why: 'a package registry or mirror'
  }
]

const CODE = /\.(ts|mts|vue)$/
const TEST = /\.test\.ts$/
const BINARY = /\.(png|jpg|ico|icns|woff2?|bin|vascope|gz|xz|asar)$/

/**
 * Checks the imports of one file. Files of no layer (tests, configuration) and tests within layers may import what they like.
 * @param {string} file from the root, with slashes
 * @param {string} text
 * @returns {{ line: number, problem: string }[]}
 */
export function checkImports(file, text) {
  const layer = layerOf(file)
  if (!layer || !CODE.test(file) || TEST.test(file)) return []
  return importsOf(file, text).flatMap(({ target, line, types }) => {
    const problem = target.startsWith('.')
      ? insideProblem(layer, resolve(file, target), types)
      : outsideProblem(layer, target)
    return problem ? [{ line, problem }] : []
  })
}

/** Finds text that must not be in the repository. @returns {{ line: number, problem: string }[]} */
export function checkText(text) {
  return text.split('\n').flatMap((content, index) =>
    FORBIDDEN.flatMap(({ pattern, why }) => {
      const match = pattern.exec(content)
      return match ? [{ line: index + 1, problem: `${match[0]}: ${why}` }] : []
    })
  )
}

function layerOf(file) {
  const fitting = LAYERS.filter(({ of }) => file.startsWith(`${of}/`))
  return fitting.sort((a, b) => b.of.length - a.of.length)[0]
}

function insideProblem(layer, target, types) {
  if (isOf(layer.of, target) && (layerOf(target) ?? layer) === layer) return ''
  if (layer.sees.some((name) => isOf(name, target))) return ''
  const asTypes = (layer.types ?? []).some((name) => isOf(name, target))
  if (asTypes) return types ? '' : `${layer.of} may import only types from ${target} (write \`import type\`)`
  return `${layer.of} may not import ${target}`
}

function outsideProblem(layer, target) {
  if (
    layer.packages.some((name) =>
      name.endsWith(':') ? target.startsWith(name) : target === name || target.startsWith(`${name}/`)
    )
  )
    return ''
  return `${layer.of} may not import ${target}; a new package is listed in scripts/layers.mjs`
}

function isOf(name, target) {
  return target === name || target.startsWith(`${name}/`)
}

function resolve(file, target) {
  return path.posix.join(path.posix.dirname(file), target.replace(/\?.*$/, '')).replace(/\.(ts|js|mjs)$/, '')
}

/** The whole repository. @returns {{ files: number, problems: string[] }} */
export function checkRepository() {
  const files = walk('.').filter((file) => !BINARY.test(file))
  const problems = files.flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8')
    const name = file.split(path.sep).join('/')
    // This file and its test are the two that name what is forbidden.
    const named = name === 'scripts/layers.mjs' || name === 'tests/unit/scripts/layers.test.mjs'
    return [...checkImports(name, text), ...(named ? [] : checkText(text))].map(
      ({ line, problem }) => `${name}:${line}: ${problem}`
    )
  })
  return { files: files.length, problems }
}

if (isMain(import.meta)) {
  await main(() => {
    const { files, problems } = checkRepository()
    for (const problem of problems) console.log(problem)
    if (problems.length) throw new StepError(`${problems.length} breaches of the layers in scripts/layers.mjs`)
    say(`${files} files keep to the layers`)
  })
}
