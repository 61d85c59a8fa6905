import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ensureImage, inputsHash } from '../../engine/connect/virtual/image'

/*
 * The real engine with small scripts in the place of board/build.sh and board/archive.sh: what is tested is what becomes of
 * their success, failure and interruption. The real scripts run in the board suite.
 */
let folder: string

const KERNEL = 'Suite: trixie-backports\\nVersion: 6.18.2-1\\nDepends: linux-image-6.18.2-arm64\\n'
const ARCHIVE = `mkdir -p "$1" && printf '${KERNEL}' >"$1/kernels"`
const MANIFEST = '{ "kernel": { "release": "6.18.2-arm64" } }'
const BUILD = `mkdir "$2" && echo '@progress 0.5 compiling' && echo '${MANIFEST}' >"$2/manifest.json" && echo built >>"$(dirname "$0")/../builds"`

function script(name: string, body: string): void {
  writeFileSync(path.join(folder, 'board', name), `set -e\n${body}\n`)
}

const images = (): string[] => readdirSync(path.join(folder, 'cache/vascope/board/image'))
const builds = (): number => readFileSync(path.join(folder, 'builds'), 'utf8').split('\n').length - 1
const index = (): string => path.join(folder, 'cache/vascope/board/archive/kernels')
const ensure = (signal?: AbortSignal): ReturnType<typeof ensureImage> =>
  ensureImage({ progress: () => undefined, signal })

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vascope-image-'))
  mkdirSync(path.join(folder, 'board'))
  writeFileSync(path.join(folder, 'package.json'), '{}')
  script('archive.sh', ARCHIVE)
  script('build.sh', BUILD)
  vi.stubEnv('VASCOPE_ROOT', folder)
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'))
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

describe('the image of the board', () => {
  it('is built once for the same sources and kernel, with its progress told', async () => {
    const told: [string, number | null][] = []
    const first = await ensureImage({ progress: (activity, fraction) => told.push([activity, fraction]) })
    const second = await ensure()
    expect(first.id).toBe(`${inputsHash(path.join(folder, 'board'))}-6.18.2-1`)
    expect(second).toEqual(first)
    expect(builds()).toBe(1)
    expect(told).toContainEqual(['compiling', 0.5])
  })

  it('is built once when two ask for it at the same time', async () => {
    const [first, second] = await Promise.all([ensure(), ensure()])
    expect(second).toEqual(first)
    expect(builds()).toBe(1)
  })

  it('is another one when a source changes, but not for a word in the README', async () => {
    const first = await ensure()
    writeFileSync(path.join(folder, 'board', 'README.md'), 'words')
    expect((await ensure()).id).toBe(first.id)
    writeFileSync(path.join(folder, 'board', 'virt.dtso'), '/ {};')
    expect((await ensure()).id).not.toBe(first.id)
    expect(images()).toHaveLength(2)
  })

  it('leaves nothing half done when the build fails, and says what failed and where to read on', async () => {
    script('build.sh', 'mkdir "$2" && echo half >"$2/vmlinuz" && echo "agent: cp.c:12: error" >&2 && exit 2')
    await expect(ensure()).rejects.toMatchObject({
      code: 'virtual-board-build-failed',
      message: expect.stringContaining('agent: cp.c:12: error') as string,
      remedy: expect.stringContaining(path.join(folder, 'cache/vascope/board/build.log')) as string
    })
    expect(images()).toEqual([])
    expect(readFileSync(path.join(folder, 'cache/vascope/board/build.log'), 'utf8')).toContain('agent: cp.c:12: error')
  })

  it('leaves nothing half done when the build is interrupted, and stops the build', async () => {
    script('build.sh', `mkdir "$2" && echo $$ >"${folder}/pid" && echo "@progress 0.1 started" && sleep 1000`)
    const controller = new AbortController()
    const building = ensureImage({
      signal: controller.signal,
      progress: (activity) => activity === 'started' && controller.abort()
    })
    await expect(building).rejects.toThrow(/abort/i)
    expect(images()).toEqual([])
    const pid = Number(readFileSync(path.join(folder, 'pid'), 'utf8'))
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it('clears away what a build that was killed left behind', async () => {
    await ensure()
    mkdirSync(path.join(folder, 'cache/vascope/board/image/.build-killed/image'), { recursive: true })
    writeFileSync(path.join(folder, 'board', 'virt.dtso'), '/ {};')
    await ensure()
    expect(images().filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('is the one there is when the archive cannot be reached, and a clear error when there is none', async () => {
    script('archive.sh', `[ -e "${folder}/offline" ] && { echo "E: Failed to fetch" >&2; exit 100; }\n${ARCHIVE}`)
    const online = await ensure()
    writeFileSync(path.join(folder, 'offline'), '')
    const twoDaysAgo = Date.now() / 1000 - 2 * 86400
    utimesSync(index(), twoDaysAgo, twoDaysAgo)
    expect(await ensure()).toEqual(online)

    rmSync(path.join(folder, 'cache'), { recursive: true })
    await expect(ensure()).rejects.toMatchObject({
      code: 'virtual-board-offline',
      message: expect.stringContaining('E: Failed to fetch') as string
    })
  })

  it('asks the archive again after a day, and is built anew for a newer kernel', async () => {
    const first = await ensure()
    writeFileSync(index(), readFileSync(index(), 'utf8').replaceAll('6.18.2', '6.18.1'))
    expect((await ensure()).id).not.toBe(first.id)
    const yesterday = Date.now() / 1000 - 25 * 3600
    utimesSync(index(), yesterday, yesterday)
    expect((await ensure()).id).toBe(first.id)
  })

  it('is an error with the line that installs what is missing, when a program for building it is missing', async () => {
    const bin = path.join(folder, 'bin')
    mkdirSync(bin)
    const present = ['flock', 'sh', 'cat', 'apt-get', 'dpkg-deb', 'cpio', 'xz', 'ssh-keygen', 'unshare']
    for (const program of present) symlinkSync(path.join('/usr/bin', program), path.join(bin, program))
    vi.stubEnv('PATH', bin)
    await expect(ensure()).rejects.toMatchObject({
      code: 'virtual-board-tools-missing',
      remedy: 'Run `sudo apt-get install --no-install-recommends device-tree-compiler`.'
    })
  })
})
