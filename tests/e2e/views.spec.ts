import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from '@playwright/test'
import { answerDialogs, type App, launch, screenFile, screens } from './app'

/** Every view on recorded sessions: no board is needed. What is seen here is what docs/guide shows. */
const FIXTURES = path.resolve(import.meta.dirname, '../fixtures')
const SESSIONS = ['compare/mainline', 'compare/weakref', 'sessions/killed-vm-bind']

test.describe.configure({ timeout: 180_000 })

let app: App
let home: string
test.beforeAll(async () => {
  // A home of its own, so that the boards of this machine are not what the guide shows.
  home = mkdtempSync(path.join(tmpdir(), 'vascope-home-'))
  mkdirSync(path.join(home, '.ssh'), { mode: 0o700 })
  const hosts = [
    'Host rb3gen2',
    '  HostName 10.0.0.7',
    '  User root',
    '  ProxyJump labgate',
    'Host labgate',
    '  User lab'
  ]
  writeFileSync(path.join(home, '.ssh/config'), `${hosts.join('\n')}\n`)
  app = await launch({
    args: ['--open', path.join(FIXTURES, 'compare/weakref.vascope')],
    env: {
      HOME: home,
      XDG_CACHE_HOME: path.join(home, '.cache'),
      XDG_CONFIG_HOME: path.join(home, '.config'),
      SSH_AUTH_SOCK: ''
    }
  })
  const folder = path.join(app.folder, 'vascope/sessions')
  mkdirSync(folder, { recursive: true })
  for (const name of SESSIONS)
    copyFileSync(path.join(FIXTURES, `${name}.vascope`), path.join(folder, `${path.basename(name)}.vascope`))
})
test.afterAll(async () => {
  await app.close()
  rmSync(home, { recursive: true, force: true })
})

