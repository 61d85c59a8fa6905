import { VascopeError } from '../../problem'

/** A kernel that Debian's archive offers. */
export interface Kernel {
  suite: string
  /** What `uname -r` will say: "7.3.4+deb13-arm64". */
  release: string
  /** Version of the Debian package. */
  version: string
}

/** msm got VM_BIND in 6.18. */
export const OLDEST_KERNEL: readonly [number, number] = [6, 18]

/** Reads stanzas of the metapackage linux-image-arm64, each with the suite it is in (`archive.sh refresh` makes them). */
export function parseKernels(index: string): Kernel[] {
  return index
    .split(/\n\n+/)
    .map((stanza) => {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
      const release = /(?:^|, )linux-image-(\d\S*)/.exec(field('Depends'))?.[1] ?? ''
      return { suite: field('Suite'), release, version: field('Version') }
    })
    .filter((kernel) => kernel.suite && kernel.release && kernel.version)
}

function major(kernel: Kernel): [number, number] {
  const [first = 0, second = 0] = kernel.release.split('.').map((part) => parseInt(part, 10))
  return [first, second]
}

function compare(a: Kernel, b: Kernel): number {
  const numbers = (kernel: Kernel): number[] => kernel.release.split(/\D+/).map(Number)
  const [left, right] = [numbers(a), numbers(b)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference) return difference
  }
  return 0
}

/** The newest kernel that has msm's VM_BIND. */
export function chooseKernel(kernels: Kernel[]): Kernel {
  const [oldestMajor, oldestMinor] = OLDEST_KERNEL
  const fit = kernels.filter((kernel) => {
    const [first, second] = major(kernel)
    return first > oldestMajor || (first === oldestMajor && second >= oldestMinor)
  })
  const newest = fit.sort(compare).at(-1)
  if (newest) return newest
  const seen = kernels.map((kernel) => `${kernel.version} in ${kernel.suite}`).join(', ')
  throw new VascopeError(
    'virtual-board-no-kernel',
    `Debian's archive has no arm64 kernel that the virtual board can use: it needs ${oldestMajor}.${oldestMinor} or later, ` +
      `seen were ${seen || 'none'}.`,
    'Check that the Debian mirror of apt carries trixie-backports and is in date, then try again.'
  )
}
