import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as v from 'valibot'
import { resource } from '../paths'
import { VascopeError } from '../problem'

/** Architectures vascoped is built for, by `uname -m` as Linux says it. */
export type Arch = 'aarch64' | 'x86_64'

export interface DaemonBinary {
  path: string
  arch: Arch
  /** Content hash of the daemon's sources; its Hello must say the same. */
  build: string
  /** Of the file, in hex. */
  sha256: string
  bytes: number
}

const Binary = v.object({ file: v.string(), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })
const BuildInfo = v.object({ build: v.string(), binaries: v.record(v.string(), Binary) })

const BUILD_IT = 'Run `npm run bootstrap`, which builds the daemon.'

/** The daemon for an architecture, as built into out/daemon, or into VASCOPE_DAEMON_DIR. The file is checked against its hash. */
export async function findDaemon(arch: Arch): Promise<DaemonBinary> {
  const dir = process.env.VASCOPE_DAEMON_DIR || resource('out', 'daemon')
  const listing = path.join(dir, 'build.json')
  const info = await readBuildInfo(listing)
  const binary = info.binaries[arch]
  if (binary === undefined) {
    const built = Object.keys(info.binaries).join(' and ') || 'nothing'
    throw new VascopeError(
      'daemon-not-built',
      `There is no daemon for ${arch} in ${listing}, which lists ${built}.`,
      BUILD_IT
    )
  }
  const file = path.join(dir, binary.file)
  const content = await readFile(file).catch((error: unknown) => {
    throw new VascopeError('daemon-not-built', `The daemon ${file} cannot be read.`, BUILD_IT, undefined, {
      cause: error
    })
  })
  if (createHash('sha256').update(content).digest('hex') !== binary.sha256) {
    throw new VascopeError('daemon-damaged', `The daemon ${file} is not the one that ${listing} describes.`, BUILD_IT)
  }
  return { path: file, arch, build: info.build, sha256: binary.sha256, bytes: content.length }
}

async function readBuildInfo(listing: string): Promise<v.InferOutput<typeof BuildInfo>> {
  try {
    return v.parse(BuildInfo, JSON.parse(await readFile(listing, 'utf8')))
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new VascopeError(
      'daemon-not-built',
      missing
        ? `The daemon has not been built: there is no ${listing}.`
        : `${listing} cannot be understood: ${(error as Error).message}`,
      BUILD_IT,
      undefined,
      { cause: error }
    )
  }
}
