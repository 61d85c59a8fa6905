#!/usr/bin/env node
// Builds vascoped, static, for every architecture this machine can build for, into out/daemon, with out/daemon/build.json beside it:
//   { "build": "<hash>", "binaries": { "aarch64": { "file": "vascoped-aarch64", "sha256": "…" }, … } }
// The hash is over the sources. It is compiled in, and the pushed daemon and the desktop must have the same.
// Built daemons are kept in the cache by that hash, so that changing branches costs no build.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { hashFiles, publish, temporaryDir } from './lib/inputs.mjs'
import { cacheDir, root, run } from './lib/run.mjs'
import { isMain, main, progress, StepError } from './lib/say.mjs'

const OUT = path.join(root, 'out/daemon')

const NATIVE = { x64: 'x86_64', arm64: 'aarch64' }[process.arch]

/** Architecture and what meson is told to build for it. */
const TARGETS = [
  ...(NATIVE ? [{ arch: NATIVE, options: [] }] : []),
  ...(NATIVE === 'x86_64'
    ? [{ arch: 'aarch64', options: ['--cross-file', path.join(root, 'daemon/cross/aarch64.ini')] }]
    : [])
]

/** The hash that names a build of the sources as they are. Tests and documents do not change a daemon. */
export function daemonBuild() {
  const skip = (file) => file.startsWith(path.join('daemon', 'tests')) || file.endsWith('.md')
  return hashFiles(['daemon', 'proto/vascope'], { skip })
}

/** True when out/daemon holds the daemon of the sources as they are. */
export function daemonIsFresh() {
  const file = path.join(OUT, 'build.json')
  if (!existsSync(file)) return false
  const { build, binaries } = JSON.parse(readFileSync(file, 'utf8'))
  const complete = TARGETS.every(({ arch }) => binaries[arch] && existsSync(path.join(OUT, binaries[arch].file)))
  return complete && build === daemonBuild()
}

/** Builds what the cache does not have and fills out/daemon. */
export async function buildDaemon() {
  const build = daemonBuild()
  const step = progress('Building vascoped')
  try {
    const cached = cacheDir('daemon', build)
    if (!existsSync(path.join(cached, 'build.json'))) await buildInto(cached, build, step)
    place(cached)
    step.done()
  } catch (error) {
    step.failed()
    throw error
  }
}

async function buildInto(cached, build, step) {
  if (!existsSync(path.join(root, 'daemon/meson.build'))) throw new StepError('daemon/meson.build is not there')
  const dir = temporaryDir(cached)
  const binaries = {}
  for (const [index, { arch, options }] of TARGETS.entries()) {
    const objects = path.join(dir, `objects-${arch}`)
    const log = `daemon-${arch}`
    const remedy = 'mend the source named above, or `npm run bootstrap` when a tool or a library is missing'
    step.update(index / TARGETS.length, `for ${arch}`)
    const setup = ['setup', objects, path.join(root, 'daemon'), '-Dstatic=true', `-Dbuild_id=${build}`, ...options]
    await run('meson', setup, { log, env: toolPath(), remedy })
    await run('ninja', ['-C', objects, 'vascoped'], { log, env: toolPath(), remedy })
    const file = `vascoped-${arch}`
    copyFileSync(path.join(objects, 'vascoped'), path.join(dir, file))
    strip(path.join(dir, file), arch)
    binaries[arch] = {
      file,
      sha256: createHash('sha256')
        .update(readFileSync(path.join(dir, file)))
        .digest('hex')
    }
  }
  if (daemonBuild() !== build) {
    throw new StepError('the sources of vascoped changed while it was built', { remedy: 'start again' })
  }
  for (const { arch } of TARGETS) spawnSync('rm', ['-rf', path.join(dir, `objects-${arch}`)])
  writeFileSync(path.join(dir, 'build.json'), `${JSON.stringify({ build, binaries }, null, 2)}\n`)
  publish(dir, cached)
}

/** Copies, with build.json last: while it is the old one, the engine takes the old daemon or none. */
function place(cached) {
  const { binaries } = JSON.parse(readFileSync(path.join(cached, 'build.json'), 'utf8'))
  mkdirSync(OUT, { recursive: true })
  for (const name of [...Object.values(binaries).map(({ file }) => file), 'build.json']) {
    const temporary = path.join(OUT, `${name}.${process.pid}.tmp`)
    copyFileSync(path.join(cached, name), temporary)
    renameSync(temporary, path.join(OUT, name))
  }
}

/** Debug information is four fifths of the file, and the file goes over SSH. */
function strip(file, arch) {
  const program = arch === NATIVE ? 'strip' : `${arch}-linux-gnu-strip`
  const done = spawnSync(program, [file], { encoding: 'utf8' })
  if (done.status !== 0)
    throw new StepError(`${program} failed: ${done.stderr || done.error}`, { remedy: '`npm run bootstrap`' })
}

/** bpftool lives in /usr/sbin, which is not on the path of a user. */
export function toolPath() {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
}

if (isMain(import.meta)) await main(async () => daemonIsFresh() || buildDaemon())
