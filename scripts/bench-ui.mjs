#!/usr/bin/env node
// `npm run bench:ui`: frame times of the real window while the timeline is panned, how long its threads are blocked while a synthetic board
// streams into it, and how late a kernel event is seen. Sessions and the synthetic board's events are generated (bench/generate.ts). Without
// a display it runs under Xvfb, where Chromium renders in software.
//
//   npm run bench:ui -- [--lifetimes 10k,100k,1M] [--frames 240] [--axis lanes|address|bo] [--rate 200k] [--seconds 20]
//                       [--board BOARD] [--profile DIR] [--json FILE]
//
// --lifetimes 0 and --rate 0 leave their part out. With --board (virtual or virtual:NAME) the preset is run there and watched for --seconds,
// and the latency to the pixel is printed. --profile writes CPU profiles of the page, at the price of some speed.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle, OUT, phase } from './bench.mjs'
import { build, buildIsFresh } from './build.mjs'
import { ensureElectron } from './electron-runtime.mjs'
import { isMain, main, progress, say, StepError } from './lib/say.mjs'
import { AXES, live, pan, stream } from './lib/window-bench.mjs'

/** Events of a generated session for each mapping in it: requests, ioctls, jobs and page tables, until it ends. */
const EVENTS_PER_LIFETIME = 16

function options() {
  const { values } = parseArgs({
    options: {
      lifetimes: { type: 'string', default: '10k,100k,1M' },
      frames: { type: 'string', default: '240' },
      axis: { type: 'string', default: 'lanes' },
      rate: { type: 'string', default: '200k' },
      board: { type: 'string' },
      seconds: { type: 'string', default: '20' },
      profile: { type: 'string' },
      json: { type: 'string' }
    }
  })
  const unit = { '': 1, k: 1e3, M: 1e6 }
  const count = (text) => {
    const [, number, by] = /^(\d+)([kM]?)$/.exec(text) ?? []
    return Number(number) * unit[by ?? '']
  }
  const [sizes, rate] = [values.lifetimes.split(',').map(count), count(values.rate)]
  const [frames, seconds] = [Number(values.frames), Number(values.seconds)]
  if (sizes.some((n) => !(n >= 0)) || !(rate >= 0) || !(frames > 10) || !(seconds > 0) || !AXES.includes(values.axis))
    throw new StepError(
      '--lifetimes and --rate take numbers as 10k,1M; --frames more than 10; --axis lanes, address or bo',
      { exit: 2 }
    )
  return { ...values, sizes: sizes.filter((n) => n > 0), rate, frames, seconds }
}

const lifetimesOf = ({ vms }) => vms.reduce((sum, { inserts }) => sum + inserts, 0)

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

const ms = (value) => value.toFixed(1).padStart(8)

const lateness = ({ engineP50, engineP95, p50, p95 }) =>
  `from an event to the engine p50 ${engineP50}, p95 ${engineP95}; to the pixel p50 ${p50}, p95 ${p95}`

function print({ axis, sizes, streamed, watched, rate, board }) {
  console.log(`${cpus()[0]?.model ?? ''}, ${cpus().length} cores`)
  if (sizes.length > 0) {
    console.log(`frame times in ms while panning, rows: ${axis}`)
    console.log('lifetimes          p50     p95     p99   longest task   of CPU time   start to open, s')
  }
  for (const { lifetimes, whole, near, opened } of sizes)
    for (const [zoom, { p50, p95, p99, longest }] of [
      ['whole', whole],
      ['near', near]
    ])
      console.log(
        `${String(lifetimes).padStart(9)} ${zoom.padEnd(5)}${ms(p50)}${ms(p95)}${ms(p99)}       ${ms(longest.passed)}      ${ms(longest.cpu)}           ${ms(opened / 1000)}`
      )
  if (streamed) {
    const { main: process, page, cpu: used, seconds, late, lateMs, events } = streamed
    console.log(`streaming ${rate} events/s: all ${events} arrived`)
    for (const [who, { passed, cpu, over }] of [
      ['the main process', process],
      ['the page', page]
    ])
      console.log(
        `  ${who.padEnd(16)} blocked at most ${ms(passed)} ms, ${ms(cpu)} of CPU time; over 50 ms ${over} times`
      )
    const shares = Object.entries(used).map(([who, time]) => `${who} ${((100 * time) / seconds).toFixed(0)} %`)
    console.log(`  of a core: ${shares.join(', ')}`)
    console.log(`  ${lateness(late)}; the board itself was late by ${ms(lateMs).trim()} ms at most`)
  }
  if (watched) console.log(`${board}: ${lateness(watched)}`)
  else say('kernel event to pixel: not measured; name a virtual board with --board')
}

if (isMain(import.meta))
  await main(async () => {
    const chosen = options()
    if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return await underXvfb()
    const runtime = await ensureElectron()
    if (!buildIsFresh('app')) await build('app')
    const dir = mkdtempSync(path.join(tmpdir(), 'vascope-ui-bench-'))
    const step = progress('Measuring the window')
    if (chosen.profile) mkdirSync(chosen.profile, { recursive: true })
    const profile = (name) => chosen.profile && path.join(chosen.profile, name)
    const [sizes, parts] = [[], chosen.sizes.length + (chosen.rate ? 1 : 0) + (chosen.board ? 1 : 0)]
    let [streamed, watched, done] = [null, null, 0]
    const next = (text) => step.update(done++ / parts, text)
    try {
      await bundle('measure', 'live-board')
      for (const lifetimes of chosen.sizes) {
        const file = path.join(dir, 'bench.vascope')
        next(`${lifetimes} lifetimes`)
        const { truth } = await phase('generate', file, String(lifetimes * EVENTS_PER_LIFETIME), '1')
        sizes.push({
          lifetimes: lifetimesOf(truth),
          ...(await pan(runtime, file, { ...chosen, profile: profile(String(lifetimes)) }))
        })
        rmSync(file)
      }
      if (chosen.rate) {
        next(`streaming ${chosen.rate} events/s`)
        const { liveBoard } = await import(pathToFileURL(path.join(OUT, 'live-board.js')).href)
        streamed = await stream(runtime, liveBoard, { ...chosen, profile: profile('stream') }, async (file) => {
          const { events } = await phase('open', file)
          return { arrived: events, seconds: chosen.seconds }
        })
        if (streamed.arrived !== streamed.events)
          throw new StepError(
            `of ${streamed.events} events that were sent ${streamed.arrived} are in the session's file`
          )
      }
      if (chosen.board) {
        next(`watching ${chosen.board}`)
        watched = await live(runtime, chosen.board, chosen.seconds, profile('board'))
      }
      step.done()
    } catch (error) {
      step.failed()
      throw error
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
    const result = { axis: chosen.axis, rate: chosen.rate, board: chosen.board, sizes, streamed, watched }
    print(result)
    if (chosen.json) writeFileSync(chosen.json, `${JSON.stringify(result, null, 2)}\n`)
  })
