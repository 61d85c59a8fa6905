import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Ask, Connection, Target } from '../../../engine/connect/connection'
import { connect, type ConnectOptions } from '../../../engine/connect/ssh/connect'
import { fingerprint } from '../../../engine/connect/ssh/known-hosts'
import { VascopeError } from '../../../engine/problem'
import { freePort, makeKey, startAgent, startSshd, until, type Sshd } from './sshd'

// Handshakes are slow on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

type Question = Parameters<Ask>[0]

const nobody: Ask = (question) => Promise.reject(new Error(`asked without need: ${question.title}`))

let sshd: Sshd
let scratch: string
const open: Connection[] = []

beforeAll(async () => {
  sshd = await startSshd()
  scratch = await mkdtemp(path.join(tmpdir(), 'vascope-connect-'))
})

afterEach(async () => {
  for (const connection of open.splice(0)) {
    connection.dispose()
    await connection.closed
  }
})

afterAll(async () => {
  await sshd.stop()
  await rm(scratch, { recursive: true })
})

async function reach(target: Target, options: Partial<ConnectOptions> = {}): Promise<Connection> {
  const connection = await connect(target, { ask: nobody, ...options })
  open.push(connection)
  return connection
}

/** The VascopeError that reaching the target ends with. */
async function refusal(target: Target, options: Partial<ConnectOptions> = {}): Promise<VascopeError> {
  const error = await reach(target, options).then(
    () => new Error('it connected'),
    (reason: unknown) => reason
  )
  if (!(error instanceof VascopeError)) throw error
  return error
}

/** Answers in turn, and keeps what was asked. */
function answers(...replies: (string | null)[]): { ask: Ask; asked: Question[] } {
  const asked: Question[] = []
  return {
    asked,
    ask: (question) => {
      asked.push(question)
      const reply = replies.shift()
      return reply === undefined ? nobody(question) : Promise.resolve(reply)
    }
  }
}

function blob(publicKey: string): Buffer {
  return Buffer.from(publicKey.split(' ')[1]!, 'base64')
}

