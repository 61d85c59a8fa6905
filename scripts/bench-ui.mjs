#!/usr/bin/env node
// `npm run bench:ui`: frame times of the real window while the timeline is panned, and how late a kernel event is seen.
// Sessions are generated (bench/generate.ts). Without a display it runs under Xvfb, where Chromium renders in software.
//
//   npm run bench:ui -- [--lifetimes 10k,100k,1M] [--frames 240] [--axis lanes|address|bo] [--board BOARD] [--seconds 20] [--json FILE]
//
// With --board (virtual:NAME, or an SSH target) a live session is watched for --seconds, and the latency to the pixel is printed.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { _electron as electron } from '@playwright/test'
import { bundle, phase } from './bench.mjs'
import { build, buildIsFresh } from './build.mjs'
import { ensureElectron } from './electron-runtime.mjs'
import { root } from './lib/run.mjs'
import { isMain, main, progress, say, StepError } from './lib/say.mjs'

/** Share of a generated session's events that map: each begins a lifetime. */
const MAPS = 0.45
const AXES = ['lanes', 'address', 'bo']

function options() {
  const { values } = parseArgs({
    options: {
      lifetimes: { type: 'string', default: '10k,100k,1M' },
      frames: { type: 'string', default: '240' },
      axis: { type: 'string', default: 'lanes' },
      board: { type: 'string' },
      seconds: { type: 'string', default: '20' },
      json: { type: 'string' }
    }
  })
  const unit = { '': 1, k: 1e3, M: 1e6 }
  const sizes = values.lifetimes.split(',').map((text) => {
    const [, number, by] = /^(\d+)([kM]?)$/.exec(text) ?? []
    return Number(number) * unit[by ?? '']
  })
  const [frames, seconds] = [Number(values.frames), Number(values.seconds)]
  if (sizes.some((n) => !(n > 0)) || !(frames > 10) || !(seconds > 0) || !AXES.includes(values.axis))
    throw new StepError('--lifetimes takes numbers as 10k,1M; --frames more than 10; --axis lanes, address or bo', {
      exit: 2
    })
  return { ...values, sizes, frames, seconds }
}

const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN
const figures = (values) => ({
  p50: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99)
})

/** The window on its own data, at the size the screens are designed for. */
async function open({ exec, env }, args, folder) {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const app = await electron.launch({
    executablePath: exec,
    args: [...sandbox, `--user-data-dir=${path.join(folder, 'profile')}`, root, ...args],
    env: { ...process.env, ...env, XDG_DATA_HOME: folder }
  })
  const page = await app.firstWindow()
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1440, 900))
  return { app, page }
}

