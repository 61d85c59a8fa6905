import { readFile } from 'node:fs/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import ssh2, { type AuthContext, type Connection as ServerSide, type Server } from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Ask, Target } from '../../../engine/connect/connection'
import { connect } from '../../../engine/connect/ssh/connect'
import { makeKey } from './sshd'

/** What the server below makes of one attempt: true lets in, a list refuses and says what it takes, 'more' accepts but wants these. */
type Judge = (attempt: AuthContext) => true | { takes: string[]; partial?: boolean } | null

let dir: string
let server: Server
let target: Target
let judge: Judge

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'vascope-keyboard-'))
  await makeKey(path.join(dir, 'host'))
  await makeKey(path.join(dir, 'user'))
})

afterAll(() => rm(dir, { recursive: true }))

// A server of ssh2's own, because sshd asks for passwords only of accounts that have one.
beforeEach(async () => {
  server = new ssh2.Server({ hostKeys: [await readFile(path.join(dir, 'host'))] }, (client: ServerSide) => {
    client.on('error', () => undefined) // the client's leaving
    client.on('authentication', (attempt) => {
      const verdict = judge(attempt)
      if (verdict === true) attempt.accept()
      else if (verdict) attempt.reject(verdict.takes as never, verdict.partial ?? false)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const hostKey = await readFile(path.join(dir, 'host.pub'), 'utf8')
  await writeFile(path.join(dir, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}`)
  target = {
    name: 'board',
    host: '127.0.0.1',
    port,
    user: 'lab',
    identityFiles: [],
    agent: null,
    knownHosts: [path.join(dir, 'known_hosts')],
    hostKeyAlias: '127.0.0.1',
    jump: null,
    emulated: false,
    facts: {}
  }
})

afterEach(() => new Promise((resolve) => server.close(resolve)))

/** Connects with these answers; tells the titles that were asked. */
async function log(answers: (string | null)[], to = target): Promise<{ asked: string[]; error: unknown }> {
  const asked: string[] = []
  const ask: Ask = ({ title }) => {
    asked.push(title)
    return Promise.resolve(answers.shift() ?? null)
  }
  try {
    const connection = await connect(to, { ask })
    connection.dispose()
    await connection.closed
    return { asked, error: null }
  } catch (error) {
    return { asked, error }
  }
}

const password = (right: string): Judge => {
  return (attempt) => (attempt.method === 'password' && attempt.password === right) || { takes: ['password'] }
}

describe('a password', () => {
  it('is asked for again when it was wrong', async () => {
    judge = password('right')
    expect(await log(['wrong', 'right'])).toEqual({
      asked: ['Password of lab@127.0.0.1', 'Password of lab@127.0.0.1'],
      error: null
    })
  })

  it('is asked for three times, and appears in no error', async () => {
    judge = password('right')
    const { asked, error } = await log(['hunter1', 'hunter2', 'hunter3', 'right'])
    expect(asked).toHaveLength(3)
    expect(error).toMatchObject({
      code: 'authentication-failed',
      message: expect.stringContaining('password refused') as string
    })
    expect(String((error as Error).message)).not.toContain('hunter')
  })

  it('that is not given ends it', async () => {
    judge = password('right')
    const { asked, error } = await log([null])
    expect(asked).toHaveLength(1)
    expect(error).toMatchObject({ message: expect.stringContaining('no password given') as string })
  })

  it('may be wanted besides a key', async () => {
    judge = (attempt) => {
      if (attempt.method === 'publickey') return attempt.signature ? { takes: ['password'], partial: true } : true
      if (attempt.method === 'password') return attempt.password === 'right' || { takes: ['password'] }
      return { takes: ['publickey'] }
    }
    const both = { ...target, identityFiles: [path.join(dir, 'user')] }
    expect(await log(['right'], both)).toMatchObject({ asked: ['Password of lab@127.0.0.1'], error: null })
    const { error } = await log([null], both)
    expect(error).toMatchObject({
      message: expect.stringContaining(`key ${both.identityFiles[0]} accepted, but not enough`) as string
    })
  })
})

describe('keyboard-interactive', () => {
  it('asks what the board asks, without what could paint over the question', async () => {
    judge = (attempt) => {
      if (attempt.method !== 'keyboard-interactive') return { takes: ['keyboard-interactive'] }
      const prompts = [
        { prompt: 'Password: \u001b[2J', echo: false },
        { prompt: 'Code:', echo: true }
      ]
      attempt.prompt(prompts, 'Lab', 'Say who you are', (answers) => {
        if (answers.join() === 'right,123') attempt.accept()
        else attempt.reject(['keyboard-interactive'])
      })
      return null
    }
    expect(await log(['right', '124', 'right', '123'])).toEqual({
      asked: ['Password: [2J', 'Code:', 'Password: [2J', 'Code:'].map((prompt) => `lab@127.0.0.1: ${prompt}`),
      error: null
    })
    const { asked, error } = await log(['right', null])
    expect(asked).toHaveLength(2)
    expect(error).toMatchObject({
      code: 'authentication-failed',
      message: expect.stringContaining('no answer given') as string
    })
  })

  it('that has nothing to ask gives way to the password', async () => {
    judge = (attempt) =>
      attempt.method === 'password'
        ? attempt.password === 'right' || null
        : { takes: ['keyboard-interactive', 'password'] }
    expect(await log(['right'])).toEqual({ asked: ['Password of lab@127.0.0.1'], error: null })
  })
})
