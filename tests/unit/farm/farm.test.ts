import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { until, type Watcher } from '../../../engine/ci/board-run'
import { runFarm, type FarmJob } from '../../../engine/ci/farm'
import { prepareBoard } from '../../../engine/ci/plan'
import { seconds } from '../../../cli/options'

/** The board of a labgrid place is this machine, but for its boot id, which is in a file. */
const dir = mkdtempSync(path.join(tmpdir(), 'vascope-farm-'))
const [holder, boot] = [path.join(dir, 'holder'), path.join(dir, 'boot')]
const place = { board: 'labgrid:rb3', kernel: 'new' }
const signal = new AbortController().signal
symlinkSync(path.join(import.meta.dirname, 'labgrid-client.mjs'), path.join(dir, 'labgrid-client'))
writeFileSync(
  path.join(dir, 'cat'),
  `#!/bin/sh\ncase "$1" in /proc/sys/kernel/random/boot_id) exec /bin/cat ${boot};; *) exec /bin/cat "$@";; esac\n`
)
chmodSync(path.join(dir, 'cat'), 0o755)

beforeEach(() => {
  vi.stubEnv('PATH', `${dir}:${process.env.PATH}`)
  vi.stubEnv('FAKE_HOLDER', holder)
  writeFileSync(boot, 'one')
})
afterEach(() => vi.unstubAllEnvs())
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('a board that is prepared for a kernel', () => {
  it('is waited for until it has booted it', async () => {
    const reboot = `rm ${boot}; (sleep 1; echo two >${boot}) >/dev/null 2>&1 &`
    await prepareBoard(reboot, place, signal, 60_000)
    expect(readFileSync(boot, 'utf8').trim()).toBe('two')
  })

  it('and does not come back in time is an error of the board', async () => {
    await expect(prepareBoard(`rm ${boot}`, place, signal, 500)).rejects.toMatchObject({
      code: 'prepare-lost',
      exit: 3
    })
  })

  it('is not waited for where it is off: to reach it starts it', async () => {
    await prepareBoard(`rm ${boot}`, place, signal, null)
    expect(existsSync(boot)).toBe(false)
  })
})

describe('a farm', () => {
  it('gives its places back though the results cannot be written', async () => {
    const folder = path.join(dir, 'results')
    const job: FarmJob = {
      ...{ name: 'churn', board: 'labgrid:rb3', runs: [], file: path.join(folder, 's.vascope'), kernel: '', repeat: 1 },
      before() {
        expect(existsSync(holder)).toBe(true)
        rmSync(folder, { recursive: true })
        return Promise.reject(new Error('no such luck'))
      }
    }
    const watcher = { say: () => undefined } as unknown as Watcher
    const run = runFarm([{ name: 'rb3', jobs: [job] }], {
      ...{ title: 't', folder, failOn: 'violation', signal, watcher: () => watcher }
    })
    await expect(run).rejects.toMatchObject({ code: 'results-write', exit: 2 })
    expect(existsSync(holder)).toBe(false)
  })
})

describe('waiting', () => {
  afterEach(() => vi.useRealTimers())

  it('leaves nothing behind when what it waits for comes before its time', async () => {
    vi.useFakeTimers()
    const abort = new AbortController()
    await until(Promise.resolve(), 3_600_000, abort.signal)
    expect(vi.getTimerCount()).toBe(0)
    const aborted = until(new Promise(() => undefined), 3_600_000, abort.signal)
    expect(vi.getTimerCount()).toBe(1)
    abort.abort()
    await aborted
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is never for longer than a timer can wait', () => {
    expect(seconds('2147483')).toBe(2_147_483)
    for (const text of ['2147484', '1e12', 'Infinity', '0', '-1', 'soon', ''])
      expect(() => seconds(text)).toThrow(/number of seconds/)
  })
})
