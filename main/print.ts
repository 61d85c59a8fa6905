import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { BrowserWindow } from 'electron'
import { dated } from '../engine/report/pdf'

/**
 * Prints a page to a PDF file, A4 with its own margins and colours. `started` is set as the PDF's date, so that the same session gives the same
 * file whenever it is printed. The page is shown nowhere and runs no code: its window has no preload,
 * no scripts, no permission and no way to another page.
 */
export async function printPage(html: string, file: string, started: Date): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vascope-print-'))
  const window = new BrowserWindow({
    show: false,
    webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, javascript: false }
  })
  try {
    const source = path.join(folder, 'report.html')
    await writeFile(source, html)
    await window.loadFile(source)
    window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
    const pdf = await window.webContents.printToPDF({ pageSize: 'A4', printBackground: true, preferCSSPageSize: true })
    await writeFile(file, dated(pdf, started))
  } finally {
    window.destroy()
    await rm(folder, { recursive: true, force: true })
  }
}
