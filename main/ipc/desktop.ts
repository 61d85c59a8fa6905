import path from 'node:path'
import { app, BrowserWindow, dialog, nativeTheme, shell } from 'electron'
import * as v from 'valibot'
import { dataDir } from '../../engine/paths'
import { type AppInfo, CHANNEL, type LaunchRequest, type SaveKind } from '../preload/bridge'
import { printPage } from '../print'
import { handle } from './sender'

const FILTERS = {
  session: { name: 'Vascope sessions', extensions: ['vascope'] },
  report: { name: 'HTML report', extensions: ['html'] },
  pdf: { name: 'PDF report', extensions: ['pdf'] },
  markdown: { name: 'Markdown report', extensions: ['md'] },
  json: { name: 'Report as data', extensions: ['json'] }
}

const SAVE_KINDS = ['session', 'report', 'pdf', 'markdown', 'json'] as const satisfies SaveKind[]

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))
const fileName = v.pipe(
  text,
  v.maxLength(200),
  v.check((name) => path.basename(name) === name, 'a file name without folder')
)
/** A report of a very long session is some megabytes. */
const page = v.pipe(v.string(), v.maxLength(256 << 20))
const shownFile = v.pipe(
  text,
  v.check((file) => /\.(vascope|html|pdf|md|json)$/.test(file), 'a session or a report')
)

/** Answers everything of the bridge that needs the desktop: dialogs, the browser, the file manager, versions, theme. */
export function answerDesktop(window: () => BrowserWindow | null, launch: LaunchRequest): void {
  // Only reports that the user chose a place for are opened, so that the page cannot have any file opened.
  const reports = new Set<string>()

  handle(CHANNEL.info, [], info)
  handle(CHANNEL.launchRequest, [], () => launch)
  handle(CHANNEL.setTheme, [v.picklist(['dark', 'light'])], (theme) => {
    nativeTheme.themeSource = theme
  })

  handle(CHANNEL.pickSession, [], async () => {
    const options = { properties: ['openFile' as const], filters: [FILTERS.session], defaultPath: dataDir('sessions') }
    const parent = window()
    const { filePaths } = await (parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options))
    return filePaths[0] ?? null
  })

  handle(CHANNEL.pickSave, [v.picklist(SAVE_KINDS), fileName], async (kind, name) => {
    const options = { filters: [FILTERS[kind]], defaultPath: path.join(app.getPath('documents'), name) }
    const parent = window()
    const { filePath } = await (parent ? dialog.showSaveDialog(parent, options) : dialog.showSaveDialog(options))
    if (filePath && kind !== 'session') reports.add(filePath)
    return filePath || null
  })

  handle(CHANNEL.openReport, [text], async (file) => {
    if (!reports.has(file)) throw new Error(`${file} is no report of this window`)
    const failure = await shell.openPath(file)
    if (failure) throw new Error(`${file} could not be opened: ${failure}`)
  })
  handle(CHANNEL.printReport, [text, page, v.pipe(v.string(), v.isoTimestamp())], async (file, html, started) => {
    if (!reports.has(file)) throw new Error(`${file} is no report of this window`)
    await printPage(html, file, new Date(started))
  })
  handle(CHANNEL.showInFolder, [shownFile], (file) => shell.showItemInFolder(file))
}

function info(): AppInfo {
  return {
    version: app.getVersion(),
    electron: process.versions.electron,
    chrome: process.versions.chrome,
    node: process.versions.node,
    runtime: app.isPackaged ? 'packaged' : (process.env.VASCOPE_ELECTRON_SOURCE ?? 'electron package'),
    platform: `${process.platform} ${process.arch}`
  }
}
