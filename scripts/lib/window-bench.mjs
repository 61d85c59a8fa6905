// What scripts/bench-ui.mjs measures in the real window: frames while panning, and how a live session keeps up.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { _electron as electron } from '@playwright/test'
import { root } from './run.mjs'

export const AXES = ['lanes', 'address', 'bo']

export const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN
const figures = (values) => ({
  p50: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99)
})

/** The window on its own data, at the size the screens are designed for. The folder with both goes when it is closed. */
async function open({ exec, env }, args, more = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'vascope-ui-'))
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const app = await electron.launch({
    executablePath: exec,
    args: [...sandbox, `--user-data-dir=${path.join(folder, 'profile')}`, root, ...args],
    env: { ...process.env, ...env, XDG_DATA_HOME: folder, ...more }
  })
  const page = await app.firstWindow()
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1440, 900))
  return {
    app,
    page,
    folder,
    async close() {
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Runs `work` and writes a CPU profile of the page to `file`, which Chromium's developer tools open; without a file it only runs it. */
async function profiled(page, file, work) {
  if (!file) return await work()
  const session = await page.context().newCDPSession(page)
  await session.send('Profiler.enable')
  await session.send('Profiler.setSamplingInterval', { interval: 500 })
  await session.send('Profiler.start')
  const result = await work()
  const { profile } = await session.send('Profiler.stop')
  writeFileSync(file, JSON.stringify(profile))
  return result
}

/** Opens a session and pans it for so many frames: the time from frame to frame, and the longest task of the page, in ms. */
export async function pan(runtime, file, { frames, axis, profile }) {
  const began = performance.now()
  const { app, page, folder, close } = await open(runtime, ['--open', file])
  try {
    await page.locator('.tracks [data-vm]').first().waitFor({ timeout: 300_000 })
    const opened = performance.now() - began
    for (let n = AXES.indexOf(axis); n > 0; n--) await page.keyboard.press('v')
    const measure = () =>
      page.evaluate(async (wanted) => {
        const tracks = document.querySelector('.tracks')
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
        return { times }
      }, frames)
    const at = async (zoom) => {
      const run = await profiled(page, profile && `${profile}-${zoom}.cpuprofile`, () => traced(app, folder, measure))
      return { ...figures(run.times), longest: run.page }
    }
    const whole = await at('whole')
    for (let n = 0; n < 14; n++) await page.keyboard.press('w')
    await page.waitForTimeout(1000)
    return { opened, whole, near: await at('near') }
  } finally {
    await close()
  }
}

/** Chooses a board in the window and starts to watch it. */
async function watch(page, name, kind) {
  await page.getByText(name, { exact: true }).first().click()
  if (kind === 'watch') await page.getByRole('radio', { name: 'Only watch' }).click()
  await page.getByTestId('start').click()
  await page.locator('.tracks').waitFor({ timeout: 300_000 })
}

/** How late events are at the engine and on the screen, as the connection panel says it: medians and 95th percentiles, with their unit. */
async function latency(page) {
  await page.locator('[aria-controls=connection]').click()
  const [engineP50, engineP95, p50, p95] = await page.locator('#connection .late td').allInnerTexts()
  await page.keyboard.press('Escape')
  return { engineP50, engineP95, p50, p95 }
}

async function stop(page) {
  await page.getByTestId('stop').click()
  await page.getByTestId('close').waitFor({ timeout: 120_000 })
}

/** Runs a board's preset and watches it for a while. */
export async function live(runtime, board, seconds, profile) {
  const { page, close } = await open(runtime, [])
  try {
    await page.locator(`[data-board="${board}"]`).click()
    await watch(page, board.replace(/^virtual:/, 'Virtual board '), 'preset')
    return await profiled(page, profile && `${profile}-live.cpuprofile`, async () => {
      await page.waitForTimeout(seconds * 1000)
      const late = await latency(page)
      await stop(page)
      return late
    })
  } finally {
    await close()
  }
}

/**
 * Chromium's own record of every task of every thread while `work` runs: for the main thread of the main process and of the page the longest
 * task, as time that passed and as CPU time, in ms. What else the machine does lengthens the first and not the second.
 */
async function traced(app, folder, work) {
  const file = path.join(folder, 'trace.json')
  await app.evaluate(({ contentTracing }) => contentTracing.startRecording({ included_categories: ['toplevel'] }))
  const result = await work()
  await app.evaluate(({ contentTracing }, to) => contentTracing.stopRecording(to), file)
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8'))
  return { ...result, main: longest(traceEvents, 'CrBrowserMain'), page: longest(traceEvents, 'CrRendererMain') }
}

const LIMIT_MS = 50

/** Of the threads with a name: the longest task, and how many took longer than the limit. */
function longest(events, name) {
  const threads = new Set(
    events.filter((e) => e.name === 'thread_name' && e.args.name === name).map(({ pid, tid }) => `${pid} ${tid}`)
  )
  const tasks = events.filter(({ ph, pid, tid }) => ph === 'X' && threads.has(`${pid} ${tid}`))
  const most = (times) => times.reduce((a, b) => Math.max(a, b), 0)
  const [passed, cpu] = ['dur', 'tdur'].map((field) => tasks.map((task) => (task[field] ?? 0) / 1000))
  const over = tasks.filter(({ name: kind, dur }) => kind.endsWith('RunTask') && dur / 1000 > LIMIT_MS).length
  return { passed: most(passed), cpu: most(cpu), over, tasks: tasks.length }
}

/** CPU time of each process of the app until now, in seconds: the main process, the page, the engine, and who puts pixels on the screen. */
async function cpuTimes(app) {
  const metrics = await app.evaluate(({ app: own }) => own.getAppMetrics())
  const of = (fits) => metrics.filter(fits).reduce((sum, { cpu }) => sum + (cpu.cumulativeCPUUsage ?? NaN), 0)
  return {
    main: of(({ type }) => type === 'Browser'),
    page: of(({ type }) => type === 'Tab'),
    engine: of(({ name }) => name === 'Vascope engine'),
    gpu: of(({ type }) => type === 'GPU')
  }
}

/**
 * Streams a synthetic board (bench/live-board.ts) into the window at full speed: how long the main process and the page were blocked, what arrived, and how late it was seen. `liveBoard` comes from the bundle; `read` is given the session's file.
 */
export async function stream(runtime, liveBoard, { rate, seconds, profile }, read) {
  const home = mkdtempSync(path.join(tmpdir(), 'vascope-synthetic-'))
  const board = await liveBoard({ events: rate * seconds, rate, dir: home })
  const { app, page, folder, close } = await open(runtime, [], board.env)
  try {
    await watch(page, 'synthetic', 'watch')
    const run = await profiled(page, profile && `${profile}-stream.cpuprofile`, () =>
      traced(app, home, async () => {
        const before = await cpuTimes(app)
        await board.sent
        const after = await cpuTimes(app)
        const cpu = Object.fromEntries(Object.entries(after).map(([who, seconds]) => [who, seconds - before[who]]))
        return { late: await latency(page), cpu }
      })
    )
    if (run.main.tasks === 0 || run.page.tasks === 0) throw new Error('the trace has no tasks of the main threads')
    await stop(page)
    const sessions = path.join(folder, 'vascope/sessions')
    const file = path.join(sessions, readdirSync(sessions).find((name) => name.endsWith('.vascope')) ?? '')
    return { ...run, lateMs: board.lateMs(), events: board.events, lifetimes: board.lifetimes, ...(await read(file)) }
  } finally {
    await close()
    await board.stop()
    rmSync(home, { recursive: true, force: true })
  }
}