/** Opens a session and pans it for so many frames: the time from frame to frame, and the longest tasks of the page, in ms. */
async function pan(runtime, file, { frames, axis }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'vascope-ui-'))
  const began = performance.now()
  const { app, page } = await open(runtime, ['--open', file], folder)
  try {
    await page.locator('.tracks [data-vm]').first().waitFor({ timeout: 300_000 })
    const opened = performance.now() - began
    for (let n = AXES.indexOf(axis); n > 0; n--) await page.keyboard.press('v')
    const measure = (count) =>
      page.evaluate(async (wanted) => {
        const tracks = document.querySelector('.tracks')
        const longest = []
        const observer = new PerformanceObserver((list) =>
          longest.push(...list.getEntries().map((one) => one.duration))
        )
        observer.observe({ type: 'longtask' })
        const times = []
        const frame = () => new Promise((done) => requestAnimationFrame(done))
        let last = await frame()
        for (let n = 0; n < wanted; n++) {
          // there and back, a fiftieth of the window a frame
          const deltaX = n % 80 < 40 ? 20 : -20
          tracks.dispatchEvent(new WheelEvent('wheel', { deltaX, bubbles: true }))
          const now = await frame()
          times.push(now - last)
          last = now
        }
        observer.disconnect()
        return { times, longest }
      }, count)
    const whole = await measure(frames)
    for (let n = 0; n < 14; n++) await page.keyboard.press('w')
    await page.waitForTimeout(1000)
    const near = await measure(frames)
    return {
      opened,
      whole: figures(whole.times),
      near: figures(near.times),
      longTask: Math.max(0, ...whole.longest, ...near.longest)
    }
  } finally {
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Watches a board for a while: the panel's own figures, as text. */
async function latency(runtime, board, seconds) {
  const folder = mkdtempSync(path.join(tmpdir(), 'vascope-ui-'))
  const { app, page } = await open(runtime, [], folder)
  try {
    const name = board.replace(/^virtual:/, '')
    await page.getByText(name, { exact: true }).first().click()
    await page.keyboard.press('Enter')
    await page.locator('.tracks').waitFor({ timeout: 300_000 })
    await page.waitForTimeout(seconds * 1000)
    await page.locator('[aria-controls=connection]').click()
    const [p50, p95] = await Promise.all(['pixel-p50', 'pixel-p95'].map((id) => page.getByTestId(id).innerText()))
    await page.keyboard.press('Escape')
    await page.getByTestId('stop').click()
    await page.getByTestId('close').waitFor({ timeout: 60_000 })
    return { p50, p95 }
  } finally {
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same command under Xvfb. */
async function underXvfb() {
  const child = spawn('xvfb-run', ['-a', '-s', '-screen 0 1440x900x24', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit'
  })
  process.exitCode = await new Promise((done, failed) => {
    child.on('error', () =>
      failed(new StepError('there is no display, and no xvfb-run either', { remedy: 'install xvfb, or set DISPLAY' }))
    )
    child.on('exit', (code) => done(code ?? 1))
  })
}

if (isMain(import.meta))
  await main(async () => {
    const chosen = options()
    if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return await underXvfb()
    const runtime = await ensureElectron()
    if (!buildIsFresh('app')) await build('app')
    const dir = mkdtempSync(path.join(tmpdir(), 'vascope-ui-bench-'))
    const step = progress('Measuring the window')
    const sizes = []
    let live = null
    try {
      await bundle()
      for (const [i, lifetimes] of chosen.sizes.entries()) {
        const file = path.join(dir, 'bench.vascope')
        step.update(i / chosen.sizes.length, `${lifetimes} lifetimes: generating`)
        await phase('generate', file, String(Math.ceil(lifetimes / MAPS)), '1')
        step.update((i + 0.5) / chosen.sizes.length, `${lifetimes} lifetimes: panning`)
        sizes.push({ lifetimes, ...(await pan(runtime, file, chosen)) })
        rmSync(file)
      }
      if (chosen.board) {
        step.update(0.95, `watching ${chosen.board}`)
        live = await latency(runtime, chosen.board, chosen.seconds)
      }
      step.done()
    } catch (error) {
      step.failed()
      throw error
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
    const ms = (value) => value.toFixed(1).padStart(8)
    console.log(
      `${cpus()[0]?.model ?? ''}, ${cpus().length} cores; frame times in ms while panning, rows: ${chosen.axis}`
    )
    console.log('lifetimes   whole: p50     p95     p99    near: p50     p95     p99   longest task   start to open, s')
    for (const { lifetimes, whole, near, longTask, opened } of sizes)
      console.log(
        `${String(lifetimes).padStart(9)}  ${ms(whole.p50)}  ${ms(whole.p95)}${ms(whole.p99)}    ${ms(near.p50)}${ms(near.p95)}${ms(near.p99)}   ${ms(longTask)}       ${ms(opened / 1000)}`
      )
    if (live) console.log(`kernel event to pixel: p50 ${live.p50}, p95 ${live.p95}`)
    else say('kernel event to pixel: not measured; name a board with --board')
    if (chosen.json) writeFileSync(chosen.json, `${JSON.stringify({ axis: chosen.axis, sizes, live }, null, 2)}\n`)
  })
