#!/usr/bin/env node
// `npm run bench`: how fast sessions are read and found again, and what they weigh. Sessions are generated with a known truth
// (bench/generate.ts), every answer is checked against it, and each phase runs in a process of its own, so that its memory is its own.
// docs/performance.md says what the figures mean.
//
//   npm run bench -- [--events 1M,10M,100M] [--seed N] [--dir DIR] [--json FILE]
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { build } from 'vite'
import { root } from './lib/run.mjs'
import { isMain, main, progress, say, StepError } from './lib/say.mjs'
import { generateProto, protoIsFresh } from './proto.mjs'

const exec = promisify(execFile)
/** Larger ones are browsed by their overviews (engine/session/large.ts). */
const WHOLE_EVENTS = 5e6
/** The largest session that is held against the rules here: it takes minutes. */
const JUDGED_EVENTS = 10e6
/** Where the bundle goes. */
export const OUT = path.join(root, 'out/bench-store')

/** Each figure with the aim of the project, and what is published of others. Rates are of one core. */
const FIGURES = [
  {
    id: 'both',
    title: 'decode and index',
    unit: 'M events/s',
    aim: (v) => v >= 5,
    peer: 'Perfetto trace_processor reads about 40 MB/s (its CHANGELOG, v22.0); Tracy takes in 27 M zones/s at its peak (its manual)'
  },
  { id: 'decode', title: 'decode', unit: 'M events/s' },
  { id: 'index', title: 'index', unit: 'M events/s' },
  { id: 'bytes', title: 'read from the file', unit: 'MB/s', peer: 'Perfetto about 40 MB/s' },
  {
    id: 'size',
    title: 'on disk',
    unit: 'bytes/event',
    aim: (v) => v <= 16,
    peer: 'Perfetto about 100 (10 k sched events/s are 1 MB/s, its docs)'
  },
  {
    id: 'open',
    title: 'opening by the index',
    unit: 'ms',
    aim: (v) => v < 2000,
    peer: 'an Nsight Systems report of 840 s, 540 s of them start-up (ClimaAtmos.jl #3426)'
  },
  {
    id: 'moment',
    title: 'state at any time, median',
    unit: 'ms',
    aim: (v) => v < 100,
    peer: 'RMV plays a trace again from its beginning, and keeps 1024 snapshots at most (its source)'
  },
  {
    id: 'momentWorst',
    title: 'the slowest of 28, CPU time',
    unit: 'ms',
    aim: (v) => v < 100
  },
  { id: 'momentFirst', title: 'the first in a process, CPU time', unit: 'ms' },
  { id: 'find', title: 'all that ever covered an address', unit: 'M events/s' },
  {
    id: 'first',
    title: 'opening in a window',
    unit: 'ms',
    aim: (v) => v < 2000
  },
  {
    id: 'view',
    title: 'a window at 2,000 pixels, CPU time',
    unit: 'ms',
    aim: (v) => v < 30,
    peer: 'Perfetto draws a frame in 10 ms (its PR 4586), which is the drawing alone'
  },
  { id: 'viewWorst', title: 'the slowest of its zooms', unit: 'ms', aim: (v) => v < 30 },
  { id: 'refine', title: 'until mappings are told apart, where they are', unit: 'ms' },
  { id: 'refineCpu', title: 'the same, CPU time', unit: 'ms' },
  {
    id: 'viewMemory',
    title: 'memory of a window',
    unit: 'MiB',
    aim: (v) => v < 1024,
    peer: 'PyTorch’s memory_viz dies at 1 GB'
  },
  { id: 'judge', title: 'holding against the rules', unit: 'M events/s' },
  { id: 'judgeMemory', title: 'memory of that', unit: 'MiB', aim: (v) => v < 1024 },
  { id: 'scan', title: 'making the index again', unit: 'ms' },
  { id: 'window', title: 'one kind in 0.5 % of the time', unit: 'ms' },
  { id: 'stream', title: 'all events in order of time', unit: 'M events/s' },
  {
    id: 'memory',
    title: 'memory while recording',
    unit: 'MiB',
    aim: (v) => v < 1024,
    peer: 'Tracy holds all in memory, 1 GB/s at its peak (its manual)'
  },
  {
    id: 'openMemory',
    title: 'memory of opening',
    unit: 'MiB',
    aim: (v) => v < 1024,
    peer: 'Perfetto 2 to 4 times the trace (its docs, large-traces)'
  },
  { id: 'momentMemory', title: 'memory of going to any time', unit: 'MiB', aim: (v) => v < 1024 },
  { id: 'streamMemory', title: 'memory while streaming', unit: 'MiB', aim: (v) => v < 1024 },
  { id: 'generate', title: 'generating and recording', unit: 'M events/s' }
]

