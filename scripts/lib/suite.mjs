// Running one test suite and reading what it says for machines.
import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { lines, logFile, root } from './run.mjs'
import { seconds } from './say.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * Runs a program in a process group of its own, so that a suite that hangs is ended with all it started.
 * @returns {Promise<{ code: number, log: string, why: string }>} `why` is empty, or why there is no exit code of its own
 */
export async function execute(name, command, args, { env = {}, minutes = 10, cwd = root, append = false } = {}) {
  const log = logFile(`test-${name}`)
  const sink = createWriteStream(log, { flags: append ? 'a' : 'w' })
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1' } // a log is read without its colours
  const child = spawn(command, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...plain, ...env }
  })
  const end = (signal) => {
    try {
      process.kill(-child.pid, signal)
    } catch (error) {
      if (error.code !== 'ESRCH') throw error
    }
  }
  let last = ''
  let why = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(sink, { end: false })
    lines(stream, (line) => (last = line.trim() || last))
  }
  const started = performance.now()
  const alive = setInterval(
    () => console.log(`   … ${name}, ${seconds(performance.now() - started)}: ${last.slice(0, 110)}`),
    60_000
  )
  const limit = setTimeout(() => {
    why = `it was still running after ${minutes} minutes`
    end('SIGTERM')
    setTimeout(() => end('SIGKILL'), 10_000).unref()
  }, minutes * 60_000)
  const interrupt = () => {
    end('SIGTERM')
    setImmediate(() => process.exit(130)) // when every suite that runs has heard of it
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(((why = error.message), 127)))
    child.on('close', (status, signal) => resolve(((why ||= signal ? `it was ended by ${signal}` : ''), status ?? 1)))
  })
  clearInterval(alive)
  clearTimeout(limit)
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  await new Promise((resolve) => sink.end(resolve))
  return { code, log, why }
}

/** Where a runner writes its result for machines; a result of an earlier run is removed. */
export function resultFile(name) {
  const file = path.join(path.dirname(logFile(name)), `test-${name}.json`)
  rmSync(file, { force: true })
  return file
}

/** A program that is one test: it passes, or not. @returns {Counts} */
export function countExit(code) {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
}

/** vitest's JSON reporter. @returns {Counts} */
export function countVitest(file) {
  const result = read(file)
  return {
    passed: result?.numPassedTests ?? 0,
    failed: result?.numFailedTests ?? 0,
    skipped: (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0)
  }
}

/** Playwright's JSON reporter. A test that passes only when it is repeated has failed. @returns {Counts} */
export function countPlaywright(file) {
  const stats = read(file)?.stats
  return {
    passed: stats?.expected ?? 0,
    failed: (stats?.unexpected ?? 0) + (stats?.flaky ?? 0),
    skipped: stats?.skipped ?? 0
  }
}

/**
 * meson's testlog.json: one line per test program. A program that writes TAP, as cmocka does when it is asked to, counts by its cases.
 * @returns {Counts}
 */
export function countMeson(file) {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  for (const line of text.split('\n').filter(Boolean)) add(sum, countMesonTest(JSON.parse(line)))
  return sum
}

function countMesonTest({ result, stdout = '', stderr = '' }) {
  const cases = [...`${stdout}\n${stderr}`.matchAll(/^(not )?ok\b(?: \d+)?(.*)$/gm)]
  const skipped = cases.filter(([, , rest]) => /# skip/i.test(rest)).length
  const failed = cases.filter(([, not, rest]) => not && !/# skip/i.test(rest)).length
  const passed = cases.length - skipped - failed
  if (result === 'OK') return cases.length ? { passed, failed, skipped } : { passed: 1, failed: 0, skipped: 0 }
  if (result === 'SKIP') return { passed, failed, skipped: Math.max(1, skipped) }
  return { passed, failed: Math.max(1, failed), skipped } // FAIL, TIMEOUT, ERROR, also when it died between two cases
}

/** @param {Counts} sum @param {Counts} more */
export function add(sum, more) {
  sum.passed += more.passed
  sum.failed += more.failed
  sum.skipped += more.skipped
}

function read(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}
