import { describe, expect, it } from 'vitest'
import { chooseKernel, parseKernels } from '../../engine/connect/virtual/kernel'
import { VascopeError } from '../../engine/problem'

/** As Debian's index has it since kernel images are split, and as it had it before. */
const SPLIT = `Suite: trixie-backports
Package: linux-image-arm64
Version: 7.3.4-1~bpo13+1
Provides: linux-image-generic, linux-latest-modules-7.3.4+deb13-arm64
Depends: linux-base-arm64 (= 7.3.4-1~bpo13+1), linux-image-7.3.4+deb13-arm64 (= 7.3.4-1~bpo13+1), linux-modules-arm64
Description: Linux for 64-bit ARMv8 machines (meta-package)
`
const STABLE = `Suite: trixie
Package: linux-image-arm64
Version: 6.12.107-1
Depends: linux-image-6.12.107+deb13-arm64 (= 6.12.107-1)
`

function kernel(release: string, suite = 'trixie-backports'): string {
  return `Suite: ${suite}\nPackage: linux-image-arm64\nVersion: ${release}-1\nDepends: linux-image-${release}+deb13-arm64\n`
}

describe('the kernels that an index offers', () => {
  it('are read with suite, release and version, whatever else their packages depend on', () => {
    expect(parseKernels(`${SPLIT}\n${STABLE}`)).toEqual([
      { suite: 'trixie-backports', release: '7.3.4+deb13-arm64', version: '7.3.4-1~bpo13+1' },
      { suite: 'trixie', release: '6.12.107+deb13-arm64', version: '6.12.107-1' }
    ])
  })

  it('are none when the index is empty or names no image', () => {
    expect(parseKernels('')).toEqual([])
    expect(parseKernels('Suite: trixie\nPackage: linux-image-arm64\nVersion: 1\nDepends: linux-base\n')).toEqual([])
  })
})

describe('the kernel that is chosen', () => {
  it.each([
    ['6.18.0', true],
    ['6.17.13', false],
    ['6.9.1', false],
    ['10.0.1', true]
  ])('%s has VM_BIND: %s', (release, fits) => {
    const choose = (): string => chooseKernel(parseKernels(kernel(release))).version
    if (fits) expect(choose()).toBe(`${release}-1`)
    else expect(choose).toThrow(VascopeError)
  })

  it('is the newest by number, not by spelling, wherever it is', () => {
    const index = [kernel('6.18.9'), kernel('6.18.10', 'trixie'), kernel('6.9.99')].join('\n')
    expect(chooseKernel(parseKernels(index))).toMatchObject({ version: '6.18.10-1', suite: 'trixie' })
  })

  it('is, when none fits, an error that says what was seen and where', () => {
    expect(() => chooseKernel(parseKernels(`${STABLE}\n${kernel('6.17.8')}`))).toThrow(
      /needs 6\.18 or later, seen were 6\.12\.107-1 in trixie, 6\.17\.8-1 in trixie-backports/
    )
    expect(() => chooseKernel([])).toThrow(/seen were none/)
  })
})
