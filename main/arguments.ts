import path from 'node:path'
import { parseArgs } from 'node:util'
import { isLink, parseLink } from '../engine/link'
import type { LaunchRequest } from './preload/bridge'

/**
 * Reads `--demo`, `--open FILE|LINK` and `--link LINK` (an object in that file) from the process's arguments; desktops hand a link over
 * as a word of its own. Chromium's own switches are among them, so unknown ones are no error here.
 */
export function launchRequest(argv: string[], cwd: string): LaunchRequest {
  const { values, positionals } = parseArgs({
    args: argv,
    strict: false,
    allowPositionals: true,
    options: { demo: { type: 'boolean' }, open: { type: 'string' }, link: { type: 'string' } }
  })
  const given = typeof values.open === 'string' ? values.open : null
  const words = [values.link, given, ...positionals].filter((word) => typeof word === 'string')
  const link = words.find((word) => isLink(word)) ?? null
  return {
    demo: values.demo === true,
    open: given !== null && !isLink(given) ? path.resolve(cwd, given) : ((link && parseLink(link)?.session) ?? null),
    link
  }
}

/** Whether the process's arguments end with `--print-pdf IN.html OUT.pdf`. */
export function printsPdf(argv: readonly string[]): boolean {
  return argv.at(-3) === '--print-pdf'
}
