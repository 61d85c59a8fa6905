#!/usr/bin/env node
// `npm run bench:tracer`: what tracing costs. On the virtual board the same seeded scenario runs without tracing, with BPF programs and
// with kprobe events, round after round in changing order, so that a machine that is busy for a while hurts all alike; a ratio is
// that of one round. Beside it the batcher alone, on this machine. docs/performance.md says what the figures mean.
//
//   npm run bench:tracer -- [--rounds N] [--repeat N] [--ops N] [--levels bpf,kprobes] [--board NAME] [--json FILE]
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { ensure } from './bootstrap.mjs'
import { toolPath } from './daemon.mjs'
import { root, run } from './lib/run.mjs'
import { isMain, main, progress, say, StepError } from './lib/say.mjs'

const exec = promisify(execFile)
const SCENARIO = 'vm-bind-churn'
const SEED = 7

/** Figures that the project aims at. */
const AIMS = { ratio: 0.9, bytesPerEvent: 16, batcherPerSecond: 5e6 }

function options() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      repeat: { type: 'string', default: '4' },
      ops: { type: 'string', default: '3000' },
      levels: { type: 'string', default: 'bpf,kprobes' },
      board: { type: 'string', default: 'bench' },
      json: { type: 'string' }
    }
  })
  const number = (name) => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < 1)
      throw new StepError(`--${name} ${values[name]} is not a number above 0`, { exit: 2 })
    return value
  }
  return {
    ...values,
    rounds: number('rounds'),
    repeat: number('repeat'),
    ops: number('ops'),
    levels: values.levels.split(',')
  }
}

/** `vascope` as a user starts it; its output. */
async function vascope(args) {
  try {
    const { stdout } = await exec(process.execPath, [path.join(root, 'cli/vascope.mjs'), ...args], {
      maxBuffer: 1 << 28
    })
    return stdout
  } catch (error) {
    throw new StepError(`vascope ${args.join(' ')} failed: ${String(error.stderr ?? error).trim()}`)
  }
}

/** One session at one level, with the scenario several times: most of a session is its set-up. Without tracing there are no events. */
async function measure(dir, { board, ops, repeat }, level) {
  const file = path.join(dir, 'run.vascope')
  const scenario = `${SCENARIO}:ops=${ops},seed=${SEED},rate=0`
  const out = await vascope([
    ...['run', '--board', `virtual:${board}`, '--trace', level, '--out', file, '--json'],
    ...Array.from({ length: repeat }, () => ['--scenario', scenario]).flat()
  ])
  const info = JSON.parse(out)
  for (const { state, text } of info.scenarios)
    if (state !== 'done') throw new StepError(`${SCENARIO} ended as ${state}: ${text}`)
  if (info.traceLevel !== level) throw new StepError(`asked for ${level}, the board traced with ${info.tracing}`)
  const { kernel, queue } = info.drops
  const bytes = statSync(file).size
  rmSync(file)
  return {
    opsPerSecond: info.scenarios.map(({ seconds }) => ops / seconds),
    events: info.events,
    bytes,
    lost: kernel + queue
  }
}

async function batcher() {
  const dir = path.join(root, 'out/bench')
  const env = toolPath()
  if (!existsSync(path.join(dir, 'build.ninja')))
    await run('meson', ['setup', dir, 'daemon', '--buildtype=release', '-Doptimization=2'], { log: 'bench', env })
  await run('ninja', ['-C', dir, 'tests/bench-batch'], { log: 'bench', env })
  const { stdout } = await exec(path.join(dir, 'tests/bench-batch'))
  return JSON.parse(stdout)
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
const spread = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) })

/** The rate of the quickest run. What else a machine does can only slow a run down, so this is the one that it disturbed least. */
const best = (rounds, level) => Math.max(...rounds.flatMap((round) => round[level].opsPerSecond))

