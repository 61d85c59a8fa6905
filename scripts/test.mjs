#!/usr/bin/env node
// `npm test`: sets up what is missing, then runs all suites: the virtual board's, which take longest, with the quick ones beside them, then
// the window's with the machine to itself. The last line is `N passed, N failed, N skipped`. A suite that
// could not run, or that reported no test, is a failure.
//
//   npm test                     everything
//   npm test -- unit lint        these suites
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { imageFolder } from './board-image.mjs'
import { attempt } from './bootstrap.mjs'
import { toolPath } from './daemon.mjs'
import { installedElectron } from './electron-runtime.mjs'
import { bin, root } from './lib/run.mjs'
import { isMain, report, seconds, StepError } from './lib/say.mjs'
import { add, countExit, countMeson, countPlaywright, countVitest, execute, resultFile } from './lib/suite.mjs'

/** Suites of one step run two at a time, in this order; the next step begins when all have ended. */
const STEPS = [
  ['board', 'layers', 'format', 'lint', 'typecheck', 'unit', 'component', 'daemon', 'daemon-asan'],
  ['e2e']
]

/**
 * The suites. `needs`: steps of scripts/bootstrap.mjs, taken before any suite runs; `slow`: taken when its turn comes. `run` resolves to the counts, the
 * exit code, the log, and why it ended when not by itself.
 */
const SUITES = {
  layers: {
    title: 'who imports whom',
    needs: [],
    run: () => check('layers', process.execPath, ['scripts/layers.mjs'])
  },
  format: { title: 'prettier', needs: ['modules'], run: () => check('format', bin('prettier'), ['--check', '.']) },
  lint: { title: 'eslint', needs: ['proto'], run: () => check('lint', bin('eslint'), ['.']) },
  typecheck: { title: 'vue-tsc', needs: ['proto'], run: () => check('typecheck', bin('vue-tsc'), ['-b']) },
  unit: { title: 'engine, command line and scripts', needs: ['proto'], run: () => vitest('unit') },
  component: { title: 'the window’s parts', needs: ['proto'], run: () => vitest('component') },
  daemon: { title: 'vascoped', needs: ['daemon', 'image'], run: () => meson('daemon', []) },
  'daemon-asan': {
    title: 'vascoped under ASan and UBSan',
    needs: ['daemon', 'image'],
    // Optimizing what the sanitizers put in takes four times as long as it saves.
    run: () => meson('daemon-asan', ['-Db_sanitize=address,undefined', '-Db_lundef=false', '-Doptimization=0'])
  },
  board: {
    title: 'on the virtual board',
    needs: ['cli', 'daemon', 'image', 'tests'],
    slow: ['kernels'],
    run: () => vitest('board', 40)
  },
  e2e: {
    title: 'the window, from connect to report',
    needs: ['cli', 'daemon', 'image', 'electron', 'app', 'tests'],
    run: playwright
  }
}

async function check(name, command, args) {
  const ended = await execute(name, command, args)
  return { ...ended, counts: countExit(ended.code) }
}

async function vitest(project, minutes = 10) {
  const file = resultFile(project)
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const ended = await execute(project, bin('vitest'), args, { minutes })
  return { ...ended, counts: countVitest(file) }
}

async function meson(name, options) {
  const dir = path.join(root, 'out/test', name)
  const env = {
    PATH: toolPath().PATH,
    CMOCKA_MESSAGE_OUTPUT: 'TAP',
    ASAN_OPTIONS: 'abort_on_error=1:detect_stack_use_after_return=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1'
  }
  // The board's kernel headers: what the daemon's own declarations are compared with.
  const uapi = `-Duapi=${path.join(await imageFolder(), 'uapi')}`
  const verb = existsSync(path.join(dir, 'build.ninja')) ? ['configure', dir] : ['setup', dir, 'daemon']
  const setUp = await execute(name, 'meson', [...verb, uapi, ...options], { env })
  if (setUp.code !== 0) return { ...setUp, counts: countExit(setUp.code) }
  const log = path.join(dir, 'meson-logs/testlog.json')
  const ended = await execute(name, 'meson', ['test', '-C', dir, '--print-errorlogs'], { env, append: true })
  return { ...ended, counts: countMeson(log) }
}

async function playwright() {
  const file = resultFile('e2e')
  const env = { ...installedElectron().env, PLAYWRIGHT_JSON_OUTPUT_FILE: file }
  const test = [bin('playwright'), 'test', '--reporter=list,json']
  const [command, ...args] =
    process.platform === 'linux' ? ['xvfb-run', '-a', '-s', '-screen 0 1920x1200x24', ...test] : test
  const ended = await execute('e2e', command, args, { env, minutes: 15 })
  return { ...ended, counts: countPlaywright(file) }
}

async function runSuite(name, failures) {
  const { title, needs, slow = [], run } = SUITES[name]
  const head = `\n── ${name}: ${title}`
  const started = performance.now()
  const made = new Map([...failures, ...(await attempt(slow))])
  const failed = [...needs, ...slow].map((need) => made.get(need)).find(Boolean)
  if (failed) {
    console.log(`${head}\n   could not run: ${failed.message.split('\n')[0]}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  const { counts, code, log, why } = await run()
  const problem =
    why ||
    (code !== 0 && counts.failed === 0
      ? `it ended with exit code ${code}`
      : counts.passed + counts.failed === 0
        ? 'it ran no test'
        : '')
  if (problem) counts.failed++
  console.log(head)
  if (counts.failed) console.log(readFileSync(log, 'utf8').trimEnd())
  if (problem) console.log(`   ${name}: ${problem}`)
  console.log(
    `   ${text(counts)} in ${seconds(performance.now() - started)}${counts.failed ? `, whole output in ${log}` : ''}`
  )
  return counts
}

function text({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

/** @param {string[]} names @returns {Promise<number>} the exit code */
async function test(names) {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  const started = performance.now()
  try {
    const unknown = names.find((name) => !SUITES[name])
    if (unknown)
      throw new StepError(`there is no suite ${unknown}`, {
        remedy: `one of ${Object.keys(SUITES).join(', ')}`,
        exit: 2
      })
    const failures = await attempt(names.flatMap((name) => SUITES[name].needs))
    for (const error of new Set(failures.values())) report(error)
    for (const step of STEPS) {
      const left = step.filter((name) => names.includes(name))
      const lane = async () => {
        for (let name = left.shift(); name; name = left.shift()) add(sum, await runSuite(name, failures))
      }
      await Promise.all([lane(), lane()])
    }
  } catch (error) {
    report(error)
    sum.failed++
  }
  console.log(`\nall of it took ${seconds(performance.now() - started)}`)
  console.log(text(sum))
  return sum.failed ? 1 : 0
}

if (isMain(import.meta))
  process.exitCode = await test(process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SUITES))
