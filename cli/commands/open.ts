import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { isLink, type ObjectLink, parseLink } from '../../engine/link'
import { resource } from '../../engine/paths'
import { EXIT, VascopeError } from '../../engine/problem'
import { findSession, sessionsDir } from '../../engine/session/library'

/** `vascope open`: the window, at the object that a link names. */
export function openCommand(): Command {
  return new Command('open')
    .description('open a session file, or the object that a link names, in the window')
    .argument('<link|file>', 'vascope://session/FILE/bo/12?at=1.25s as copied from the window, or a session file')
    .option('-f, --file <file>', 'the session that the link is of, where it lies in another folder or has another name')
    .action(async (target: string, options: { file?: string }) => {
      const link = isLink(target) ? parsed(target) : null
      const file = path.resolve(options.file ?? (link ? located(link.session) : target))
      if (!existsSync(file)) throw notThere(file, link)
      process.exitCode = await openWindow(file, link ? target : null)
    })
}

function parsed(text: string): ObjectLink {
  const link = parseLink(text)
  if (link) return link
  throw new VascopeError(
    'bad-link',
    `${text} is no link to an object of a session.`,
    'Links look like vascope://session/FILE/bo/12?at=1.25s, with bo, vm, va or finding. Quote them in a shell.',
    EXIT.usage
  )
}

/** A link has the name alone: the file may lie here, or among the recorded sessions. */
function located(name: string): string {
  return existsSync(name) ? name : findSession(name)
}

function notThere(file: string, link: ObjectLink | null): VascopeError {
  return new VascopeError(
    'no-file',
    link
      ? `The session ${link.session} is neither in this folder nor in ${sessionsDir()}.`
      : `There is no session file ${file}.`,
    link ? 'Say where it is with --file FILE.' : 'Look for its name with `ls`, or record one with `vascope record`.',
    EXIT.usage
  )
}

/** Ends with the window; at once where a window was there already and shows it. */
async function openWindow(file: string, link: string | null): Promise<number> {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    throw new VascopeError(
      'no-display',
      'There is no display ($DISPLAY and $WAYLAND_DISPLAY are empty), so that no window can be opened.',
      `Without a window: \`vascope info ${file}\`, \`vascope why ${file}\` or \`vascope report ${file}\`.`,
      EXIT.usage
    )
  const [program, ...before] = window() ?? []
  if (program === undefined)
    throw new VascopeError(
      'no-window',
      'This is the command line alone; the window is not installed beside it.',
      'Start the Vascope app, press Ctrl+K and paste the link; or open the file there with Ctrl+O.',
      EXIT.usage
    )
  const args = [...before, '--open', file, ...(link ? ['--link', link] : [])]
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: undefined } // as which the packed command line runs
  return await new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env })
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/** What opens the window: the script that sets it up from source, or the packed app, on which this runs; null without either. */
function window(): [string, ...string[]] | null {
  const start = resource('scripts/start.mjs')
  if (existsSync(start)) return [process.execPath, start]
  if (!process.versions.electron) return null
  // Chromium's sandbox does not start as root.
  return process.getuid?.() === 0 ? [process.execPath, '--no-sandbox'] : [process.execPath]
}
