import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Target } from '../../../engine/connect/connection'

const run = promisify(execFile)

export interface Sshd {
  port: number
  /** Everything of this server; removed by stop(). */
  dir: string
  /** A private key that may log in, as the user who runs the tests. */
  userKey: string
  /** The server's own key: public part, "ssh-ed25519 AAAA…". */
  hostKey: string
  /** Reaches it with the key, and a known_hosts that knows it. */
  target: Target
  authorize(publicKeyFile: string): Promise<void>
  /** What the server said so far. */
  log(): string
  /** Ends the server and every connection to it, by SIGKILL. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts a real OpenSSH server on a free port of the loopback, with keys and a configuration of its own. */
export async function startSshd(config: string[] = []): Promise<Sshd> {
  const dir = await mkdtemp(path.join(tmpdir(), 'vascope-sshd-'))
  const file = (name: string): string => path.join(dir, name)
  const userKey = await makeKey(file('user_key'))
  await makeKey(file('host_key'))
  const hostKey = (await readFile(file('host_key.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')
  await writeFile(file('authorized_keys'), await readFile(`${userKey}.pub`), { mode: 0o600 })
  const port = await freePort()
  await writeFile(file('known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`)
  const settings = [
    ...config,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${file('host_key')}`,
    `AuthorizedKeysFile ${file('authorized_keys')}`,
    'PidFile none',
    'UsePAM no',
    `SetEnv HOME=${dir}`, // so that no start-up file of the user's own shell has a part in the tests
    'StrictModes no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    ...(config.some((line) => line.startsWith('Subsystem')) ? [] : ['Subsystem sftp internal-sftp'])
  ]
  await writeFile(file('sshd_config'), `${settings.join('\n')}\n`)
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true }) // sshd's privilege separation insists on it

  const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let log = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  await listening(server, port, () => log).catch(async (error: unknown) => {
    await ended(server)
    await rm(dir, { recursive: true })
    throw error
  })

  const kill = async (): Promise<void> => {
    // A session is a process of its own and outlives the listener, so the children go first.
    for (const pid of await descendants(server.pid!)) killQuietly(pid)
    await ended(server)
  }
  return {
    port,
    dir,
    userKey,
    hostKey,
    target: {
      name: 'sshd',
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      identityFiles: [userKey],
      agent: null,
      knownHosts: [file('known_hosts')],
      hostKeyAlias: '127.0.0.1',
      jump: null,
      emulated: false,
      facts: {}
    },
    authorize: async (publicKeyFile) => appendFile(file('authorized_keys'), await readFile(publicKeyFile)),
    log: () => log,
    kill,
    stop: async () => {
      await kill()
      await rm(dir, { recursive: true, force: true })
    }
  }
}

/** Makes a key pair by ssh-keygen and answers the private file's path. */
export async function makeKey(file: string, passphrase = '', type = 'ed25519'): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'vascope test', '-f', file])
  return file
}

/** Starts a real ssh-agent that holds these keys. */
export async function startAgent(keys: string[]): Promise<{ socket: string; stop(): Promise<void> }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'vascope-agent-'))
  const socket = path.join(dir, 'socket')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((resolve) => agent.stdout.once('data', resolve)) // it prints its variables when it listens
  for (const key of keys) await run('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
  return {
    socket,
    stop: async () => {
      await ended(agent)
      await rm(dir, { recursive: true, force: true })
    }
  }
}

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until `condition` holds; the test's own time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function listening(server: ChildProcess, port: number, log: () => string): Promise<void> {
  await until(() => {
    if (server.exitCode !== null) throw new Error(`sshd ended with ${server.exitCode}: ${log()}`)
    return new Promise((resolve) => {
      const probe = createConnection(port, '127.0.0.1')
      probe.on('connect', () => resolve(true)).on('error', () => resolve(false))
      probe.on('connect', () => probe.destroy())
    })
  })
}

async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid='])
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  const below = (parent: number): number[] =>
    pairs.filter(([, ppid]) => ppid === parent).flatMap(([child]) => [child, ...below(child)])
  return below(pid)
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}
