import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { chooseAccelerator } from '../../engine/connect/virtual/accelerator'

/*
 * Scripts in the place of QEMU do what it does on machines with and without KVM: no machine of the tests is an arm64 one with
 * KVM. That the board itself runs on KVM is not shown here.
 */
let folder: string

function qemu(body: string): void {
  const file = path.join(folder, 'qemu-system-aarch64')
  writeFileSync(file, `#!/bin/sh\necho "$@" >"${folder}/arguments"\n${body}\n`)
  chmodSync(file, 0o755)
}

const choose = (options: { arch?: string; trialMs?: number } = {}): ReturnType<typeof chooseAccelerator> =>
  chooseAccelerator('/image', undefined, { arch: 'arm64', ...options })

const PANICS = 'echo "[    0.000000] Linux version 7.3.4"; echo "Kernel panic - not syncing: VFS"; exit 0'

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vascope-qemu-'))
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

describe('the accelerator of the board', () => {
  it('is KVM where the kernel boots on it as far as looking for a root', async () => {
    qemu(PANICS)
    expect(await choose()).toBe('kvm')
    const args = readFileSync(path.join(folder, 'arguments'), 'utf8')
    expect(args).toContain('-accel kvm -cpu host')
    expect(args).toContain('-no-reboot')
    expect(args).toContain('-kernel /image/vmlinuz')
    expect(args).toContain('panic=-1')
  })

  it.each([
    ['there is no /dev/kvm', 'echo "Could not access KVM kernel module: No such file or directory" >&2; exit 1'],
    ['/dev/kvm is closed to this user', 'echo "Could not access KVM kernel module: Permission denied" >&2; exit 1'],
    ['QEMU ends without a word of the kernel', 'exit 0'],
    ['QEMU crashes after the kernel has spoken', 'echo "Linux version 7.3.4"; kill -SEGV $$']
  ])('is emulation where %s', async (_, body) => {
    qemu(body)
    expect(await choose()).toBe('tcg')
  })

  it('is emulation where the guest hangs, even if QEMU does not answer a polite signal', async () => {
    qemu('trap "" TERM; echo "Linux version 7.3.4"; while :; do read -r line </dev/zero; done')
    expect(await choose({ trialMs: 500 })).toBe('tcg')
  })

  it('is emulation on another architecture, without a trial', async () => {
    qemu(PANICS)
    expect(await choose({ arch: 'x64' })).toBe('tcg')
    expect(() => readFileSync(path.join(folder, 'arguments'))).toThrow('ENOENT')
  })
})
