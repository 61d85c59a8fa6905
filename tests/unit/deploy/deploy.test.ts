import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Connection } from '../../../engine/connect/connection'
import { connect } from '../../../engine/connect/ssh/connect'
import { deploy, type RunningDaemon } from '../../../engine/deploy/deploy'
import { VascopeError } from '../../../engine/problem'
import { startSshd, until, type Sshd } from '../connect/sshd'

// Handshakes are slow on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const run = promisify(execFile)

/** In the daemon's place: to deploy, it is a file that runs. It says where it is, then echoes, and tells when its input ended. */
const STAND_IN = `#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$0 $(id -u) $1"
cat
echo end > "$(dirname "$(dirname "$0")")/ended"
`

let sshd: Sshd
let home: string
let connection: Connection

beforeAll(async () => {
  sshd = await startSshd()
})

afterAll(() => sshd.stop())

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'vascope-deploy-'))
  await mkdir(path.join(home, 'runtime'), { mode: 0o700 })
  await offer(STAND_IN)
  connection = onBoard(await connect(sshd.target, { ask: () => Promise.resolve(null) }))
})

afterEach(async () => {
  connection.dispose()
  await connection.closed
  vi.unstubAllEnvs()
  await rm(home, { recursive: true })
})

/** The same connection, where the test has folders of its own, and commands of its own in the place of the board's. */
function onBoard(real: Connection, commands = 'sudo() { shift; "$@"; }'): Connection {
  const folders = `export XDG_RUNTIME_DIR=${home}/runtime HOME=${home}`
  return { ...real, spawn: (command) => real.spawn(`${folders}; ${commands}; ${command}`) }
}

/** Makes this the daemon that deploy() finds. */
async function offer(content: string, listed = content): Promise<void> {
  const dir = path.join(home, 'built')
  await mkdir(dir, { recursive: true })
  await writeFile(path.join(dir, 'vascoped'), content)
  const binary = { file: 'vascoped', sha256: createHash('sha256').update(listed).digest('hex') }
  await writeFile(
    path.join(dir, 'build.json'),
    JSON.stringify({ build: 'b1', binaries: { x86_64: binary, aarch64: binary } })
  )
  vi.stubEnv('VASCOPE_DAEMON_DIR', dir)
}

async function refusal(board: Connection = connection): Promise<VascopeError> {
  const error = await deploy(board).then(
    () => new Error('it ran'),
    (reason: unknown) => reason
  )
  if (!(error instanceof VascopeError)) throw error
  return error
}

/** A program that deploys to the board and is killed the moment the daemon runs; needs bundling, as Node does not read TypeScript. */
async function desktopThatDies(): Promise<string> {
  const root = path.resolve(import.meta.dirname, '../../..')
  const source = path.join(home, 'desktop.ts')
  await writeFile(
    source,
    `import { connect } from '${root}/engine/connect/ssh/connect'
     import { deploy } from '${root}/engine/deploy/deploy'
     const real = await connect(${JSON.stringify(sshd.target)}, { ask: async () => null })
     const environment = 'export XDG_RUNTIME_DIR=${home}/runtime HOME=${home}; '
     await deploy({ ...real, spawn: (command) => real.spawn(environment + command) })
     process.kill(process.pid, 'SIGKILL')`
  )
  await symlink(path.join(root, 'node_modules'), path.join(home, 'node_modules'))
  const output = { entryFileNames: 'desktop.mjs' }
  await build({
    configFile: false,
    logLevel: 'silent',
    root: home,
    build: { ssr: source, outDir: home, emptyOutDir: false, rolldownOptions: { output } }
  })
  return path.join(home, 'desktop.mjs')
}

async function firstLine(daemon: RunningDaemon): Promise<string> {
  let text = ''
  daemon.stdio.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await until(() => text.includes('\n'))
  return text.trim()
}

/** The private folders there are. Listed one level deep: a recursive listing fails when a folder goes while it looks. */
async function leftovers(): Promise<string[]> {
  const found = await Promise.all(['runtime', '.cache'].map(privateFolders))
  return found.flat()
}

