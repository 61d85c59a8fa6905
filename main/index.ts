import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { app, type BrowserWindow, ipcMain, Menu } from 'electron'
import { resource } from '../engine/paths'
import { launchRequest, printsPdf } from './arguments'
import { createEngineProcess } from './engine-process'
import { answerDesktop } from './ipc/desktop'
import { ownFrame } from './ipc/sender'
import { CHANNEL } from './preload/bridge'
import { registerScheme, serveRenderer } from './protocol'
import { createWindow, denyPermissions } from './window'

// Its own command line asks the packed app to print, having no other Electron. No window opens then. Electron is not ready before that is loaded.
if (app.isPackaged && printsPdf(process.argv))
  await import(/* @vite-ignore */ pathToFileURL(resource('scripts/print-pdf.mjs')).href)
else start()

function start(): void {
  let window: BrowserWindow | null = null
  let finished = false

  const launch = launchRequest(process.argv.slice(1), process.cwd())
  // What is asked to be opened goes to the window that is there; without such a wish there may be several.
  const first = app.requestSingleInstanceLock()
  const handedOver = !first && launch.open !== null
  if (handedOver) app.quit()
  app.on('second-instance', (_event, argv, cwd) => {
    const request = launchRequest(argv.slice(1), cwd)
    if (!window || request.open === null) return
    if (window.isMinimized()) window.restore()
    window.focus()
    window.webContents.send(CHANNEL.openRequest, request)
  })

  registerScheme()
  const engine = createEngineProcess((code) => window?.webContents.send(CHANNEL.engineGone, code))

  function openWindow(): void {
    window = createWindow()
    window.on('closed', () => {
      window = null
    })
  }

  // Never `await app.whenReady()` at the top level of an ES module: Electron holds `ready` back until the module is evaluated.
  void app.whenReady().then(() => {
    if (handedOver) return
    // The window has its own keys; the default menu would take some of them.
    Menu.setApplicationMenu(null)
    serveRenderer(path.join(import.meta.dirname, '../renderer'))
    denyPermissions()
    answerDesktop(() => window, launch)
    ipcMain.on(CHANNEL.connectEngine, (event) => engine.connect(ownFrame(event)))
    openWindow()
  })

  app.on('window-all-closed', () => app.quit())
  app.on('will-quit', (event) => {
    if (finished) return
    // A running session is ended in order before the process goes.
    event.preventDefault()
    void engine.quit().finally(() => {
      finished = true
      app.quit()
    })
  })
}
