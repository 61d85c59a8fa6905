import path from 'node:path'
import { parseArgs } from 'node:util'
import type { LaunchRequest } from './preload/bridge'

/**
 * Reads `--demo` and `--open FILE` from the process's arguments. Chromium's own switches are among them, so unknown ones are
 * no error here.
 */
export function launchRequest(argv: string[], cwd: string): LaunchRequest {
  const { values } = parseArgs({
    args: argv,
    strict: false,
    allowPositionals: true,
    options: { demo: { type: 'boolean' }, open: { type: 'string' } }
  })
  return {
    demo: values.demo === true,
    open: typeof values.open === 'string' ? path.resolve(cwd, values.open) : null
  }
}
