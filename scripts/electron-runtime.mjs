#!/usr/bin/env node
// Finds an Electron to run from source and to test with, in this order:
//   1. ELECTRON_OVERRIDE_DIST_PATH, set by the caller
//   2. the electron package's own, fetched by its installer when it is not there yet
//   3. the fallback of lib/electron-fallback.mjs, where that installer could not reach its host; once there it is used at once
// VASCOPE_ELECTRON=own never uses the fallback (a release does that), VASCOPE_ELECTRON=fallback uses nothing else.
//
//   node scripts/electron-runtime.mjs                      prints the executable
//   node scripts/electron-runtime.mjs PROGRAM [ARGUMENTS]  runs a program (electron, electron-vite, playwright) with it
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { FALLBACK_VERSION, fallbackDir, fallbackSupported, fetchFallback } from './lib/electron-fallback.mjs'
import { root } from './lib/run.mjs'
import { isMain, main, progress, say, StepError } from './lib/say.mjs'

const EXE = { win32: 'electron.exe', darwin: 'Electron.app/Contents/MacOS/Electron' }[process.platform] ?? 'electron'
const PACKAGE = path.join(root, 'node_modules/electron')

/**
 * The runtime that is there, without fetching anything; null when there is none.
 * `source` is what About shows.
 * @returns {{ exec: string, dist: string, source: string, env: Record<string, string> } | null}
 */
export function installedElectron() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  if (override) return runtime(override, process.env.VASCOPE_ELECTRON_SOURCE || 'ELECTRON_OVERRIDE_DIST_PATH')
  const wish = process.env.VASCOPE_ELECTRON
  const own = path.join(PACKAGE, 'dist')
  if (wish !== 'fallback' && has(own)) return runtime(own, 'electron package')
  if (wish !== 'own' && fallbackSupported() && has(fallbackDir()))
    return runtime(fallbackDir(), 'fallback runtime, for running from source and for tests only')
  return null
}

/** The runtime, fetched if need be. */
export async function ensureElectron() {
  const found = installedElectron()
  if (found) return found
  const wish = process.env.VASCOPE_ELECTRON
  const step = progress('Fetching Electron')
  try {
    const reason = wish === 'fallback' ? 'VASCOPE_ELECTRON=fallback' : install(step)
    if (reason && (wish === 'own' || !fallbackSupported())) {
      throw new StepError(`Electron could not be fetched: ${reason}`, {
        remedy: 'see that github.com can be reached, then `npx install-electron`'
      })
    }
    if (reason) {
      say(
        `  Electron's own download did not work (${reason}); using the fallback runtime ${FALLBACK_VERSION}, for source and tests only`
      )
      await fetchFallback(step.update)
    }
    step.done()
  } catch (error) {
    step.failed()
    throw error
  }
  const fetched = installedElectron()
  if (!fetched) throw new StepError('Electron is still not there after it was fetched')
  return fetched
}

/** Runs the electron package's own installer; returns why it failed, or nothing. */
function install(step) {
  step.update(null, `version ${JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8')).version}`)
  const done = spawnSync(process.execPath, [path.join(PACKAGE, 'install.js')], {
    encoding: 'utf8',
    timeout: 600_000,
    cwd: root
  })
  if (done.status === 0 && has(path.join(PACKAGE, 'dist'))) return ''
  const text =
    (done.stderr ?? '').split('\n').find((line) => /error/i.test(line)) ??
    done.error?.message ??
    `exit code ${done.status}`
  return text.trim()
}

function has(dist) {
  return existsSync(path.join(dist, EXE))
}

function runtime(dist, source) {
  const exec = path.join(dist, EXE)
  if (!existsSync(exec)) throw new StepError(`no Electron at ${exec}`, { remedy: 'unset ELECTRON_OVERRIDE_DIST_PATH' })
  const env = {
    ELECTRON_OVERRIDE_DIST_PATH: dist, // read by electron's index.js and by Playwright
    ELECTRON_EXEC_PATH: exec, // by electron-vite, which reads nothing else
    VASCOPE_ELECTRON_SOURCE: source // by the About window
  }
  // Chromium's sandbox does not start as root; electron-vite passes that on.
  return { dist, exec, source, env: process.getuid?.() === 0 ? { ...env, NO_SANDBOX: '1' } : env }
}

if (isMain(import.meta)) {
  await main(async () => {
    const [program, ...args] = process.argv.slice(2)
    const { exec, env } = await ensureElectron()
    if (!program) return void console.log(exec)
    const PATH = `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env.PATH}`
    const child = spawn(program, args, {
      stdio: 'inherit',
      shell: process.platform === 'win32',
      env: { ...process.env, ...env, PATH }
    })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    const code = await new Promise((resolve, reject) =>
      child.on('error', reject).on('exit', (c, s) => resolve(c ?? (s ? 1 : 0)))
    )
    process.exitCode = code
  })
}
