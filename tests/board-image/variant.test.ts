import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ensureVariant, hasVariant } from '../../engine/connect/virtual/variant-image'
import { asVariant, type Variant, wantedVariant } from '../../engine/connect/virtual/variant'

/* As in image.test.ts: the real engine, with small scripts in the place of those that build. */
let folder: string

const KERNEL = 'Suite: trixie-backports\\nVersion: 6.18.2-1\\nDepends: linux-image-6.18.2-arm64\\n'
const MANIFEST =
  '{ "kernel": { "release": "6.18.2-arm64", "version": "6.18.2-1", "variant": "mainline", "patches": [] } }'
const IMAGE = `mkdir -p "$2/keys" && cd "$2" && echo '${MANIFEST}' >manifest.json && printf base- >root.cpio && echo k >vmlinuz && echo d >board.dtbo && echo key >keys/id_ed25519`
const MODULES = `mkdir "$2" && printf "$5" >"$2/modules.cpio" && echo "$3 $4 $5" >>"$(dirname "$0")/../../builds"`

function source(name: string, text: string): void {
  const file = path.join(folder, 'board', name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const builds = (): string[] => readFileSync(path.join(folder, 'builds'), 'utf8').trim().split('\n')
const cached = (): string[] => readdirSync(path.join(folder, 'cache/vascope/board/kernels'))
const ensure = (variant: Variant): ReturnType<typeof ensureVariant> =>
  ensureVariant(variant, { progress: () => undefined })

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vascope-variant-'))
  mkdirSync(path.join(folder, 'board'))
  writeFileSync(path.join(folder, 'package.json'), '{}')
  source('archive.sh', `set -e\nmkdir -p "$1" && printf '${KERNEL}' >"$1/kernels"`)
  source('build-root.sh', '')
  source('build.sh', `set -e\n${IMAGE}`)
  source('kernels/build.sh', `set -e\n${MODULES}`)
  source('kernels/weakref/0001-gpuvm.patch', 'one')
  source('kernels/weakref/0002-msm.patch', 'two')
  source('kernels/hardref/0001-msm.patch', 'three')
  vi.stubEnv('VASCOPE_ROOT', folder)
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'))
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

describe('the image of another kernel', () => {
  it("is Debian's image with the rebuilt modules after it, and says which kernel and patches it has", async () => {
    const mainline = await ensure('mainline')
    const weakref = await ensure('weakref')
    expect(readFileSync(path.join(weakref.folder, 'root.cpio'), 'utf8')).toBe('base-weakref')
    expect(readFileSync(path.join(mainline.folder, 'root.cpio'), 'utf8')).toBe('base-')
    expect(readFileSync(path.join(weakref.folder, 'keys/id_ed25519'), 'utf8')).toBe('key\n')
    expect(weakref.manifest.kernel).toEqual({
      ...mainline.manifest.kernel,
      variant: 'weakref',
      patches: ['0001-gpuvm.patch', '0002-msm.patch']
    })
    expect(weakref.id).toContain(mainline.id)
    expect(builds()).toEqual(['6.18.2-arm64 6.18.2-1 weakref'])
  })

  it('is built once, also when two ask for it at the same time', async () => {
    const [first, second] = await Promise.all([ensure('hardref'), ensure('hardref')])
    expect(second).toEqual(first)
    expect(await ensure('hardref')).toEqual(first)
    expect(builds()).toHaveLength(1)
    expect(hasVariant('hardref', (await ensure('mainline')).folder)).toBe(true)
  })

  it('needs no new modules when only the rest of the board changes', async () => {
    const before = await ensure('weakref')
    source('virt.dtso', '/ {};')
    expect((await ensure('weakref')).id).not.toBe(before.id)
    expect(builds()).toHaveLength(1)
  })

  it('is another one when its patches change, which neither mainline nor the third kernel is', async () => {
    const before = {
      mainline: await ensure('mainline'),
      weakref: await ensure('weakref'),
      hardref: await ensure('hardref')
    }
    source('kernels/weakref/0002-msm.patch', 'changed')
    expect(hasVariant('weakref', before.mainline.folder)).toBe(false)
    expect((await ensure('weakref')).id).not.toBe(before.weakref.id)
    expect((await ensure('mainline')).id).toBe(before.mainline.id)
    expect((await ensure('hardref')).id).toBe(before.hardref.id)
    expect(builds()).toHaveLength(3)
  })

  it('leaves nothing half done when the build fails, and says what failed and where to read on', async () => {
    source('kernels/build.sh', 'mkdir "$2" && echo "0001-gpuvm.patch does not apply" >&2 && exit 1')
    await expect(ensure('weakref')).rejects.toMatchObject({
      code: 'virtual-board-build-failed',
      message: expect.stringContaining('0001-gpuvm.patch does not apply') as string,
      remedy: expect.stringContaining(path.join(folder, 'cache/vascope/board/kernels.log')) as string
    })
    expect(cached()).toEqual([])
    expect(hasVariant('weakref', (await ensure('mainline')).folder)).toBe(false)
  })

  it('clears away what a build that was killed left behind', async () => {
    mkdirSync(path.join(folder, 'cache/vascope/board/kernels/.build-killed/modules'), { recursive: true })
    await ensure('weakref')
    expect(cached().filter((name) => name.startsWith('.'))).toEqual([])
  })
})

describe('the kernel that a board is to have', () => {
  it('is the one asked for, else the one it is named after, else any', () => {
    expect(wantedVariant('mine', 'hardref')).toBe('hardref')
    expect(wantedVariant('weakref')).toBe('weakref')
    expect(wantedVariant('weakref', 'weakref')).toBe('weakref')
    expect(wantedVariant('mine')).toBeNull()
  })

  it('is never another than the name says', () => {
    expect(() => wantedVariant('weakref', 'mainline')).toThrow('named "weakref" has the kernel weakref, not mainline')
  })

  it('is one of three', () => {
    expect(asVariant('hardref')).toBe('hardref')
    expect(() => asVariant('softref')).toThrow('"softref" is no kernel of the virtual board.')
  })
})
