import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CheckResult } from '../../engine/api'
import { startSshd, type Sshd } from '../unit/connect/sshd'
import { scratch, vascope } from './vascope'

const files = scratch()
let sshd: Sshd
let env: NodeJS.ProcessEnv

/** The machine of the tests itself, over SSH: a real Linux board, but with nothing of msm. The daemon has to run as root there. */
describe.skipIf(process.getuid?.() !== 0 || existsSync('/sys/module/msm'))('a board without msm', () => {
  beforeAll(async () => {
    sshd = await startSshd()
    const ssh = path.join(files.dir, '.ssh')
    mkdirSync(ssh, { mode: 0o700 })
    const lines = ['HostName 127.0.0.1', `Port ${sshd.port}`, `IdentityFile ${sshd.userKey}`]
    writeFileSync(
      path.join(ssh, 'config'),
      ['Host here', ...lines, `UserKnownHostsFile ${sshd.dir}/known_hosts`].join('\n')
    )
    const cache = process.env.XDG_CACHE_HOME ?? path.join(process.env.HOME!, '.cache')
    env = { HOME: files.dir, XDG_CACHE_HOME: cache, SSH_AUTH_SOCK: '' }
  })
  afterAll(async () => {
    await sshd.stop()
    files.remove()
  })

  it('is looked at all the same, with a remedy beside what is missing', async () => {
    const { code, stdout, stderr } = await vascope(['probe', '--board', 'here', '--json'], env)
    expect(code, stderr).toBe(1)
    const { checks } = JSON.parse(stdout) as { checks: CheckResult[] }
    const failed = checks.filter((c) => c.state === 'failed')
    expect(failed.map((c) => c.id)).toContain('driver.msm')
    expect(failed.every((c) => c.detail !== '' && c.remedy !== '')).toBe(true)
    expect(checks.filter((c) => c.group === 'Link').every((c) => c.state === 'ok')).toBe(true)
  })

  it('runs no scenario, says why, and records nothing', async () => {
    const out = files.file('none.vascope')
    const { code, stderr } = await vascope(['run', '--board', 'here', '--scenario', 'vm-bind-churn', '--out', out], env)
    expect(code, stderr).toBe(3)
    expect(stderr).toMatch(/vm-bind-churn cannot run on this board: .*msm/)
    expect(existsSync(out)).toBe(false)
  })
})
