import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Target } from '../../../engine/connect/connection'
import { describeTarget, listHosts, resolveTarget, type ResolveOptions } from '../../../engine/connect/ssh/config'
import { VascopeError } from '../../../engine/problem'

let home: string

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'vascope-config-'))
  await mkdir(path.join(home, '.ssh'))
  vi.stubEnv('SSH_AUTH_SOCK', '/run/agent')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(home, { recursive: true })
})

const ssh = (name: string): string => path.join(home, '.ssh', name)

async function config(text: string, name = 'config'): Promise<void> {
  await mkdir(path.dirname(ssh(name)), { recursive: true })
  await writeFile(ssh(name), text)
}

const resolve = (name: string, options: ResolveOptions = {}): Promise<Target> =>
  resolveTarget(name, { home, ...options })

async function refusal(name: string): Promise<VascopeError> {
  const error = await resolve(name).then(
    () => new Error('it resolved'),
    (reason: unknown) => reason
  )
  if (!(error instanceof VascopeError)) throw error
  return error
}

describe('a name without a configuration', () => {
  const me = userInfo().username

  it.each([
    ['10.0.0.7', me, '10.0.0.7', 22],
    ['root@10.0.0.7', 'root', '10.0.0.7', 22],
    ['root@board:2222', 'root', 'board', 2222],
    ['fe80::1', me, 'fe80::1', 22],
    ['lab@[fe80::1]:2222', 'lab', 'fe80::1', 2222],
    ['ssh://lab@board:2222/', 'lab', 'board', 2222],
    ['a@b@board', 'a@b', 'board', 22]
  ])('%s', async (name, user, host, port) => {
    expect(await resolve(name)).toMatchObject({
      name,
      user,
      host,
      port,
      hostKeyAlias: host,
      jump: null,
      emulated: false
    })
  })

  it.each(['', 'root@', 'two words', '-oProxyCommand=sh', 'a;b', '$(id)', 'board:0', 'board:99999'])(
    '%j is refused',
    async (name) => {
      expect((await refusal(name)).exit).toBe(2)
    }
  )

  it('has the default identities that exist, the agent, and both known_hosts', async () => {
    await writeFile(ssh('id_rsa'), '')
    await writeFile(ssh('id_ed25519'), '')
    expect(await resolve('board')).toMatchObject({
      identityFiles: [ssh('id_ed25519'), ssh('id_rsa')],
      identitiesOnly: false,
      agent: '/run/agent',
      knownHosts: [ssh('known_hosts'), '/etc/ssh/ssh_known_hosts']
    })
  })
})

describe('a Host of ~/.ssh/config', () => {
  it('gives what it says, the first value counting, and the command line above all', async () => {
    await config(`
Host rb3
  hostname 10.0.0.7
  Port=2222
  User "lab user"
  IdentityFile ~/keys/%r@%h:%p
  IdentityFile %d/other
  IdentitiesOnly yes
  IdentityAgent none
  HostKeyAlias %n-board
  UserKnownHostsFile ~/.ssh/lab /dev/null # both
Host *
  User nobody
  IdentityFile ~/.ssh/last
`)
    expect(await resolve('rb3')).toMatchObject({
      host: '10.0.0.7',
      port: 2222,
      user: 'lab user',
      identityFiles: [`${home}/keys/lab user@10.0.0.7:2222`, `${home}/other`, ssh('last')],
      identitiesOnly: true,
      agent: null,
      hostKeyAlias: 'rb3-board',
      knownHosts: [ssh('lab'), '/dev/null', '/etc/ssh/ssh_known_hosts']
    })
    expect(await resolve('root@rb3:23')).toMatchObject({ user: 'root', port: 23 })
    expect(await resolve('root@rb3:23', { user: 'me', port: 24, identityFile: '/k' })).toMatchObject({
      user: 'me',
      port: 24,
      identityFiles: ['/k']
    })
    expect(await resolve('rb5')).toMatchObject({ host: 'rb5', user: 'nobody', agent: '/run/agent' })
  })

  it('may be a pattern with exceptions, and completes names by %h', async () => {
    await config('Host rb? !rb9\n  HostName %h.lab.example\n  User root\n')
    expect(await resolve('rb3')).toMatchObject({ host: 'rb3.lab.example', user: 'root' })
    expect(await resolve('rb9')).toMatchObject({ host: 'rb9' })
    expect(await resolve('rb')).toMatchObject({ host: 'rb' })
  })

  it('takes the agent of IdentityAgent, by path or by variable', async () => {
    vi.stubEnv('MY_AGENT', '/run/mine')
    await config(
      'Host a\n IdentityAgent $MY_AGENT\nHost b\n IdentityAgent ~/agent.%u\nHost c\n IdentityAgent ${MY_AGENT}/c\n'
    )
    expect((await resolve('a')).agent).toBe('/run/mine')
    expect((await resolve('b')).agent).toBe(`${home}/agent.${userInfo().username}`)
    expect((await resolve('c')).agent).toBe('/run/mine/c')
  })

  it('may come from an Include, by wildcard, relative to ~/.ssh, at its place', async () => {
    await config('Include conf.d/*.conf missing\nHost rb3\n  Port 1\n  User from-config\n')
    await config('Host rb3\n  Port 2\n', 'conf.d/20.conf')
    await config('Host rb3\n  Port 3\nInclude ~/.ssh/deeper\n', 'conf.d/10.conf')
    await config('Host rb3\n  Port 4\n', 'conf.d/00.other')
    await config('User deep\n', 'deeper')
    expect(await resolve('rb3')).toMatchObject({ port: 3, user: 'deep' })
    // The Include in 10.conf stands under "Host rb3" and is for that host alone.
    expect(await resolve('rb4')).toMatchObject({ port: 22, user: userInfo().username })
  })

  it('may be refined by Match, also by the name it got', async () => {
    await config(`
Host rb3
  HostName rb3.lab
Match host *.lab !user boss
  Port 2222
Match originalhost rb3 user boss
  Port 2200
Match final host rb3.lab
  HostKeyAlias final
Match all
  IdentityFile /all
`)
    expect(await resolve('rb3')).toMatchObject({ port: 2222, hostKeyAlias: 'final', identityFiles: ['/all'] })
    expect(await resolve('boss@rb3')).toMatchObject({ port: 2200 })
    expect(await resolve('other')).toMatchObject({ port: 22, hostKeyAlias: 'other' })
  })
})

