import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from '@playwright/test'
import { LIVE_BOARD, type LiveBoard, liveBoard } from '../../bench/live-board'
import { SessionReader } from '../../engine/store/reader'
import { type App, launch } from './app'

/** Events a second that a window must bear; `npm run bench:ui` measures what this only sees to arrive. */
const RATE = 200_000
const MINUTE = 60_000

let home: string
let board: LiveBoard
let app: App
test.beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'vascope-stream-'))
  board = await liveBoard({ events: 3 * RATE, rate: RATE, dir: home })
  app = await launch({ env: board.env })
})
test.afterAll(async () => {
  await app.close()
  await board.stop()
  rmSync(home, { recursive: true, force: true })
})

test('a board at full speed: the window stays in use, and not one event is lost', async () => {
  const { page } = app
  await page.locator('.grid-row', { hasText: LIVE_BOARD }).click()
  await page.getByTestId('start').click()
  await expect(page.getByTestId('stop')).toBeVisible({ timeout: MINUTE })

  // held while it streams: the window stays, and its readings are of its end
  const time = page.getByTestId('cursor-time')
  await expect(page.locator('.ruler')).toContainText('newest') // the keys are the timeline’s
  for (let n = 0; n < 14; n++) await page.keyboard.press('w')
  await expect.poll(() => time.innerText(), { timeout: MINUTE }).toMatch(/^0:0[1-9]/)
  await page.keyboard.press(' ')
  await expect(page.locator('.ruler')).toContainText('held')
  const held = await time.innerText()
  await board.sent
  expect(await time.innerText()).toBe(held)
  await page.keyboard.press(' ')
  await expect(page.locator('.ruler')).toContainText('newest')

  await page.locator('[aria-controls=connection]').click()
  const panel = page.locator('#connection')
  await expect(panel).toContainText('lost 0 of')
  await expect(page.getByTestId('pixel-p95')).toContainText('ms')
  await page.keyboard.press('Escape')
  await page.getByTestId('stop').click()
  await expect(page.getByTestId('close')).toBeVisible({ timeout: 2 * MINUTE })
  await expect(page.getByRole('alert')).toHaveCount(0)

  const sessions = path.join(app.folder, 'vascope/sessions')
  const file = readdirSync(sessions).find((name) => name.endsWith('.vascope'))
  const reader = new SessionReader(path.join(sessions, file ?? ''))
  expect(reader.index().events).toBe(board.events)
  reader.close()
})
