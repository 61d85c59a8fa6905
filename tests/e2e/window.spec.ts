import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@playwright/test'
import { answerDialogs, type App, launch } from './app'

test.describe.configure({ timeout: 90_000 })

let app: App
test.beforeEach(async () => {
  app = await launch()
})
test.afterEach(async () => {
  await app.close()
})

test('the page has no way out of its sandbox', async () => {
  const { page } = app
  await expect(page.getByTestId('start')).toBeVisible()
  expect(page.url()).toBe('app://vascope/index.html')
  const found = await page.evaluate(async () => ({
    node: ['require', 'process', 'module', 'Buffer'].filter((name) => name in globalThis),
    bridge: Object.keys(window.vascope).sort(),
    popup: window.open('https://example.org/'),
    outside: await fetch('https://example.org/').then(
      () => 'reached',
      () => 'refused'
    ),
    camera: await navigator.mediaDevices?.getUserMedia({ video: true }).then(
      () => 'granted',
      () => 'refused'
    ),
    isolated: window.crossOriginIsolated
  }))
  expect(found).toMatchObject({ node: [], popup: null, outside: 'refused', camera: 'refused', isolated: true })
  expect(found.bridge).not.toContain('send')
  expect(found.bridge).not.toContain('invoke')
  // The page's policy refuses code that is not a file of ours.
  const ran = await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'document.title = "injected"'
    document.head.append(script)
    return document.title
  })
  expect(ran).toBe('Vascope')
  await page.evaluate(() => window.location.assign('https://example.org/'))
  expect(page.url()).toBe('app://vascope/index.html')
})

test('only reports that the user chose are opened outside', async () => {
  await expect(app.page.evaluate(() => window.vascope.openReport('/etc/passwd'))).rejects.toThrow(
    'no report of this window'
  )
  await expect(app.page.evaluate(() => window.vascope.pickSave('report', '../../etc/cron.d/x'))).rejects.toThrow()
})

test('the built page has its colours as drawing code reads them', async () => {
  const { page } = app
  await expect(page.getByTestId('start')).toBeVisible()
  for (const _theme of ['light', 'dark']) {
    await page.keyboard.press('t')
    const colors = await page.evaluate(() =>
      ['bg-0', 'select', 'ink-1', 'hard', 'hard-fill', 'weak-fill', 'handle-fill', 'none-fill', 'ink-data-soft'].map(
        (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
      )
    )
    for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/)
  }
})

test('About says which runtime this is', async () => {
  const { page } = app
  await page.getByRole('button', { name: 'About Vascope' }).click()
  const about = page.getByTestId('about')
  await expect(about).toContainText(/\d+\.\d+\.\d+/)
  await expect(about).toContainText(process.env.VASCOPE_ELECTRON_SOURCE ?? 'electron package')
  await page.keyboard.press('Escape')
  await expect(about).toHaveCount(0)
})

test('a file that is no session gives one clear message', async () => {
  const { page, folder } = app
  const file = path.join(folder, 'broken.vascope')
  writeFileSync(file, 'not a session')
  await answerDialogs(app, { open: file })
  await expect(page.getByTestId('start')).toBeVisible()
  await page.keyboard.press('Control+o')
  const notice = page.getByTestId('notice')
  await expect(notice).toContainText('broken.vascope')
  await notice.getByRole('button', { name: 'Dismiss' }).click()
  await expect(notice).toHaveCount(0)
  await expect(page.getByTestId('start')).toBeEnabled()
})