describe('ProxyJump', () => {
  it('leads through several hosts, each with its own settings', async () => {
    await config(`
Host rb3
  ProxyJump gate, root@inner:2200
Host gate
  HostName gate.example
  User me
  ProxyJump outer
Host inner
  HostName 10.0.0.1
  ProxyJump never
`)
    const target = await resolve('rb3')
    expect(target.jump).toMatchObject({ name: 'root@inner:2200', host: '10.0.0.1', port: 2200, user: 'root' })
    expect(target.jump!.jump).toMatchObject({ name: 'gate', host: 'gate.example', user: 'me' })
    expect(target.jump!.jump!.jump).toMatchObject({ name: 'outer', jump: null })
    expect(describeTarget(target)).toBe(`${userInfo().username}@rb3 by way of root@inner:2200`)
  })

  it('can be switched off for one host', async () => {
    await config('Host rb3\n  ProxyJump none\nHost *\n  ProxyJump gate\n')
    expect((await resolve('rb3')).jump).toBeNull()
  })

  it('in a circle is refused with the circle', async () => {
    await config('Host a\n  ProxyJump b\nHost b\n  ProxyJump c\nHost c\n  ProxyJump a\n')
    expect(await refusal('a')).toMatchObject({
      code: 'ssh-jump-loop',
      message: 'ProxyJump goes in a circle: a, b, c, a.'
    })
  })
})

describe('what cannot be honoured is refused with its line, and only where it counts:', () => {
  it('ProxyCommand', async () => {
    await config(
      'Host rb3\n  User root\n\n  ProxyCommand ssh -q -W %h:%p gate\nHost rb4\n  ProxyCommand none\nHost rb5\n ProxyJump a\n ProxyCommand x\n'
    )
    const error = await refusal('rb3')
    expect(error).toMatchObject({ code: 'ssh-config-unsupported', exit: 2 })
    expect(error.message).toContain(`${ssh('config')}:4: `)
    expect(error.remedy).toContain('ProxyJump HOST')
    expect(await resolve('rb4')).toMatchObject({ jump: null })
    expect(await resolve('rb5')).toMatchObject({ jump: { name: 'a' } })
  })

  it('Match exec', async () => {
    await config('# comment\nMatch originalhost rb3 exec "test -e /tmp"\n  Port 1\n')
    expect((await refusal('rb3')).message).toContain(`${ssh('config')}:2: "Match exec" decides about "rb3"`)
    expect(await resolve('rb4')).toMatchObject({ port: 22 })
  })

  it('an unknown token', async () => {
    await config('Host rb3\n  IdentityFile ~/%Z\n')
    expect((await refusal('rb3')).message).toContain(`${ssh('config')}:2: `)
  })

  it('a port that is none, an Include without end, a file that cannot be parsed', async () => {
    await config('Host rb3\n  Port many\n')
    expect((await refusal('rb3')).message).toContain(`${ssh('config')}:2: "many" is not a port`)
    await config('Include config\n')
    expect(await refusal('rb3')).toMatchObject({ code: 'ssh-config-include' })
    await config('Host "rb3\n')
    expect(await refusal('rb3')).toMatchObject({ code: 'ssh-config-unreadable' })
  })
})

it('lists concrete hosts once, with how they are reached, also those that cannot be used', async () => {
  await config('Include more\nHost rb3 rb? *\n  User root\nHost rb3 bad\n  ProxyCommand nc\n')
  await config('Host gate\n  HostName g.example\n  Port 2222\n', 'more')
  expect(await listHosts({ home })).toEqual([
    { name: 'gate', detail: 'root@g.example:2222' },
    { name: 'rb3', detail: expect.stringContaining(`${ssh('config')}:5: `) as string },
    { name: 'bad', detail: expect.stringContaining('ProxyCommand') as string }
  ])
})
