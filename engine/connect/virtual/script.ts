import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Progress } from '../connection'

export interface Work {
  progress: Progress
  signal?: AbortSignal | undefined
}

/**
 * Runs one of the board's scripts, with its output in the file `log` and its "@progress FRACTION ACTIVITY" lines
 * reported. Resolves to the last line it wrote to stderr when it failed, to null when it did not.
 */
export async function script(args: string[], logFile: string, work: Work): Promise<string | null> {
  work.signal?.throwIfAborted()
  mkdirSync(path.dirname(logFile), { recursive: true })
  const log = createWriteStream(logFile, { flags: 'w' })
  // A group of its own, so that stopping it stops what it runs.
  const child = spawn('bash', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const abort = (): void => void (child.pid && process.kill(-child.pid, 'SIGTERM'))
  work.signal?.addEventListener('abort', abort, { once: true })

  let last = ''
  createInterface(child.stdout).on('line', (line) => {
    log.write(`${line}\n`)
    const [, fraction, activity] = /^@progress (\S+) (.*)$/.exec(line) ?? []
    if (fraction && activity) work.progress(activity, Number(fraction))
  })
  createInterface(child.stderr).on('line', (line) => {
    log.write(`${line}\n`)
    if (line.trim()) last = line.trim()
  })
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    work.signal?.throwIfAborted()
    return code === 0 ? null : last || `it ended with code ${code} and said nothing`
  } finally {
    work.signal?.removeEventListener('abort', abort)
    await new Promise<void>((resolve) => log.end(() => resolve())) // what went wrong is to be read there now
  }
}
