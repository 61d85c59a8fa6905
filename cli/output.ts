import { formatBytes, formatCount, formatShort, formatTime, quantityText } from '../engine/format'
import { EXIT } from '../engine/problem'
import { dropped, type LiveSession } from '../engine/session/live'

/** Messages go to stderr, results to stdout, so that --json stays clean. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

export function result(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

export function json(value: unknown): void {
  result(JSON.stringify(value, null, 2))
}

/**
 * What is done when an output cannot be written. `vascope … | head` takes what it wants and goes, which is no error; a full disk is
 * one, and the result is worth nothing then. Where stderr cannot be written there is nobody left to tell.
 */
export function guardOutput(
  stdout: NodeJS.EventEmitter,
  stderr: NodeJS.EventEmitter,
  exit: (code?: number) => void = (code) => process.exit(code)
): void {
  stderr.on('error', () => undefined)
  stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return exit()
    say(`vascope: the result could not be written: ${message}.\nMake room where the output goes, or send it elsewhere.`)
    exit(EXIT.usage)
  })
}

/** Progress on one line of a terminal; without one, and with a prefix (one of several boards), a line whenever the activity changes. */
export class ProgressLine {
  private last = ''
  private readonly live: boolean

  constructor(private readonly prefix = '') {
    this.live = process.stderr.isTTY && prefix === ''
  }

  show(text: string, fraction: number | null): void {
    const percent = fraction === null ? '' : ` ${Math.round(fraction * 100)} %`
    if (this.live) process.stderr.write(`\r\x1b[K${text}${percent}`)
    else if (text !== this.last) process.stderr.write(`${this.prefix}${text}\n`)
    this.last = text
  }

  end(): void {
    if (this.live && this.last) process.stderr.write('\r\x1b[K')
    this.last = ''
  }
}

/** Live figures of a session until `stop()` is called. */
export class LiveFigures {
  private readonly timer: NodeJS.Timeout
  private readonly live: boolean
  private lastEvents = 0
  private lastBytes = 0
  private readonly interval: number

  constructor(
    private readonly session: LiveSession,
    private readonly prefix = ''
  ) {
    this.live = process.stderr.isTTY && prefix === ''
    this.interval = this.live ? 500 : prefix === '' ? 2000 : 5000
    this.timer = setInterval(() => this.print(), this.interval)
  }

  stop(): void {
    clearInterval(this.timer)
    this.print()
    if (this.live) process.stderr.write('\n')
  }

  private print(): void {
    const { model, bytesReceived } = this.session
    const { state } = model
    const scenario = state.scenarios.at(-1)
    const rate = ((model.events - this.lastEvents) * 1000) / this.interval
    const bytes = ((bytesReceived - this.lastBytes) * 1000) / this.interval
    this.lastEvents = model.events
    this.lastBytes = bytesReceived
    const step = scenario ? `${scenario.id} ${formatCount(scenario.done)}/${formatCount(scenario.total)}` : 'watching'
    const parts = [
      formatTime(model.end, 1),
      step,
      `${quantityText(formatShort(rate))} events/s`,
      `${quantityText(formatBytes(bytes))}/s`,
      `${formatCount(state.mappings.live.size)} live mappings, ${quantityText(formatBytes(state.liveBytes))}`,
      `${formatCount(state.flips.count)} flips`,
      `lost ${formatCount(dropped(model))}`
    ]
    const line = parts.join('  ')
    process.stderr.write(this.live ? `\r\x1b[K${line}` : `${this.prefix}${line}\n`)
  }
}
