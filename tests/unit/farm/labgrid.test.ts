import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openLabgrid } from '../../../engine/connect/labgrid/connection'
import { acquirePlace, releasePlace } from '../../../engine/connect/labgrid/place'
import { hold } from '../../../engine/connect/reach'

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

  it('without the client is an error that says what to install', async () => {
    vi.stubEnv('PATH', path.join(dir, 'nothing-here'))
    await expect(openLabgrid('rb3')).rejects.toMatchObject({ code: 'labgrid-missing', exit: 2 })
  })
})
