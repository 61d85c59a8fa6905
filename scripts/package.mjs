#!/usr/bin/env node
// `npm run package`: the app with everything it needs, into out/package. Takes the Electron that is installed and fetches nothing.
//
//   npm run package                    linux-unpacked, and says what it holds
//   npm run package -- AppImage        the formats named, which electron-builder's own tools make (they are fetched by it)
//   npm run package -- deb --homepage URL --maintainer 'NAME <MAIL>'    who gives a deb away stands in it
//   npm run package -- --board NAME    and has the packed app look at a board: "virtual", "virtual:NAME", an SSH target
//   npm run package -- --trial         with the fallback runtime, to try the packaging; never to give away
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { buildAloud, buildIsFresh } from './build.mjs'
import { installedElectron } from './electron-runtime.mjs'
import { fallbackDir } from './lib/electron-fallback.mjs'
import { bin, root, run } from './lib/run.mjs'
import { main, progress, say, StepError } from './lib/say.mjs'

const OUT = path.join(root, 'out/package')

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      trial: { type: 'boolean' },
      board: { type: 'string' },
      homepage: { type: 'string' },
      maintainer: { type: 'string' }
    }
  })
  const { homepage, maintainer } = values
  if (positionals.includes('deb') && !(homepage && maintainer))
    throw new StepError('a deb says who maintains it and where it comes from', {
      remedy: "give --homepage URL and --maintainer 'NAME <MAIL>'"
    })
  const electron = runtime(values.trial === true)
  for (const part of ['cli', 'app']) if (!buildIsFresh(part)) await buildAloud(part)
  if (!existsSync(path.join(root, 'out/daemon/build.json')))
    throw new StepError('the daemon is not built, and an app without it reaches no board', {
      remedy: '`npm run bootstrap`'
    })
  const targets = positionals.length > 0 ? positionals : ['dir']
  const step = progress(`Packing with Electron ${electron.version}`)
  try {
    await run(
      bin('electron-builder'),
      [
        ...['--linux', ...targets, '--publish', 'never'],
        ...[`-c.electronDist=${electron.dist}`, `-c.electronVersion=${electron.version}`],
        ...(homepage ? [`-c.extraMetadata.homepage=${homepage}`] : []),
        ...(maintainer ? [`-c.linux.maintainer=${maintainer}`] : []),
        ...(values.trial ? ['-c.extraMetadata.version=0.0.0-trial'] : [])
      ],
      {
        log: 'package',
        remedy: 'see the output above; AppImage and deb need tools that electron-builder fetches from github.com'
      }
    )
    step.done()
  } catch (error) {
    step.failed()
    throw error
  }
  const exe = path.join(OUT, 'linux-unpacked/vascope')
  answers(exe)
  await opensWindow(exe)
  if (values.board) reaches(exe, values.board)
  say(`  ${path.relative(root, path.dirname(exe))} is whole`)
})

/** The installed Electron. The fallback is old, unsupported, and somebody else's build: it is good for a trial only. */
function runtime(trial) {
  const found = installedElectron()
  const isFallback = found?.dist === fallbackDir()
  if (!found || (isFallback && !trial)) {
    const why = found ? 'only the fallback runtime is here, which is never packaged' : 'no Electron is installed'
    throw new StepError(`there is no Electron to package: ${why}`, {
      remedy: '`npx install-electron` where github.com can be reached; `npm run package -- --trial` tries the packaging'
    })
  }
  if (isFallback) say('  A trial with the fallback runtime: not to be given away.')
  return { dist: found.dist, version: readFileSync(path.join(found.dist, 'version'), 'utf8').trim().replace(/^v/, '') }
}

/** The packed app shows its own page, with the protections of a packed app: seen over Chromium's debugger, which it has for this start only. */
async function opensWindow(exe) {
  const step = progress('Starting the packed app')
  const folder = mkdtempSync(path.join(tmpdir(), 'vascope-package-'))
  const args = ['--remote-debugging-port=0', `--user-data-dir=${folder}`]
  if (process.getuid?.() === 0) args.push('--no-sandbox') // Chromium's sandbox does not start as root
  const display = process.env.DISPLAY || process.env.WAYLAND_DISPLAY
  const [program, ...before] = display ? [exe] : ['xvfb-run', '-a', exe]
  const child = spawn(program, [...before, ...args], { env: { ...process.env, XDG_DATA_HOME: folder }, detached: true })
  try {
    const page = await new Promise((resolve, reject) => {
      let said = ''
      const late = setTimeout(() => reject(new Error(`no window within a minute. ${said.slice(-400)}`)), 60_000)
      child.on('error', reject)
      child.on('exit', (code) => reject(new Error(`it ended with ${code}. ${said.slice(-400)}`)))
      child.stderr.on('data', (text) => {
        said += text
        const port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]
        if (port)
          void shownPage(port).then((url) => {
            clearTimeout(late)
            resolve(url)
          }, reject)
      })
    })
    step.done()
    say(`  ${page}`)
  } catch (error) {
    step.failed()
    throw new StepError(`the packed app does not start: ${error.message}`)
  } finally {
    try {
      process.kill(-child.pid)
    } catch {
      // it has ended by itself
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

/** The address of the app's window, once it is there. */
async function shownPage(port) {
  for (;;) {
    const pages = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
    const page = pages.find(({ url, title }) => url.startsWith('app://vascope/') && title === 'Vascope')
    if (page) return page.url
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** The packed command line works beside the app: it reads a session, and prints its report with the app's own Electron. */
function answers(exe) {
  const step = progress('Asking the packed command line')
  const folder = mkdtempSync(path.join(tmpdir(), 'vascope-package-'))
  try {
    const report = path.join(folder, 'report.pdf')
    const session = path.join(root, 'tests/fixtures/sessions/killed-vm-bind.vascope')
    const cli = path.join(path.dirname(exe), 'vascope-cli')
    const done = spawnSync(cli, ['report', session, '--out', report], { encoding: 'utf8', timeout: 180_000 })
    if (done.status !== 0 || !readFileSync(report, 'latin1').startsWith('%PDF'))
      throw new StepError(
        `the packed command line prints no report: ${(done.stderr || done.stdout).trim().slice(-600)}`
      )
    step.done()
  } catch (error) {
    step.failed()
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The packed command line, on the packed app's own Node, pushes the packed daemon to a board and looks at it. */
function reaches(exe, board) {
  const step = progress(`Looking at ${board} with the packed app`)
  const cli = path.join(path.dirname(exe), 'vascope-cli')
  const done = spawnSync(cli, ['probe', '--board', board], { encoding: 'utf8', timeout: 600_000 })
  if (done.status !== 0) {
    step.failed()
    throw new StepError(`the packed app does not reach ${board}: ${(done.stderr || done.stdout).trim().slice(-600)}`)
  }
  step.done()
}
