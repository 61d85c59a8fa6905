// How the scripts speak: one step, one line, on stderr, so that the output of a command that was started through them stays clean.
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Something a person can act on: what failed, and what to do. The scripts end with its exit code and no stack. */
export class StepError extends Error {
  /**
   * @param {string} message what failed
   * @param {{ remedy?: string, log?: string, exit?: number }} [more] what to do, the file that has the whole output, the exit code
   */
  constructor(message, { remedy = '', log = '', exit = 1 } = {}) {
    super(message)
    this.remedy = remedy
    this.log = log
    this.exit = exit
  }
}

const tty = process.stderr.isTTY === true
let open = false

/** A line of its own. */
export function say(text) {
  if (open) process.stderr.write('\r\x1b[K')
  open = false
  process.stderr.write(`${text}\n`)
}

/**
 * Progress of one step: on a terminal one line that is written over, elsewhere a line at the start and one per quarter.
 * @param {string} title
 */
export function progress(title) {
  const started = performance.now()
  let quarter = 0
  const show = (text) => {
    const width = (process.stderr.columns ?? 80) - 1
    process.stderr.write(`\r\x1b[K${text.slice(0, width)}`)
    open = true
  }
  if (tty) show(`${title} …`)
  else say(`${title} …`)
  return {
    /** @param {number | null} fraction 0..1, or null where unknown @param {string} text */
    update(fraction, text) {
      const percent = fraction === null ? '' : `${String(Math.round(fraction * 100)).padStart(3)} %  `
      if (tty) return show(`${title}  ${percent}${text}`)
      if (fraction !== null && Math.floor(fraction * 4) > quarter && fraction < 1) {
        quarter = Math.floor(fraction * 4)
        say(`  ${percent}${text}`)
      }
    },
    done() {
      say(`${title}: done in ${seconds(performance.now() - started)}`)
    },
    failed() {
      say(`${title}: failed after ${seconds(performance.now() - started)}`)
    }
  }
}

/** "0.4 s", "2 min 05 s" */
export function seconds(ms) {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const whole = Math.round(ms / 1000)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

/** True when the module is the one that Node was started with. */
export function isMain(meta) {
  return process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(meta.url)
}

/** Prints an error as a person needs it. */
export function report(error) {
  if (!(error instanceof StepError)) return say(error?.stack ?? String(error))
  say(`error: ${error.message}`)
  if (error.log) say(`  the whole output: ${error.log}`)
  if (error.remedy) say(`  what to do: ${error.remedy}`)
}

/** Runs a script's work; an error is reported and becomes the exit code. */
export async function main(work) {
  try {
    await work()
  } catch (error) {
    report(error)
    process.exitCode = error instanceof StepError ? error.exit : 1
  }
}
