import path from 'node:path'
import { app, BrowserWindow, nativeTheme, session } from 'electron'
import { ORIGIN } from './protocol'

/** In development the renderer comes from Vite's server, so that changes show at once; never in a packaged app. */
export const pageUrl = (!app.isPackaged && process.env.ELECTRON_RENDERER_URL) || `${ORIGIN}/index.html`

/** The page may copy what the user presses, and has no other permission: it draws, and talks over its ports. */
const allowed = (permission: string): boolean => permission === 'clipboard-sanitized-write'

export function denyPermissions(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) => answer(allowed(permission)))
  session.defaultSession.setPermissionCheckHandler((_contents, permission) => allowed(permission))
}

export function createWindow(): BrowserWindow {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 1080,
    minHeight: 600,
    show: false,
    title: 'Vascope',
    autoHideMenuBar: true,
    // The frame's colour before the first paint; the same values as --bg-1 of tokens.css.
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#141718' : '#f8f9f8',
    webPreferences: {
      preload: path.join(import.meta.dirname, '../preload/index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      spellcheck: false
    }
  })
  window.once('ready-to-show', () => window.show())
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  window.webContents.on('will-attach-webview', (event) => event.preventDefault())
  void window.loadURL(pageUrl)
  return window
}
