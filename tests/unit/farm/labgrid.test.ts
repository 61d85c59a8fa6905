import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { labgridTarget, openLabgrid } from '../../../engine/connect/labgrid/connection'
import { acquirePlace, releasePlace } from '../../../engine/connect/labgrid/place'
import { hold, wayTo } from '../../../engine/connect/reach'

const dir = mkdtempSync(path.join(tmpdir(), 'vascope-labgrid-'))
const holder = path.join(dir, 'holder')
symlinkSync(path.join(import.meta.dirname, 'labgrid-client.mjs'), path.join(dir, 'labgrid-client'))
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

beforeEach(() => {
  vi.unstubAllEnvs()
  vi.stubEnv('PATH', `${dir}:${process.env.PATH}`)
  vi.stubEnv('FAKE_HOLDER', holder)
  vi.stubEnv('LG_HOSTNAME', 'ci')
  vi.stubEnv('LG_USERNAME', 'tester')
  for (const file of [holder, `${holder}.log`]) rmSync(file, { force: true })
})

const calls = (): string[] => readFileSync(`${holder}.log`, 'utf8').trim().split('\n')

describe('the board of a labgrid place', () => {
  it('runs commands with their own exit code, input and output, and nothing of the client between', async () => {
    const connection = await openLabgrid('rb3')
    const bytes = '\u0000\u0001connection lost (\n'
    const done = await connection.exec('cat; echo "what went wrong" >&2; exit 7', { input: bytes })
    expect(done).toEqual({ code: 7, signal: null, stdout: bytes, stderr: 'what went wrong\n' })
    connection.dispose()
    await vi.waitFor(() => expect(existsSync(holder)).toBe(false), 20_000)
  })

  it('takes files', async () => {
    const connection = await openLabgrid('rb3')
    const [from, to] = [path.join(dir, 'from'), path.join(dir, 'to')]
    writeFileSync(from, Buffer.alloc(300_000, 7))
    await connection.upload(from, to, 0o700)
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true)
    expect(statSync(to).mode & 0o777).toBe(0o700)
    connection.dispose()
    await vi.waitFor(() => expect(existsSync(holder)).toBe(false), 20_000)
  })

  it('that loses its link is told from a command that failed', async () => {
    const connection = await openLabgrid('rb3')
    vi.stubEnv('FAKE_LOST', '1')
    await expect(connection.exec('kill -KILL $$; exit')).rejects.toMatchObject({ code: 'connection-lost' })
    expect(await connection.closed).toMatchObject({ code: 'connection-lost' })
    connection.dispose()
    await vi.waitFor(() => expect(existsSync(holder)).toBe(false), 20_000)
  })

  it('is held from the first to the last session, and given back once', async () => {
    const release = await hold('labgrid:rb3', new AbortController().signal)
    const connection = await openLabgrid('rb3')
    connection.dispose()
    await acquirePlace('rb3')
    await releasePlace('rb3')
    expect(existsSync(holder)).toBe(true)
    await release()
    expect(existsSync(holder)).toBe(false)
    expect(calls().filter((call) => call !== 'ssh')).toEqual(['acquire', 'release'])
  })

  it('stays acquired where this user had it before, or is allowed on it', async () => {
    for (const [who, allowed] of [
      ['ci/tester', ''],
      ['elsewhere/somebody', 'elsewhere/somebody, ci/tester']
    ]) {
      writeFileSync(holder, who!)
      vi.stubEnv('FAKE_ALLOWED', allowed!)
      await acquirePlace('rb3')
      await releasePlace('rb3')
      expect(readFileSync(holder, 'utf8')).toBe(who)
    }
  })

  it('that somebody else has is an error with the name', async () => {
    writeFileSync(holder, 'elsewhere/somebody')
    await expect(openLabgrid('rb3')).rejects.toMatchObject({
      code: 'labgrid-held',
      message: expect.stringContaining('elsewhere/somebody') as string
    })
  })

  it('is told from another by the words of labgrid 26, too', async () => {
    const help = (host: string): string =>
      `To work simultaneously, jane can execute 'labgrid-client -p rb3 allow ci/tester' on ${host}.`
    const refused = (text: string): void => void vi.stubEnv('FAKE_REFUSED', `labgrid-client: Error: ${text}`)

    refused('You have already acquired place rb3.')
    await acquirePlace('rb3')
    await releasePlace('rb3')
    expect(calls()).toEqual(['acquire'])

    refused(`Place rb3 is already acquired by lab.example/jane. ${help('lab.example')}`)
    const held = 'The labgrid place rb3 is acquired by lab.example/jane.'
    await expect(acquirePlace('rb3')).rejects.toMatchObject({ code: 'labgrid-held', message: held })

    // of the same user, but the client lets nobody in from here before it is allowed there
    refused(`You have already acquired place rb3 on lab.example. ${help('lab.example')}`)
    const elsewhere = 'The labgrid place rb3 is acquired by lab.example/tester.'
    await expect(acquirePlace('rb3')).rejects.toMatchObject({ code: 'labgrid-held', message: elsewhere })
    vi.stubEnv('FAKE_ALLOWED', 'lab.example/tester, ci/tester')
    await acquirePlace('rb3')
    await releasePlace('rb3')
    expect(calls()).not.toContain('release')
  })

  it.each([
    [
      "labgrid-client: error: no NetworkService resource found in Target(name='rb3')\nYou can use the 'show' command to review all.",
      "no NetworkService resource found in Target(name='rb3')"
    ],
    [
      `WARNING SSHDriver(rb3):: ssh: ci@10.0.0.3: Permission denied (publickey).\nWARNING SSHDriver(rb3):: ssh: \n${'Traceback\n'.repeat(400)}Exception: Timeout`,
      'ci@10.0.0.3: Permission denied (publickey)'
    ]
  ])('that cannot be reached is an error that says why', async (said, why) => {
    vi.stubEnv('FAKE_UNREACHED', `${said}\n`)
    await expect(openLabgrid('rb3')).rejects.toMatchObject({
      code: 'connection-lost',
      message: `There is no connection to the board of labgrid place rb3: ${why}.`
    })
    await vi.waitFor(() => expect(existsSync(holder)).toBe(false), 20_000)
  })

  it.each([
    ['place pattern rb3 matches nothing', 'labgrid-place'],
    ['pattern rb3 matches multiple places (rb30, rb31)', 'labgrid-place'],
    ['Match */rb3/* has no matching remote resource', 'labgrid-acquire']
  ])('that cannot be acquired is an error with the client’s reason: %s', async (why, code) => {
    vi.stubEnv('FAKE_REFUSED', `labgrid-client: Error: ${why}`)
    await expect(acquirePlace('rb3')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`: ${why}.`) as string
    })
  })

  it('without a coordinator is an error that says where it was sought', async () => {
    vi.stubEnv(
      'FAKE_REFUSED',
      'ERROR              root: coordinator is unavailable: ipv4:10.0.0.1:20408: Connection refused\nServer error: Error: Could not connect to coordinator'
    )
    await expect(acquirePlace('rb3')).rejects.toMatchObject({
      code: 'labgrid-coordinator',
      message: "labgrid's coordinator cannot be reached: ipv4:10.0.0.1:20408: Connection refused."
    })
  })

  it('that is asked for and no longer wanted is given back', async () => {
    const abort = new AbortController()
    const opened = openLabgrid('rb3', { signal: abort.signal })
    abort.abort()
    await expect(opened).rejects.toMatchObject({ code: 'cancelled', exit: 130 })
    expect(existsSync(holder)).toBe(false)
    expect(calls()).toEqual(['acquire', 'release'])
  })

  it('whose login takes its time is not waited for once that is aborted', async () => {
    vi.stubEnv('FAKE_HANG', '1')
    const abort = new AbortController()
    const opened = openLabgrid('rb3', { signal: abort.signal })
    await vi.waitFor(() => expect(calls()).toContain('ssh'), 20_000)
    abort.abort()
    await expect(opened).rejects.toMatchObject({ code: 'cancelled' })
    await vi.waitFor(() => expect(existsSync(holder)).toBe(false), 20_000)
  })

  it('is reached by a process group of its own, which Ctrl-C in the terminal leaves alone', async () => {
    const connection = await openLabgrid('rb3')
    const { stdio, exited } = await connection.spawn('echo here; cat')
    await once(stdio, 'data')
    const pid = readFileSync(`${holder}.pid`, 'utf8')
    expect(execFileSync('ps', ['-o', 'pgid=', '-p', pid], { encoding: 'utf8' }).trim()).toBe(pid)
    stdio.end()
    await exited
    connection.dispose()
    await vi.waitFor(() => expect(existsSync(holder)).toBe(false), 20_000)
  })

  it('is named as a place where it was reached, for its address and host key are not known here', () => {
    expect(wayTo(labgridTarget('rb3'))).toBe('labgrid place rb3')
    expect(wayTo({ ...labgridTarget('rb3'), name: 'rb3' })).toBe('labgrid@rb3:22, host key known')
  })

  it('without the client is an error that says what to install', async () => {
    vi.stubEnv('PATH', path.join(dir, 'nothing-here'))
    await expect(openLabgrid('rb3')).rejects.toMatchObject({ code: 'labgrid-missing', exit: 2 })
  })
})