describe('logging in', () => {
  it('lets a key in without asking anything', async () => {
    const connection = await reach(sshd.target)
    expect(await connection.exec('echo hello')).toEqual({ code: 0, signal: null, stdout: 'hello\n', stderr: '' })
  })

  it('takes an rsa key', async () => {
    const key = await makeKey(path.join(scratch, 'rsa'), '', 'rsa')
    await sshd.authorize(`${key}.pub`)
    const connection = await reach({ ...sshd.target, identityFiles: [key] })
    expect((await connection.exec('exit 3')).code).toBe(3)
  })

  it('asks for the passphrase again when it was wrong', async () => {
    const key = await makeKey(path.join(scratch, 'locked'), 'open sesame')
    await sshd.authorize(`${key}.pub`)
    const { ask, asked } = answers('wrong', 'open sesame')
    await reach({ ...sshd.target, identityFiles: [key] }, { ask })
    expect(asked.map(({ kind, title }) => [kind, title])).toEqual([
      ['passphrase', `Passphrase of ${key}`],
      ['passphrase', `Passphrase of ${key}`]
    ])
  })

  it('says which keys were tried, and no passphrase, when none is accepted', async () => {
    const wrong = await makeKey(path.join(scratch, 'wrong'))
    const locked = await makeKey(path.join(scratch, 'locked2'), 'secret')
    const { ask } = answers('not the secret', 'nor this', null)
    const missing = path.join(scratch, 'missing')
    const error = await refusal({ ...sshd.target, identityFiles: [locked, wrong, missing] }, { ask })
    expect(error).toMatchObject({ code: 'authentication-failed', exit: 3 })
    expect(error.message).toContain(`${sshd.target.user}@127.0.0.1:${sshd.port}`)
    expect(error.message).toContain(`key ${wrong} refused`)
    expect(error.message).toContain(`key ${locked} has a passphrase, none given`)
    expect(error.message).toContain(`key ${missing} cannot be read (ENOENT)`)
    expect(error.message).toContain('The board accepts: publickey')
    expect(JSON.stringify(error.toProblem())).not.toMatch(/secret|nor this/)
  })

  it('uses the agent, and a locked key that the agent holds is not asked for', async () => {
    const agent = await startAgent([sshd.userKey])
    try {
      const connection = await reach({ ...sshd.target, identityFiles: [], agent: agent.socket })
      expect((await connection.exec('true')).code).toBe(0)

      const other = await makeKey(path.join(scratch, 'other'))
      const only = { ...sshd.target, identityFiles: [other], identitiesOnly: true, agent: agent.socket }
      expect((await refusal(only)).message).toContain("agent's 0 keys refused")
    } finally {
      await agent.stop()
    }
  })

  it('goes on with the keys when the agent is gone', async () => {
    await reach({ ...sshd.target, agent: path.join(scratch, 'no-agent') })
  })

  it('goes through a jump host, each with its own host key', async () => {
    const inner = await startSshd()
    try {
      const connection = await reach({ ...inner.target, jump: sshd.target })
      const { stdout } = await connection.exec('echo "$SSH_CONNECTION"')
      expect(stdout.trim().split(' ')[3]).toBe(String(inner.port))
      expect(stdout.trim().split(' ')[1]).not.toBe(String(sshd.port))

      const unknown = { ...inner.target, jump: { ...sshd.target, knownHosts: [path.join(scratch, 'none')] } }
      expect(await refusal(unknown, { ask: () => Promise.resolve(null) })).toMatchObject({ code: 'host-key-unknown' })
    } finally {
      await inner.stop()
    }
  })

  it('names both hosts when the jump host cannot go on', async () => {
    const port = await freePort()
    const error = await refusal({ ...sshd.target, port, jump: sshd.target })
    expect(error.code).toBe('jump-failed')
    expect(error.message).toMatch(new RegExp(`sshd could not reach 127.0.0.1:${port}: .*refused`, 'i'))
  })
})

