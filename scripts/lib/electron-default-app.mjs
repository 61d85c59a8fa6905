// Runs inside Electron (scripts/lib/electron-fallback.mjs packs it): starts the app in the folder or file named on the command line.
import { app } from 'electron'
import { existsSync, readFileSync } from 'node:fs'
import Module from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const preload = []
let target = ''
const args = process.argv.slice(1)
while (args.length && !target) {
  const arg = args.shift()
  if (arg === '-r' || arg === '--require') preload.push(args.shift())
  else if (arg === '-v' || arg === '--version') {
    console.log(`v${process.versions.electron}`)
    process.exit(0)
  } else if (!arg.startsWith('-')) target = path.resolve(arg)
}
if (!target) {
  console.error('usage: electron [options] FOLDER [arguments]')
  process.exit(2)
}
Module._preloadModules(preload)
Object.defineProperty(process, 'defaultApp', { configurable: false, enumerable: true, value: true })

const manifest = path.join(target, 'package.json')
if (existsSync(manifest)) {
  const { version, productName, name, desktopName } = JSON.parse(readFileSync(manifest, 'utf8'))
  if (version) app.setVersion(version)
  app.name = productName ?? name ?? app.name
  app.setDesktopName(desktopName ?? `${app.name}.desktop`)
}
const entry = Module._resolveFilename(target, null, true)
app.setAppPath(existsSync(manifest) ? target : path.dirname(entry))
await import(pathToFileURL(entry).href)
