#!/usr/bin/env node
// `npm start`: sets up what is missing, then opens the window. Without a display it does the same job in the terminal.
//
//   npm start                    opens the window
//   npm start -- --demo          and starts a session on the virtual board at once
//   npm start -- --open FILE     and opens a recorded session
import { spawn } from 'node:child_process'
import path from 'node:path'
import { ensure, START, TERMINAL } from './bootstrap.mjs'
import { installedElectron } from './electron-runtime.mjs'
import { root } from './lib/run.mjs'
import { main, say } from './lib/say.mjs'

const args = process.argv.slice(2)
const display = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)

await main(async () => {
  process.exitCode = display ? await openWindow() : await runInTerminal()
})

async function openWindow() {
  await ensure(START)
  const { exec, env } = installedElectron()
  // Chromium's sandbox does not start as root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return await follow(exec, [...sandbox, root, ...args], env)
}

async function runInTerminal() {
  say('No display ($DISPLAY and $WAYLAND_DISPLAY are empty): doing the same without a window.')
  await ensure(TERMINAL)
  const file = args[args.indexOf('--open') + 1]
  const command = args.includes('--open') && file ? ['info', file] : ['demo', ...args.filter((arg) => arg !== '--demo')]
  return await follow(process.execPath, [path.join(root, 'cli/vascope.mjs'), ...command], {})
}

/** Runs a program in our place: its signals, its exit code. */
async function follow(program, programArgs, env) {
  const child = spawn(program, programArgs, { stdio: 'inherit', env: { ...process.env, ...env } })
  // A terminal sends its interrupt to the child as well, which ends in its own order; only then do we.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}
