// Starting other programs.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { StepError } from './say.mjs'

/** The repository. */
export const root = path.resolve(import.meta.dirname, '../..')

/** As engine/paths.ts: what can be made again. */
export function cacheDir(...parts) {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'vascope', ...parts)
}

/** A program of node_modules, run with this Node. */
export function bin(name) {
  return path.join(root, 'node_modules/.bin', name)
}

/**
 * Runs a program to its end; its output goes to a log file. When it fails, the error has the lines that say why.
 * @param {string} command
 * @param {string[]} args
 * @param {{ log: string, cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void, remedy?: string }} options
 *   `log`: name of the log, `onLine`: sees every line of both outputs
 * @returns {Promise<void>}
 */
export async function run(command, args, { log, cwd = root, env = process.env, onLine = () => {}, remedy = '' }) {
  const file = logFile(log)
  const sink = createWriteStream(file)
  const output = []
  const child = spawn(command, args, { cwd, env: { ...env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(sink, { end: false })
    lines(stream, (raw) => {
      const line = stripVTControlCharacters(raw)
      output.push(line)
      if (output.length > 4000) output.splice(0, 2000)
      onLine(line)
    })
  }
  const ended = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(code === 0 ? '' : signal ? `ended by ${signal}` : `exit code ${code}`))
  })
  await new Promise((resolve) => sink.end(resolve))
  if (ended)
    throw new StepError([`${path.basename(command)}: ${ended}`, ...telling(output)].join('\n  '), { log: file, remedy })
}

/** The lines from the first that speaks of an error; the last ones when none does. */
function telling(output) {
  const lines = output.filter((line) => line.trim())
  const first = lines.findIndex((line) => /(^E: |\berror\b|\bERROR\b|\bFAILED\b|\bfatal\b|UNRESOLVED)/.test(line))
  return first === -1 ? lines.slice(-12) : lines.slice(first, first + 12)
}

/** Where the output of a step goes. */
export function logFile(name) {
  const dir = cacheDir('log')
  mkdirSync(dir, { recursive: true })
  return path.join(dir, `${name}.log`)
}

/** Calls back with each whole line of a stream, and with what is left at its end. */
export function lines(stream, callback) {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) callback(line)
  })
  stream.on('end', () => {
    if (rest) callback(rest)
  })
}