async function privateFolders(below: string): Promise<string[]> {
  const names = await readdir(path.join(home, below)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => name.startsWith('vascope.')).map((name) => `${below}/${name}`)
}

const gone = (): Promise<void> => until(async () => (await leftovers()).length === 0)

describe('deploy', () => {
  it('runs the daemon as root out of a private folder and removes it as soon as the daemon speaks', async () => {
    const activities: string[] = []
    const daemon = await deploy(connection, { progress: (activity) => activities.push(activity) })
    expect(daemon).toMatchObject({ build: 'b1', pushed: { bytes: STAND_IN.length } })
    expect(await firstLine(daemon)).toMatch(
      new RegExp(`^${home}/runtime/vascope\\.\\d+/vascoped-[0-9a-f]{16} ${process.getuid!()} --trace=auto$`)
    )
    await gone()
    expect(activities.join('\n')).toMatch(/Copied vascoped \(0.0 MB\) in \d+ ms/)

    daemon.stdio.write('still there\n')
    const echo = new Promise<Buffer>((resolve) => daemon.stdio.once('data', resolve))
    expect(String(await echo)).toBe('still there\n')
    await daemon.dispose()
    expect(await daemon.exited).toEqual({ code: 0, signal: null })
  })

  it('tells the daemon how to see the kernel on its command line', async () => {
    const daemon = await deploy(connection, { trace: 'none' })
    expect(await firstLine(daemon)).toMatch(/ --trace=none$/)
    await daemon.dispose()
  })

  it('leaves nothing behind when the daemon ends without a word', async () => {
    await offer('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho broken >&2\nexit 9\n')
    const daemon = await deploy(connection)
    expect(await daemon.exited).toEqual({ code: 9, signal: null })
    expect(daemon.stderr()).toBe('broken\n')
    await gone()
  })

  it('leaves nothing behind, and no process, when the desktop is killed', async () => {
    // It says nothing of itself, so that the guard alone can remove the folder.
    await offer(STAND_IN.replace(/^echo "\$0.*$/m, ''))
    const died = await run('node', [await desktopThatDies()]).catch((error: unknown) => error)
    expect(died).toMatchObject({ signal: 'SIGKILL' })
    await until(async () => (await readFile(path.join(home, 'runtime', 'ended'), 'utf8').catch(() => '')) === 'end\n')
    await gone()
  })

  it('leaves nothing behind when the connection is cut while the file is under way', async () => {
    const cut: Connection = {
      ...connection,
      upload: async (local, remote, mode) => {
        await connection.upload(local, remote, mode)
        expect(await leftovers()).not.toEqual([])
        connection.dispose()
        throw (await connection.closed) ?? new Error('cut')
      }
    }
    await expect(deploy(cut)).rejects.toThrow('cut')
    await gone()
  })

  it('leaves nothing behind when cancelled', async () => {
    const controller = new AbortController()
    const slow: Connection = {
      ...connection,
      upload: async (local, remote, mode) => {
        await connection.upload(local, remote, mode)
        controller.abort()
      }
    }
    await expect(deploy(slow, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' })
    await gone()
  })

  it('sweeps away what a power cut left, and leaves the folder of a session that lives', async () => {
    const dead = (await run('sh', ['-c', 'echo $$'])).stdout.trim()
    await mkdir(path.join(home, 'runtime', `vascope.${dead}`))
    await mkdir(path.join(home, 'runtime', `vascope.${process.pid}`))
    const daemon = await deploy(connection)
    await firstLine(daemon)
    await until(async () => (await leftovers()).length === 1)
    expect(await leftovers()).toEqual([`runtime/vascope.${process.pid}`])
    await daemon.dispose()
  })

  it('takes the home folder where there is no runtime folder', async () => {
    await rm(path.join(home, 'runtime'), { recursive: true })
    const daemon = await deploy(connection)
    expect(await firstLine(daemon)).toContain(`${home}/.cache/vascope.`)
    await daemon.dispose()
    await gone()
  })

  it('passes over a place where anybody may rename things', async () => {
    await chmod(path.join(home, 'runtime'), 0o777)
    const daemon = await deploy(connection)
    expect(await firstLine(daemon)).toContain(`${home}/.cache/vascope.`)
    await daemon.dispose()
  })

  it('starts the daemon by sudo, which asks for nothing, when it is not root there', async () => {
    const lab = onBoard(connection, `id() { echo 1000; }; sudo() { printf "%s " "$1" >> ${home}/sudo; shift; "$@"; }`)
    const daemon = await deploy(lab)
    expect(await firstLine(daemon)).toContain('/vascoped-')
    expect(await readFile(path.join(home, 'sudo'), 'utf8')).toBe('-n -n ')
    await daemon.dispose()
    await gone()
  })

  it('is not put off by what the login shell prints', async () => {
    const noisy = {
      ...connection,
      spawn: (command: string) => connection.spawn(`echo 'Welcome to the lab'; ${command}`)
    }
    const daemon = await deploy(noisy)
    expect(await firstLine(daemon)).toContain('/vascoped-')
    await daemon.dispose()
  })
})

describe('deploy refuses', () => {
  const saying = (output: string): Connection => onBoard(connection, `uname() { echo '${output}'; }`)

  it('a board that is not Linux, or of another architecture', async () => {
    expect(await refusal(saying('FreeBSD amd64'))).toMatchObject({ code: 'not-linux', exit: 3 })
    const error = await refusal(saying('Linux riscv64'))
    expect(error).toMatchObject({ code: 'unknown-architecture' })
    expect(error.message).toContain('riscv64')
    await gone()
  })

  it('a user who may not become root, with the line that would allow it', async () => {
    const lab = onBoard(
      connection,
      `id() { echo 1000; }; sudo() { echo 'sudo: a password is required' >&2; return 1; }`
    )
    const error = await refusal(lab)
    const hash = createHash('sha256').update(STAND_IN).digest('hex')
    expect(error).toMatchObject({ code: 'root-needed', exit: 3 })
    expect(error.message).toContain('sudo: a password is required')
    expect(error.remedy).toContain(
      `\`${sshd.target.user} ALL=(root) NOPASSWD: sha256:${hash} ${home}/runtime/vascope.*/vascoped-${hash.slice(0, 16)}\``
    )
    await gone()
  })

  it('a board without a place to run programs from, with the reason for each place', async () => {
    const full = await refusal(onBoard(connection, 'mkdir() { return 1; }'))
    expect(full.code).toBe('no-folder')
    expect(full.message).toContain(
      `${home}/runtime: cannot be made; ${home}/.cache: cannot be made; /var/tmp: cannot be made; `
    )
    const noexec = await refusal(onBoard(connection, 'chmod() { :; }'))
    expect(noexec.message).toContain(`${home}/runtime: full, or programs may not run there (noexec); `)
    await gone()
  })

  it('a daemon that does not run there, with its reason', async () => {
    await offer('#!/bin/sh\necho "no such instruction" >&2\nexit 132\n')
    const error = await refusal()
    expect(error.code).toBe('daemon-cannot-run')
    expect(error.message).toContain('exit code 132, no such instruction')
    await gone()
  })

  it('a shell that ends at once', async () => {
    const nologin = { ...connection, spawn: () => connection.spawn('echo This account is not available; exit 1') }
    const error = await refusal(nologin)
    expect(error.code).toBe('guard-ended')
    expect(error.message).toContain('This account is not available')
  })

  it('to push what was not built, or is not what was built', async () => {
    vi.stubEnv('VASCOPE_DAEMON_DIR', path.join(home, 'nothing'))
    expect(await refusal()).toMatchObject({
      code: 'daemon-not-built',
      remedy: expect.stringContaining('npm run bootstrap') as string
    })
    await offer(STAND_IN, 'something else')
    expect(await refusal()).toMatchObject({ code: 'daemon-damaged' })
    await gone()
  })
})
