import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { resource } from '../paths'
import { EXIT, VascopeError } from '../problem'

/** A long report on a busy machine. */
const PRINT_MS = 180_000

/**
 * An HTML page as PDF, printed by Electron without a window or a display. `started` is set as the PDF's date, so that the same page gives
 * the same bytes with the same Electron. Throws VascopeError where there is no Electron, or it does not print.
 */
export async function pdf(html: string, started: Date): Promise<Buffer> {
  const printer = await findPrinter()
  const folder = mkdtempSync(path.join(tmpdir(), 'vascope-pdf-'))
  const [input, output] = [path.join(folder, 'report.html'), path.join(folder, 'report.pdf')]
  try {
    writeFileSync(input, html)
    await print(printer, input, output)
    return dated(readFileSync(output), started)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Printer {
  electron: string
  /** What makes it print, before the two files. */
  args: string[]
}

/**
 * From source scripts/electron-runtime.mjs knows which runtimes may be used; it is not asked to fetch one. The packed app has no scripts, is the
 * Electron that this runs on, and prints by a word on its own command line.
 */
async function findPrinter(): Promise<Printer> {
  const script = resource('scripts', 'electron-runtime.mjs')
  if (existsSync(script)) {
    const { installedElectron } = (await import(/* @vite-ignore */ pathToFileURL(script).href)) as {
      installedElectron(): { exec: string } | null
    }
    const found = installedElectron()
    if (found) return { electron: found.exec, args: [resource('scripts', 'print-pdf.mjs')] }
  } else if (process.versions.electron) return { electron: process.execPath, args: ['--print-pdf'] }
  throw new VascopeError(
    'no-electron',
    'A PDF is printed by Electron, and no Electron is installed here.',
    'Run `npm run bootstrap electron` to fetch it, or write --format html and print that with a browser.',
    EXIT.usage
  )
}

function print(printer: Printer, input: string, output: string): Promise<void> {
  const { electron } = printer
  const args = [
    // Chromium's sandbox does not start as root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...(process.platform === 'linux' ? ['--ozone-platform=headless'] : []),
    ...printer.args,
    input,
    output
  ]
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: undefined } // as which this may run
    const child = spawn(electron, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: PRINT_MS, env })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
    const failed = (why: string): void =>
      reject(
        new VascopeError(
          'pdf-failed',
          `${electron} did not print the report: ${why}.`,
          'Write --format html and print that with a browser.',
          EXIT.usage
        )
      )
    child.on('error', (error) => failed(error.message))
    child.on('close', (code, signal) => {
      if (code === 0 && existsSync(output)) resolve()
      else failed(said.trim().split('\n').at(-1) || `it ended with ${signal ?? `exit code ${code}`}`)
    })
  })
}

/** Chromium writes the time of printing, twice and in the clear; another time of the same length leaves all offsets as they are. */
export function dated(bytes: Buffer, started: Date): Buffer {
  const date = `D:${started.toISOString().replace(/\D/g, '').slice(0, 14)}`
  return Buffer.from(
    bytes.toString('latin1').replace(/(\/(?:CreationDate|ModDate) \()D:\d{14}/g, `$1${date}`),
    'latin1'
  )
}