/** What the runs of one level say, against the untraced run of the same round. */
function figures(rounds, level) {
  const runs = rounds.map((round) => round[level])
  const events = runs.reduce((sum, r) => sum + r.events, 0)
  return {
    opsPerSecond: spread(runs.flatMap((r) => r.opsPerSecond)),
    ratio: spread(rounds.map((round) => median(round[level].opsPerSecond) / median(round.none.opsPerSecond))),
    best: best(rounds, level) / best(rounds, 'none'),
    events: median(runs.map((r) => r.events)),
    lost: runs.reduce((sum, r) => sum + r.lost, 0),
    bytesPerEvent: events ? runs.reduce((sum, r) => sum + r.bytes, 0) / events : null
  }
}

async function rounds(wanted) {
  const { rounds: count, levels } = wanted
  const dir = mkdtempSync(path.join(tmpdir(), 'vascope-bench-'))
  const step = progress(`Running ${SCENARIO} ${count} × (none, ${levels.join(', ')})`)
  const all = ['none', ...levels]
  const done = []
  try {
    await measure(dir, wanted, 'none') // the first run fills caches and is not counted
    for (let i = 0; i < count; i++) {
      const round = {}
      const order = all.map((_, k) => all[(i + k) % all.length])
      for (const level of order) round[level] = await measure(dir, wanted, level)
      done.push(round)
      step.update((i + 1) / count, `round ${i + 1}`)
    }
    step.done()
    return done
  } catch (error) {
    step.failed()
    throw error
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function print({ levels, batcher: alone }) {
  const cell = (text) => text.padStart(12)
  const row = (...cells) => console.log(cells[0].padEnd(10) + cells.slice(1).map(cell).join(''))
  row('level', 'ops/s', 'best', 'ratio', 'min', 'max', 'events', 'lost', 'bytes/event')
  for (const [name, f] of Object.entries(levels))
    row(
      name,
      f.opsPerSecond.median.toFixed(0),
      ...[f.best, f.ratio.median, f.ratio.min, f.ratio.max].map((v) => v.toFixed(3)),
      String(f.events),
      String(f.lost),
      f.bytesPerEvent === null ? '-' : f.bytesPerEvent.toFixed(2)
    )
  const millions = (n) => `${(n / 1e6).toFixed(1)} M events/s`
  console.log(
    `\nbatcher alone ${millions(alone.batcherPerSecond)}, with the resolver ${millions(alone.resolverAndBatcherPerSecond)}, one core of this machine`
  )
}

/** The aims that were missed, in words. */
function missed({ levels, batcher: alone }) {
  const lines = []
  const { bpf } = levels
  if (bpf && bpf.best < AIMS.ratio)
    lines.push(`BPF leaves ${bpf.best.toFixed(3)} of the untraced rate, the aim is ${AIMS.ratio}`)
  for (const [name, f] of Object.entries(levels))
    if (f.bytesPerEvent > AIMS.bytesPerEvent)
      lines.push(`${name}: ${f.bytesPerEvent.toFixed(2)} bytes per event, the aim is ${AIMS.bytesPerEvent}`)
  if (alone.batcherPerSecond < AIMS.batcherPerSecond) lines.push('the batcher is slower than 5 million events/s')
  return lines
}

if (isMain(import.meta))
  await main(async () => {
    const wanted = options()
    await ensure(['cli', 'daemon', 'board'])
    await vascope(['board', 'up', '--name', wanted.board])
    let measured
    try {
      measured = await rounds(wanted)
    } finally {
      await vascope(['board', 'down', '--name', wanted.board])
    }
    const result = {
      scenario: SCENARIO,
      seed: SEED,
      ops: wanted.ops,
      rounds: wanted.rounds,
      repeat: wanted.repeat,
      machine: cpus()[0]?.model ?? '',
      levels: Object.fromEntries(['none', ...wanted.levels].map((level) => [level, figures(measured, level)])),
      batcher: await batcher()
    }
    print(result)
    for (const line of missed(result)) say(`missed: ${line}`)
    if (wanted.json) writeFileSync(wanted.json, `${JSON.stringify({ ...result, runs: measured }, null, 2)}\n`)
  })
