import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { buildLog } from './image'
import { consoleFile } from './qemu'
import { runDir } from './running'

/** Of a log that is looked at; the files hold all of it. */
const TAIL_BYTES = 64 << 10

/** The ends of a board's console since it was last started, and of what building images said. Empty where there is none. */
export function logsOf(name: string): { console: string; build: string } {
  return { console: tail(consoleFile(runDir(name))), build: tail(buildLog()) }
}

function tail(file: string): string {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch {
    return '' // never started, or never built here
  }
  try {
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length)
    const text = bytes.toString('utf8', 0, read)
    // Not from the middle of a line; terminal colours are of no use here.
    const whole = size > TAIL_BYTES ? text.slice(text.indexOf('\n') + 1) : text
    // eslint-disable-next-line no-control-regex
    return whole.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '')
  } finally {
    closeSync(fd)
  }
}