test('every view shows a recorded session', async () => {
  const { page } = app
  await expect(page.getByTestId('close')).toBeVisible({ timeout: 60_000 })
  const view = (name: string): Promise<void> =>
    page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name }).click()

  await test.step('timeline, and replay', async () => {
    await page.getByRole('slider', { name: 'Time' }).fill('2')
    await expect(page.getByTestId('cursor-time')).toContainText('0:02.000')
    await screens(page, 'timeline')
    await page.getByRole('combobox', { name: 'Speed' }).selectOption('10')
    await page.getByTestId('play').click()
    await expect(page.getByTestId('replay-time')).not.toHaveText('0:02.000')
    await page.keyboard.press('p')
    await expect(page.getByTestId('play')).toHaveAccessibleName('Play')
    await page.getByRole('slider', { name: 'Time' }).fill('2')
  })

  await test.step('address space', async () => {
    await view('Address space')
    await screens(page, 'addresses')
  })

  await test.step('objects: who keeps a buffer alive', async () => {
    await view('Objects')
    await page.locator('[data-object="bo 9"]').click()
    await expect(page.getByRole('region', { name: 'Graph' })).toContainText('Around BO 9')
    await expect(page.getByRole('region', { name: 'Graph' }).locator('.node')).not.toHaveCount(0)
    await expect(page.getByRole('complementary', { name: 'Inspector' })).toContainText('Why is this alive?')
    await screens(page, 'objects')
  })

  await test.step('report: choose sections, print', async () => {
    await view('Report')
    const preview = page.frameLocator('iframe[title=Report]')
    await expect(preview.getByRole('heading', { name: 'Findings' })).toBeVisible({ timeout: 60_000 })
    await page.locator('[data-section=findings] input').click()
    await expect(preview.getByRole('heading', { name: 'Findings' })).toHaveCount(0)
    await screens(page, 'report')
    const pdf = path.join(app.folder, 'report.pdf')
    await answerDialogs(app, { save: pdf })
    await page.locator('[data-format=pdf]').click()
    await expect(page.getByTestId('written')).toContainText('report.pdf', { timeout: 60_000 })
    expect(readFileSync(pdf, 'latin1').slice(0, 5)).toBe('%PDF-')
    expect(statSync(pdf).size).toBeGreaterThan(10_000)
    // when the session was recorded, not when it was printed
    expect(readFileSync(pdf, 'latin1')).toMatch(/\/CreationDate \(D:20261122\d{6}/)
  })

  await test.step('scenarios: form, limits, queue', async () => {
    await view('Scenarios')
    await page.locator('[data-scenario=vm-bind-churn]').click()
    await page.getByRole('spinbutton', { name: 'ops', exact: true }).fill('0')
    await expect(page.getByRole('region', { name: 'Scenario', exact: true })).toContainText('ops: at least 1')
    await page.getByRole('spinbutton', { name: 'ops', exact: true }).fill('5000')
    await page.getByTestId('plan').click()
    await expect(page.locator('[data-planned]')).toHaveCount(1)
    await screens(page, 'scenarios')
    await page.getByRole('button', { name: 'Take out vm-bind-churn' }).click()
  })

  await test.step('sessions: tag and note stay in the file, two become a comparison', async () => {
    await view('Sessions')
    await page.locator('[data-file$="mainline.vascope"]').click()
    await page.getByRole('combobox', { name: 'New tag' }).fill('before')
    await page.keyboard.press('Enter')
    await expect(page.locator('[data-file$="mainline.vascope"] .chip')).toHaveText('before')
    await page.getByTestId('compare-a').click()
    await page.locator('[data-file$="weakref.vascope"]').click()
    await screens(page, 'sessions')
    await page.getByTestId('compare-b').click()
    await expect(page.getByRole('region', { name: 'Differences' }).locator('[data-measure]')).not.toHaveCount(0, {
      timeout: 60_000
    })
    await expect(page.getByRole('region', { name: 'Policy by VM' })).toContainText('mdp_kms')
    await expect(page.getByRole('region', { name: 'Lifetimes' })).toContainText('p50')
    await page.getByRole('button', { name: '2 scanout-flip, BO 1' }).first().click()
    await expect(page.getByRole('region', { name: 'Selected object' })).toContainText('vma_put')
    await expect(page.getByRole('button', { name: '2 scanout-flip', exact: true })).toHaveAttribute(
      'aria-pressed',
      'true'
    )
    await screens(page, 'compare')
  })

  await test.step('findings: this one is known', async () => {
    await view('Sessions')
    await page.locator('[data-file$="killed-vm-bind.vascope"]').dblclick()
    await expect(page.getByTestId('close')).toBeVisible({ timeout: 60_000 })
    await view('Findings')
    await page.getByTestId('known').click({ timeout: 60_000 })
    await page.getByRole('textbox', { name: 'Why this is known' }).fill('the process was killed')
    await page.getByTestId('keep-known').click()
    await expect(page.getByRole('region', { name: 'Known' })).toContainText('the process was killed')
    await screens(page, 'findings')
  })

  await test.step('delete asks first', async () => {
    await view('Sessions')
    const file = page.locator('[data-file$="mainline.vascope"]')
    await file.click()
    await page.getByTestId('delete-session').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
    await expect(file).toHaveCount(1)
    await page.getByTestId('delete-session').click()
    await page.getByTestId('delete-yes').click()
    await expect(file).toHaveCount(0)
    expect(existsSync(path.join(app.folder, 'vascope/sessions/mainline.vascope'))).toBe(false)
  })

  await test.step('boards', async () => {
    await page.getByTestId('close').click()
    await expect(page.getByRole('region', { name: 'Boards' })).toContainText('by way of labgate')
    await expect(page.getByRole('region', { name: 'Recent sessions' }).locator('.list .grid-row')).toHaveCount(2)
    await page.getByTestId('add-board').click()
    await page.getByLabel('Name').fill('x1e-crd')
    await page.getByLabel('Host').fill('10.0.0.9')
    await page.getByLabel('User').fill('root')
    await expect(page.getByTestId('board-block')).toContainText('Host x1e-crd\n  HostName 10.0.0.9\n  User root')
    await page.getByTestId('save-board').click()
    await expect(page.locator('[data-board=x1e-crd]')).toContainText('root@10.0.0.9')
    await screens(page, 'boards-recorded')
  })

  if (process.env.VASCOPE_UPDATE_SCREENSHOTS) {
    mkdirSync('docs/images', { recursive: true })
    copyFileSync(screenFile('boards-recorded-dark'), 'docs/images/boards.png')
    const names = ['timeline', 'addresses', 'objects', 'findings', 'scenarios', 'compare', 'report', 'sessions']
    for (const name of names) copyFileSync(screenFile(`${name}-dark`), `docs/images/${name}.png`)
  }
})
