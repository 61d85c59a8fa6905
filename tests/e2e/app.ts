import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ElectronApplication, _electron as electron, type Page } from '@playwright/test'

const ROOT = path.resolve(import.meta.dirname, '../..')
const SCREENS = path.join(ROOT, 'test-results/screens')

export interface App {
  electron: ElectronApplication
  page: Page
  /** A folder of its own for sessions and files, removed at the end. */
  folder: string
  close(): Promise<void>
}

/** Starts the built app with its own data, at the size the screens are designed for. */
export async function launch({ args = [], env = {} }: { args?: string[]; env?: NodeJS.ProcessEnv } = {}): Promise<App> {
  const executablePath = process.env.ELECTRON_EXEC_PATH
  if (!executablePath)
    throw new Error('no Electron: run `npm test -- e2e`, or this through scripts/electron-runtime.mjs')
  const folder = mkdtempSync(path.join(tmpdir(), 'vascope-e2e-'))
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const start = (): Promise<ElectronApplication> =>
    electron.launch({
      executablePath,
      args: [...sandbox, `--user-data-dir=${path.join(folder, 'profile')}`, ROOT, ...args],
      env: {
        ...(process.env as Record<string, string>),
        XDG_DATA_HOME: folder,
        ...(env as Record<string, string>)
      }
    })
  let app = await start()
  let page = await firstPage(app)
  if (!page) {
    // Electron's debugger, over which Playwright speaks, at times never answers the first question; the second process does.
    app.process().kill('SIGKILL')
    app = await start()
    page = await firstPage(app)
  }
  if (!page) throw new Error('the window did not come, twice')
  return {
    electron: app,
    page,
    folder,
    async close() {
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** The window at its size; null where it does not come or does not answer. */
async function firstPage(app: ElectronApplication): Promise<Page | null> {
  const asked = (async () => {
    const page = await app.firstWindow()
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1440, 900))
    return page
  })()
  return Promise.race([asked.catch(() => null), new Promise<null>((done) => setTimeout(done, 40_000, null))])
}

/** Answers the next file dialogs, and keeps the desktop's browser out of it. */
export async function answerDialogs({ electron: app }: App, answers: { open?: string; save?: string }): Promise<void> {
  await app.evaluate(({ dialog, shell }, { open, save }) => {
    dialog.showOpenDialog = async () => ({ canceled: !open, filePaths: open ? [open] : [] })
    dialog.showSaveDialog = async () => ({ canceled: !save, filePath: save ?? '' })
    const opened: string[] = []
    Object.assign(globalThis, { opened })
    shell.openPath = async (file) => {
      opened.push(file)
      return ''
    }
  }, answers)
}

export async function openedInBrowser({ electron: app }: App): Promise<string[]> {
  return await app.evaluate(() => (globalThis as unknown as { opened: string[] }).opened)
}

/** Takes the screen in both themes, dark last, into test-results/screens. */
export async function screens(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true })
  // A focus ring is for those who use the keys, not for a picture.
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  for (const theme of ['light', 'dark']) {
    await page.keyboard.press('t')
    await page.locator(`html[data-theme=${theme}]`).waitFor()
    // Two frames: one for the page, one for the canvases.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    await page.screenshot({ path: path.join(SCREENS, `${name}-${theme}.png`) })
  }
}

export function screenFile(name: string): string {
  return path.join(SCREENS, `${name}.png`)
}
