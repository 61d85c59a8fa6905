import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@playwright/test'
import { answerDialogs, type App, launch } from './app'

test.describe.configure({ timeout: 90_000 })

let app: App
// One start for all of them: each leaves the window as it found it.
test.beforeAll(async () => {
  app = await launch()
})
test.afterAll(async () => {
  await app.close()
})

test('every window has the protections of Electron’s security checklist', async () => {
  const preferences = await app.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map(
      // not in the types: what the window was really made with
      (window) =>
        (window.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }).getLastWebPreferences()
    )
  )
  expect(preferences).toHaveLength(1)
  expect(preferences[0]).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false })
  for (const off of ['nodeIntegrationInWorker', 'nodeIntegrationInSubFrames', 'webviewTag', 'experimentalFeatures'])
    expect(preferences[0]?.[off] ?? false, off).toBe(false)
  for (const on of ['webSecurity']) expect(preferences[0]?.[on] ?? true, on).toBe(true)
  expect(preferences[0]?.allowRunningInsecureContent ?? false).toBe(false)

  const policy = await app.page.evaluate(async () =>
    (await fetch(location.href)).headers.get('content-security-policy')
  )
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self';")
  expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline|https?:|\*/)

  const granted = await app.page.evaluate(async () => {
    const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'persistent-storage']
    const states = await Promise.all(
      names.map((name) =>
        navigator.permissions.query({ name: name as PermissionName }).then(
          ({ state }) => state,
          () => 'unknown here'
        )
      )
    )
    return names.filter((_name, i) => states[i] === 'granted')
  })
  expect(granted).toEqual([])
})

test('a page that is not ours gets no answer, though it has the same preload script', async () => {
  const answer = await app.electron.evaluate(async ({ app: main, BrowserWindow }) => {
    const preload = `${main.getAppPath()}/out/preload/index.cjs`
    const other = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } })
    try {
      await other.loadURL('data:text/html,another page')
      const ask = 'window.vascope.info().then(() => "answered", (error) => error.message)'
      return String(await other.webContents.executeJavaScript(ask))
    } finally {
      other.destroy()
    }
  })
  expect(answer).toContain('message refused')
})

test('only reports that the user chose are opened outside', async () => {
  await expect(app.page.evaluate(() => window.vascope.openReport('/etc/passwd'))).rejects.toThrow(
    'no report of this window'
  )
  await expect(
    app.page.evaluate(() => window.vascope.printReport('/tmp/x.pdf', '<p>', '2026-11-22T10:00:00.000Z'))
  ).rejects.toThrow('no report of this window')
  await expect(app.page.evaluate(() => window.vascope.showInFolder('/etc/passwd'))).rejects.toThrow()
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

// The last one: Playwright waits for a navigation that the window refuses, in all that comes after it.
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
