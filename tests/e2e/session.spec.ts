import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, type Locator, test } from '@playwright/test'
import { answerDialogs, type App, launch, openedInBrowser, screenFile, screens } from './app'

/** Another virtual board than the usual one can be named, so that two runs do not meet on it. It must be running then. */
const BOARD = process.env.VASCOPE_E2E_BOARD ?? 'virtual'
const MINUTE = 60_000

let app: App
test.beforeEach(async () => {
  app = await launch()
})
test.afterEach(async () => {
  await app.close()
})

/** What a canvas shows, to tell whether it moved. */
function pixels(canvas: Locator): Promise<string> {
  return canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL())
}

async function count(figure: Locator): Promise<number> {
  return Number((await figure.innerText()).replace(/\D/g, ''))
}

test('from the virtual board to an exported report', async () => {
  const { page } = app

  const board = page.locator(`[data-board="${BOARD}"]`)
  await expect(board).toBeVisible()
  const ranBefore = (await board.innerText()).includes('running')

  await test.step('choose the board and look at it', async () => {
    await board.click()
    await expect(page.getByRole('region', { name: 'Boards' })).toContainText('nothing is rendered')
    await screens(page, 'boards')
    await page.getByTestId('preflight').click()
    const checks = page.locator('[data-check]')
    await expect(page.getByTestId('checks')).toHaveAttribute('aria-busy', 'false', { timeout: 5 * MINUTE })
    await expect(checks.filter({ hasText: 'Kernel' }).first()).toContainText('arm64')
    expect(await checks.count()).toBeGreaterThan(6)
    await expect(page.locator('[data-check][data-state=failed]')).toHaveCount(0)
    await screens(page, 'preflight')
  })

  await test.step('start, and see mappings come and charts move', async () => {
    await page.getByTestId('start').click()
    await expect(page.getByTestId('stop')).toBeVisible({ timeout: 3 * MINUTE })
    await expect.poll(() => count(page.getByTestId('mapping-total')), { timeout: MINUTE }).toBeGreaterThan(20)
    const vm = page.locator('.head', { hasText: 'VM_BIND' }).first()
    await expect(vm).toContainText('hard')
    for (const name of ['MAP and UNMAP per second', /^VM \d+, mappings/]) {
      const canvas = page.getByRole('img', { name }).first()
      const before = await pixels(canvas)
      await expect.poll(() => pixels(canvas), { message: `${name} moves` }).not.toBe(before)
    }
    await expect(page.getByTestId('latency')).toContainText('ms')
    // Long enough for a window that is full of it.
    await expect
      .poll(() => page.getByTestId('cursor-time').innerText(), { timeout: MINUTE })
      .toMatch(/^(0:[1-5]\d|[1-9]\d*:)/)
  })

  await test.step('select in the table, see it in the inspector', async () => {
    await page.getByRole('grid', { name: 'Live mappings' }).getByRole('row').first().click()
    await expect(page.getByTestId('inspector-title')).toContainText('BO')
    await expect(page.getByRole('complementary', { name: 'Inspector' })).toContainText('pages')
    await screens(page, 'live')
  })

  await test.step('scan out', async () => {
    const scenario = page.getByTestId('scenario')
    await expect(scenario).toContainText('scanout-flip', { timeout: 3 * MINUTE })
    await expect.poll(() => count(page.getByTestId('flips')), { timeout: MINUTE }).toBeGreaterThan(0)
    await screens(page, 'scanout')
    await expect(scenario).toHaveText(/scanout-flip\s+done/, { timeout: 3 * MINUTE })
  })

  const sessions = path.join(app.folder, 'vascope/sessions')
  await test.step('stop: the file is complete', async () => {
    await page.getByTestId('stop').click()
    await expect(page.getByTestId('save')).toBeVisible({ timeout: MINUTE })
    await expect(page.getByRole('alert')).toHaveCount(0)
    const files = readdirSync(sessions).filter((file) => file.endsWith('.vascope'))
    expect(files).toHaveLength(1)
    await page.keyboard.press('Escape')
    await page.keyboard.press('f')
    await screens(page, 'ended')
  })

  const copy = path.join(app.folder, 'copy.vascope')
  await test.step('save a copy and close', async () => {
    await answerDialogs(app, { save: copy })
    await page.getByTestId('save').click()
    await expect.poll(() => existsSync(copy)).toBe(true)
    await page.getByTestId('close').click()
    await expect(page.getByRole('region', { name: 'Recent sessions' }).locator('.list .grid-row')).toHaveCount(1)
  })

  await test.step('reopen the copy: the same session is there', async () => {
    await answerDialogs(app, { open: copy })
    await page.getByRole('button', { name: /Open file/ }).click()
    await expect(page.getByTestId('report')).toBeVisible()
    await expect(page.locator('.head', { hasText: 'VM_BIND' }).first()).toBeVisible()
    const lane = page.getByRole('img', { name: /^VM \d+, mappings/ }).first()
    await lane.click({ position: { x: 200, y: 12 } })
    await expect(page.getByTestId('cursor-time')).not.toHaveText('0:00.000')
    await screens(page, 'reopened')
  })

  await test.step('export the report', async () => {
    const report = path.join(app.folder, 'report.html')
    await answerDialogs(app, { save: report })
    await page.getByTestId('report').click()
    await expect.poll(() => openedInBrowser(app)).toEqual([report])
    expect(statSync(report).size).toBeGreaterThan(10_000)
    const html = readFileSync(report, 'utf8')
    expect(html).toContain('scanout-flip')
    expect(html).not.toMatch(/(?:src|href)="https?:/)
  })

  await test.step('shut the board down, unless it ran before', async () => {
    await page.getByTestId('close').click()
    if (ranBefore) return
    await board.getByRole('button', { name: 'Shut down' }).click()
    await expect(board).toContainText('stopped', { timeout: MINUTE })
  })

  if (process.env.VASCOPE_UPDATE_SCREENSHOTS) {
    mkdirSync('docs/images', { recursive: true })
    copyFileSync(screenFile('live-dark'), 'docs/images/live.png')
  }
})
