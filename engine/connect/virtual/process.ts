import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { consoleFile, QEMU } from './qemu'

/** A board's QEMU, as its own command line tells: nothing is remembered about it that could be wrong after a crash. */
export interface BoardProcess {
  pid: number
  port: number
  image: string
}

/**
 * Reads a command line as a board that runs in `folder`; null when it is anything else. The folder is part of the
 * arguments, so a pid that was given to another program is never taken for the board.
 */
export function asBoard(pid: number, argv: string[], folder: string): BoardProcess | null {
  if (path.basename(argv[0] ?? '') !== QEMU) return null
  if (after(argv, '-serial') !== `file:${consoleFile(folder)}`) return null
  const port = /hostfwd=tcp:127\.0\.0\.1:(\d+)-/.exec(after(argv, '-netdev') ?? '')?.[1]
  const kernel = after(argv, '-kernel')
  if (!port || !kernel) return null
  return { pid, port: Number(port), image: path.dirname(kernel) }
}

function after(argv: string[], option: string): string | undefined {
  const at = argv.indexOf(option)
  return at < 0 ? undefined : argv[at + 1]
}

/** Every QEMU that runs in the folder; more than one only if something outside Vascope started it. */
export function findBoards(folder: string): BoardProcess[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => asBoard(Number(entry), commandLine(entry), folder))
    .filter((board) => board !== null)
}

/** Images that boards below `root` run from. */
export function imagesInUse(root: string): Set<string> {
  if (!existsSync(root)) return new Set()
  return new Set(readdirSync(root).flatMap((name) => findBoards(path.join(root, name)).map((board) => board.image)))
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It ended between the listing and now.
    return []
  }
}