function options() {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '1M,10M' },
      seed: { type: 'string', default: '1' },
      dir: { type: 'string', default: tmpdir() },
      json: { type: 'string', default: path.join(OUT, 'result.json') }
    }
  })
  const sizes = values.events.split(',').map((n) => (/^\d+M$/.test(n) ? parseInt(n) * 1e6 : Number(n)))
  if (sizes.some((n) => !Number.isInteger(n) || n < 1))
    throw new StepError(`--events ${values.events} is not a list of numbers above 0, as 500000 or 10M`, { exit: 2 })
  return { ...values, sizes }
}

/** Builds modules of bench/ into out/bench-store. */
export async function bundle(...names) {
  if (!protoIsFresh()) await generateProto()
  mkdirSync(OUT, { recursive: true })
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    ssr: { external: true, target: 'node' },
    build: {
      ssr: true,
      rolldownOptions: { input: Object.fromEntries(names.map((name) => [name, path.join(root, `bench/${name}.ts`)])) },
      outDir: OUT,
      emptyOutDir: true,
      target: 'node20.18',
      minify: false
    }
  })
}

/** Runs one phase of it in a process of its own, and answers what it says. */
export async function phase(...args) {
  const env = { ...process.env, VASCOPE_ROOT: root }
  const { stdout } = await exec(process.execPath, [path.join(OUT, 'measure.js'), ...args], { env, maxBuffer: 1 << 26 })
  const result = JSON.parse(stdout)
  if (result.wrong?.length) throw new StepError(`${args[0]}: wrong answers:\n  ${result.wrong.join('\n  ')}`)
  return result
}

/**
 * Rates are per second of CPU time, of the fastest round: what else the machine does slows one down and is not what is measured. Times
 * that a user waits are medians of what passed.
 */
const fastest = (values) => Math.min(...values)
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]

/** Medians of the zooms, of eight times each. */
const byZoom = (values) => [0, 1, 2, 3, 4].map((zoom) => median(values.slice(8 * zoom, 8 * zoom + 8)))

