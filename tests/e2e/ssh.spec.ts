import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from '@playwright/test'
import { type App, launch, screenFile } from './app'

/** The virtual board as any other board: its OpenSSH server, reached through the user's own ~/.ssh, by password. */
const NAME = process.env.VASCOPE_E2E_BOARD?.replace('virtual:', '') ?? 'default'
const PASSWORD = 'not a secret'
/** `openssl passwd -6 -salt vascope 'not a secret'` */
const HASH = '$6$vascope$JUougkB.sgklMYyy1SdTnOxj/yIlkSgQgsb.wOghbm6C7tb4h7PUDfSq.sauQDSlhVkJhkLEH3A.pCmqi4LtE/'
const MINUTE = 60_000

function vascope(...args: string[]): string {
  const cli = path.resolve(import.meta.dirname, '../../cli/vascope.mjs')
  return execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

const onBoard = (command: string): string => vascope('board', 'ssh', '--name', NAME, '--', command)

let home: string
let app: App
let ranBefore: boolean
let knownHosts: string
let host: string

test.beforeAll(() => {
  test.setTimeout(5 * MINUTE)
  const boards = JSON.parse(vascope('board', 'status', '--json')) as { name: string; state: string }[]
  ranBefore = boards.some(({ name, state }) => name === NAME && state === 'running')
  const { port } = JSON.parse(vascope('board', 'up', '--name', NAME, '--json')) as { port: number }
  // Reloading reads the configuration again and leaves connections alone.
  onBoard("sed -i 's/^PasswordAuthentication no/PasswordAuthentication yes/' /etc/ssh/sshd_config")
  onBoard(`sed -i 's|^lab:[^:]*|lab:${HASH}|' /etc/shadow && pkill -HUP -o -x sshd`)

  home = mkdtempSync(path.join(tmpdir(), 'vascope-home-'))
  mkdirSync(path.join(home, '.ssh'), { mode: 0o700 })
  knownHosts = path.join(home, '.ssh/known_hosts')
  host = `[127.0.0.1]:${port}`
  writeFileSync(path.join(home, '.ssh/config'), `Host desk\n  HostName 127.0.0.1\n  Port ${port}\n  User lab\n`)
})
test.afterAll(() => {
  if (ranBefore) onBoard("sed -i 's|^lab:[^:]*|lab:*|' /etc/shadow")
  else vascope('board', 'down', '--name', NAME)
  rmSync(home, { recursive: true, force: true })
})
test.beforeEach(async () => {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache')
  app = await launch({ env: { HOME: home, XDG_CACHE_HOME: cache, SSH_AUTH_SOCK: '' } })
})
test.afterEach(async () => {
  await app.close()
})

test('a new host key and a password are asked for, and nothing is trusted without a yes', async () => {
  const { page } = app
  const dialog = page.getByRole('dialog')
  const preflight = page.getByTestId('preflight')
  const checks = page.getByTestId('checks')
  await page.locator('.grid-row', { hasText: 'desk' }).click()

  await test.step('no: the connection ends, known_hosts stays as it was', async () => {
    await preflight.click()
    await expect(dialog).toContainText(`Is this ${host}?`)
    await expect(dialog).toContainText(/SHA256:\S{43}/)
    await page.screenshot({ path: screenFile('host-key-new') })
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await expect(checks).toContainText('was not accepted')
    expect(() => readFileSync(knownHosts)).toThrow('ENOENT')
  })

  await test.step('yes, a wrong password, the right one: preflight is done', async () => {
    await preflight.click()
    await dialog.getByRole('button', { name: 'Trust this key' }).click()
    await expect(dialog).toContainText('Password of lab@127.0.0.1')
    await page.screenshot({ path: screenFile('password') })
    await page.getByRole('textbox', { name: 'password' }).fill('wrong')
    await page.keyboard.press('Enter')
    await expect(dialog).toContainText('The board refused the last one.')
    await page.getByRole('textbox', { name: 'password' }).fill(PASSWORD)
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await expect(dialog).toHaveCount(0)
    await expect(checks).toHaveAttribute('aria-busy', 'false', { timeout: 2 * MINUTE })
    await expect(page.locator('[data-check]', { hasText: 'Kernel' }).first()).toContainText('arm64')
    await expect(page.locator('[data-check][data-state=failed]')).toHaveCount(0)
    expect(readFileSync(knownHosts, 'utf8')).toContain(host)
  })

  const trusted = readFileSync(knownHosts, 'utf8')
  await test.step('another key than the known one: a warning, Cancel has the focus, and no is no', async () => {
    const other = `${host} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}\n`
    writeFileSync(knownHosts, other)
    await preflight.click()
    await expect(dialog).toContainText(`The host key of ${host} has changed`)
    await expect(dialog).toContainText('Somebody may be between you and the board')
    await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused()
    await page.screenshot({ path: screenFile('host-key-changed') })
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await expect(checks).toContainText('has changed')
    expect(readFileSync(knownHosts, 'utf8')).toBe(other)
  })

  await test.step('replace it: the old key is gone, the board is let in again', async () => {
    await preflight.click()
    await dialog.getByRole('button', { name: 'Replace the known key' }).click()
    await page.getByRole('textbox', { name: 'password' }).fill(PASSWORD)
    await page.keyboard.press('Enter')
    await expect(checks).toHaveAttribute('aria-busy', 'false', { timeout: 2 * MINUTE })
    await expect(page.locator('[data-check][data-state=failed]')).toHaveCount(0)
    expect(readFileSync(knownHosts, 'utf8')).toBe(trusted)
  })
})
