// Run by Electron, not by Node: prints one HTML file as PDF and ends.
//
//   electron print-pdf.mjs IN.html OUT.pdf
//
// It opens no window and needs no display. What it loads may not reach for anything else.
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { app, BrowserWindow, session } from 'electron'

const [input, output] = process.argv.slice(-2)

app.disableHardwareAcceleration()

void app.whenReady().then(async () => {
  try {
    session.defaultSession.webRequest.onBeforeRequest((details, done) =>
      done({ cancel: !details.url.startsWith('file:') })
    )
    const window = new BrowserWindow({
      show: false,
      frame: false,
      webPreferences: { javascript: false, sandbox: true, offscreen: true }
    })
    await window.loadURL(pathToFileURL(input).href)
    const page = '<span class="pageNumber"></span> / <span class="totalPages"></span>'
    const pdf = await window.webContents.printToPDF({
      printBackground: true,
      preferCSSPageSize: true,
      generateTaggedPDF: false,
      displayHeaderFooter: true,
      headerTemplate: '<span></span>',
      footerTemplate: `<div style="width:100%;text-align:center;font:7pt sans-serif;color:#666">${page}</div>`
    })
    writeFileSync(output, pdf)
    app.exit(0)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    app.exit(1)
  }
})