async function measure(dir, events, seed, step) {
  const file = path.join(dir, 'bench.vascope')
  const truthFile = path.join(dir, 'truth.json')
  step(`generating ${events} events`)
  const made = await phase('generate', file, String(events), seed)
  writeFileSync(truthFile, JSON.stringify(made.truth))
  const bytes = statSync(file).size
  const all = {}
  for (const name of ['open', 'moment', 'find', 'decode', 'index', 'both', 'scan', 'window', 'stream']) {
    step(`${events} events: ${name}`)
    // opening is measured as a user meets it: in a new process each time
    if (name !== 'open') all[name] = await phase(name, file, truthFile)
    else {
      const runs = []
      for (let i = 0; i < 5; i++) runs.push(await phase('open', file))
      if (runs[0].events !== made.truth.events) throw new StepError(`the index tells ${runs[0].events} events`)
      all.open = { ms: runs.map((r) => r.ms[0]), cpuMs: runs.map((r) => r.cpuMs[0]), peakBytes: runs[0].peakBytes }
    }
  }
  const look = events > WHOLE_EVENTS ? 'browse' : 'view'
  step(`${events} events: ${look}`)
  all.view = await phase(look, file, truthFile)
  if (events <= JUDGED_EVENTS) {
    step(`${events} events: judge`)
    all.judge = await phase('judge', file, truthFile)
  }
  rmSync(file)
  const rate = (name) => made.truth.events / fastest(all[name].cpuMs) / 1000
  return {
    events: made.truth.events,
    bytes,
    figures: {
      both: rate('both'),
      decode: rate('decode'),
      index: rate('index'),
      bytes: bytes / fastest(all.both.cpuMs) / 1000,
      size: bytes / made.truth.events,
      open: median(all.open.ms),
      first: all.view.openMs,
      view: median(all.view.cpuMs),
      viewWorst: Math.max(...byZoom(all.view.cpuMs), ...(all.view.againCpuMs ? byZoom(all.view.againCpuMs) : [])),
      viewMemory: all.view.peakBytes / 2 ** 20,
      // of the zooms at which mappings are told apart: a hundredth and a thousandth of 10 M
      ...(all.view.exact > 0 && {
        refine: median(all.view.refineMs.slice(-all.view.exact)),
        refineCpu: median(all.view.refineCpuMs.slice(-all.view.exact))
      }),
      ...(all.judge && { judge: rate('judge'), judgeMemory: all.judge.peakBytes / 2 ** 20 }),
      scan: median(all.scan.ms),
      window: median(all.window.ms),
      stream: rate('stream'),
      moment: median(all.moment.ms),
      // the first of a process wait for the compiler
      momentWorst: Math.max(...all.moment.cpuMs.slice(4)),
      momentFirst: all.moment.cpuMs[0],
      find: rate('find'),
      memory: made.peakBytes / 2 ** 20,
      openMemory: all.open.peakBytes / 2 ** 20,
      momentMemory: all.moment.peakBytes / 2 ** 20,
      streamMemory: all.stream.peakBytes / 2 ** 20,
      generate: made.truth.events / made.cpuMs[0] / 1000
    },
    rounds: Object.fromEntries(
      Object.entries(all).map(([name, { ms, cpuMs, againCpuMs }]) => [name, { ms, cpuMs, againCpuMs }])
    )
  }
}

function print(sizes) {
  const text = (v) => (v === undefined ? '-' : v >= 100 ? v.toFixed(0) : v.toFixed(2)).padStart(12)
  console.log(`${''.padEnd(32)}${sizes.map((s) => `${(s.events / 1e6).toFixed(1)} M`.padStart(12)).join('')}  unit`)
  for (const { id, title, unit, peer } of FIGURES) {
    console.log(`${title.padEnd(32)}${sizes.map((s) => text(s.figures[id])).join('')}  ${unit}`)
    if (peer) console.log(`${''.padEnd(32)}${peer}`)
  }
}

if (isMain(import.meta))
  await main(async () => {
    const { sizes, seed, dir: parent, json } = options()
    const dir = mkdtempSync(path.join(parent, 'vascope-bench-'))
    const step = progress('Measuring the store')
    const measured = []
    try {
      await bundle('measure')
      for (const [i, events] of sizes.entries())
        measured.push(await measure(dir, events, seed, (text) => step.update((i + 1) / sizes.length, text)))
      step.done()
    } catch (error) {
      step.failed()
      throw error
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
    const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, memory: totalmem(), node: process.version }
    console.log(
      `${machine.cpu}, one of ${machine.cores} cores, Node ${machine.node}; rates per second of CPU time in the fastest round, times are medians`
    )
    print(measured)
    for (const { id, title, unit, aim } of FIGURES)
      for (const { events, figures } of measured)
        if (aim && !aim(figures[id] ?? NaN))
          say(
            `missed: ${title}, ${events} events: ${figures[id]?.toFixed(2) ?? 'not measured, the memory would not be bounded'} ${unit}`
          )
    writeFileSync(json, `${JSON.stringify({ machine, seed, sizes: measured }, null, 2)}\n`)
    say(json)
  })