describe('the host key', () => {
  it('is asked about when new, and nothing is written after a no', async () => {
    const file = path.join(scratch, 'new', 'known_hosts')
    const target = { ...sshd.target, knownHosts: [file] }
    const { ask, asked } = answers(null)
    expect(await refusal(target, { ask })).toMatchObject({ code: 'host-key-unknown', exit: 3 })
    expect(asked[0]!.kind).toBe('host-key-new')
    expect(asked[0]!.detail).toContain(fingerprint(blob(sshd.hostKey)))
    await expect(stat(file)).rejects.toThrow('ENOENT')
  })

  it('is written after a yes, privately, and known from then on', async () => {
    const file = path.join(scratch, 'yes', 'known_hosts')
    const target = { ...sshd.target, knownHosts: [file] }
    await reach(target, { ask: answers('yes').ask })
    expect(await readFile(file, 'utf8')).toBe(`[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700)
    await reach(target)
  })

  it('is asked about when changed, with the line that says otherwise, and replaced only after a yes', async () => {
    const file = path.join(scratch, 'changed_hosts')
    const old = (await readFile(`${await makeKey(path.join(scratch, 'old_host'))}.pub`, 'utf8'))
      .split(' ')
      .slice(0, 2)
      .join(' ')
    const before = `# lab\nother ${old}\n[127.0.0.1]:${sshd.port},alias ${old}\n`
    await writeFile(file, before)
    const target = { ...sshd.target, knownHosts: [file] }

    const no = answers(null)
    const error = await refusal(target, { ask: no.ask })
    expect(error).toMatchObject({ code: 'host-key-changed', exit: 3 })
    expect(error.message).toContain(`${file}:3`)
    expect(no.asked[0]!.kind).toBe('host-key-changed')
    expect(no.asked[0]!.detail).toContain(fingerprint(blob(old)))
    expect(await readFile(file, 'utf8')).toBe(before)

    await reach(target, { ask: answers('yes').ask })
    expect(await readFile(file, 'utf8')).toBe(
      `# lab\nother ${old}\nalias ${old}\n[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`
    )
    expect(await readFile(`${file}.old`, 'utf8')).toBe(before)
    await reach(target)
  })

  it('is refused without a question when revoked', async () => {
    const file = path.join(scratch, 'revoked_hosts')
    await writeFile(file, `@revoked * ${sshd.hostKey}\n[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`)
    expect(await refusal({ ...sshd.target, knownHosts: [file] })).toMatchObject({ code: 'host-key-revoked' })
  })

  it('of the type that is known is the one asked for', async () => {
    const both = await startSshd([`HostKey ${await makeKey(path.join(scratch, 'ecdsa_host'), '', 'ecdsa')}`])
    try {
      const file = path.join(scratch, 'ecdsa_hosts')
      const ecdsa = (await readFile(path.join(scratch, 'ecdsa_host.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')
      await writeFile(file, `[127.0.0.1]:${both.port} ${ecdsa}\n`)
      await reach({ ...both.target, knownHosts: [file] })
    } finally {
      await both.stop()
    }
  })
})

describe('what cannot be reached', () => {
  it('is a name that does not resolve', async () => {
    expect(await refusal({ ...sshd.target, host: 'board.invalid' })).toMatchObject({ code: 'host-not-found' })
  })

  it('is a port where nobody listens', async () => {
    const port = await freePort()
    const error = await refusal({ ...sshd.target, port })
    expect(error.code).toBe('connection-refused')
    expect(error.message).toContain(`127.0.0.1:${port}`)
  })

  it('is something that never speaks, or speaks another language', async () => {
    const silent = createServer((socket) => void socket.resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const target = { ...sshd.target, port }
    expect(await refusal(target, { timeouts: { handshakeMs: 50 } })).toMatchObject({ code: 'handshake-timeout' })
    silent.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(await refusal(target)).toMatchObject({ code: 'ssh-failed' })
    await new Promise((resolve) => silent.close(resolve))
  })

  it('is left alone when cancelled, at any time', async () => {
    expect(await refusal(sshd.target, { signal: AbortSignal.abort() })).toMatchObject({ code: 'cancelled' })
    const controller = new AbortController()
    const unknown = { ...sshd.target, knownHosts: [path.join(scratch, 'none')] }
    const ask: Ask = () => {
      controller.abort()
      return new Promise(() => undefined)
    }
    expect(await refusal(unknown, { ask, signal: controller.signal })).toMatchObject({ code: 'cancelled' })
  })
})

describe('commands', () => {
  it('keep every character, in a login shell of any kind', async () => {
    const connection = await reach(sshd.target)
    for (const text of ["it's", 'a"b$c`d\\n', 'bang! bang', 'line\nline', '\\', 'ü€', '%s %%', "'!\n'"]) {
      const { stdout } = await connection.exec(`printf %s '${text.replaceAll("'", "'\\''")}'`)
      expect(stdout).toBe(text)
    }
  })

  it('get their input, and give code, signal and stderr apart', async () => {
    const connection = await reach(sshd.target)
    expect(await connection.exec('cat; echo oops >&2; exit 7', { input: 'in' })).toEqual({
      code: 7,
      signal: null,
      stdout: 'in',
      stderr: 'oops\n'
    })
    expect(await connection.exec('kill -9 $$')).toMatchObject({ code: null, signal: 'SIGKILL' })
  })

  it('are ended when they take too long', async () => {
    const connection = await reach(sshd.target)
    const mark = path.join(scratch, 'slow.pid')
    const slow = connection.exec(`echo $$ > ${mark}; exec sleep 1000`, { timeoutMs: 1 })
    await expect(slow).rejects.toMatchObject({ code: 'exec-timeout' })
    await until(async () => (await connection.exec(`kill -0 $(cat ${mark})`)).code !== 0)
  })

  it('stream megabytes both ways unchanged, and wait for a slow reader', async () => {
    const connection = await reach(sshd.target)
    const data = randomBytes(24 * 1024 * 1024)
    const echo = await connection.spawn('cat')
    echo.stdio.end(data)
    const hash = createHash('sha256')
    for await (const chunk of echo.stdio) hash.update(chunk as Buffer)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'))
    expect(await echo.exited).toEqual({ code: 0, signal: null })

    // The writer of a pipe that nobody reads stops; its progress shows in a file that it writes beside.
    const file = path.join(scratch, 'progress')
    const writer = await connection.spawn(
      `i=0; while [ $i -lt 100 ]; do head -c 1048576 /dev/zero; i=$((i+1)); echo $i > ${file}; done`
    )
    let seen = ''
    await until(async () => {
      const now = (await connection.exec(`cat ${file}; sleep 0.3`)).stdout
      const stands = now !== '' && now === seen
      seen = now
      return stands
    })
    expect(Number(seen)).toBeLessThan(20)
    let bytes = 0
    for await (const chunk of writer.stdio) bytes += (chunk as Buffer).length
    expect(bytes).toBe(100 * 1048576)
  })

  it('end when their stream is destroyed', async () => {
    const connection = await reach(sshd.target)
    const process = await connection.spawn('echo $$; exec cat')
    const pid = String(await new Promise<Buffer>((resolve) => process.stdio.once('data', resolve))).trim()
    process.stdio.destroy()
    await process.exited
    await until(async () => (await connection.exec(`kill -0 ${pid}`)).code !== 0)
  })
})

describe('files', () => {
  async function putsWhole(server: Sshd): Promise<void> {
    const connection = await reach(server.target)
    const local = path.join(scratch, 'local')
    const remote = path.join(server.dir, "it's here")
    await writeFile(local, randomBytes(3_000_001))
    await writeFile(remote, 'the old one')
    await connection.upload(local, remote, 0o700)
    expect((await readFile(remote)).equals(await readFile(local))).toBe(true)
    expect((await stat(remote)).mode & 0o777).toBe(0o700)
    expect((await connection.exec(`ls ${server.dir} | grep part`)).stdout).toBe('')
  }

  it('arrive whole, with their mode, in the place of an old one', () => putsWhole(sshd))

  it('arrive also where the board has no SFTP', async () => {
    const bare = await startSshd(['Subsystem sftp /nonexistent/sftp-server'])
    try {
      await putsWhole(bare)
    } finally {
      await bare.stop()
    }
  })

  it('that cannot be written are told with the reason', async () => {
    const connection = await reach(sshd.target)
    await expect(connection.upload(sshd.userKey, '/nonexistent/file', 0o600)).rejects.toMatchObject({
      code: 'upload-failed',
      message: expect.stringContaining('No such file') as string
    })
  })
})

describe('a connection that is lost', () => {
  it('says so everywhere, and what had arrived can still be read', async () => {
    const mortal = await startSshd()
    const connection = await reach(mortal.target)
    const process = await connection.spawn('echo before; exec cat')
    const hanging = expect(connection.exec('sleep 1000')).rejects.toMatchObject({ code: 'connection-lost' })
    await until(() => process.stdio.readableLength > 0)
    await mortal.kill()

    const reason = await connection.closed
    expect(reason).toMatchObject({ code: 'connection-lost', exit: 3 })
    expect((reason as VascopeError).message).toContain(`127.0.0.1:${mortal.port}`)
    await hanging
    await expect(connection.exec('true')).rejects.toMatchObject({ code: 'connection-lost' })
    await expect(connection.upload(sshd.userKey, '/tmp/never', 0o600)).rejects.toMatchObject({
      code: 'connection-lost'
    })
    expect(await process.exited).toEqual({ code: null, signal: null })
    let text = ''
    for await (const chunk of process.stdio) text += String(chunk)
    expect(text).toBe('before\n')
    await mortal.stop()
  })

  it('has no reason when it was closed from here', async () => {
    const connection = await connect(sshd.target, { ask: nobody })
    connection.dispose()
    expect(await connection.closed).toBeNull()
    await expect(connection.exec('true')).rejects.toThrow('was closed')
  })
})
