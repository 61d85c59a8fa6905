import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')

/**
 * The virtual board of this worker, apart from those that a developer may have running. It stays up from file to file; boards.ts takes
 * it down in the end.
 */
export const NAME = `test-${process.env.VITEST_POOL_ID ?? '1'}`
export const BOARD = `virtual:${NAME}`

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** Starts the command `vascope` as a user would. */
export function start(
  args: string[],
  env: NodeJS.ProcessEnv = {}
): { child: ChildProcess; stderr(): string; ended: Promise<Outcome> } {
  const child = spawn(process.execPath, [path.join(ROOT, 'cli/vascope.mjs'), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<Outcome>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
  return { child, stderr: () => stderr, ended }
}

/** Runs the command `vascope` to its end. */
export function vascope(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return start(args, env).ended
}

/** Runs a command on a virtual board as root and answers its output; throws where it fails. */
export async function onBoard(command: string, name = NAME): Promise<string> {
  const { code, stdout, stderr } = await vascope(['board', 'ssh', '--name', name, '--', command])
  if (code !== 0) throw new Error(`on the board: ${command}: exit ${code}: ${stderr}`)
  return stdout.trim()
}

/** Polls until the condition holds; the caller's test time-out is the limit. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`it did not come to pass: ${what}`)
}

/** A folder for the files of one test file. */
export function scratch(): { dir: string; file(name: string): string; remove(): void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'vascope-board-'))
  return { dir, file: (name) => path.join(dir, name), remove: () => rmSync(dir, { recursive: true, force: true }) }
}

/**
 * One processor each: emulated processors wait for one another half of the time (grace periods, patched code), and two files run at once.
 * The window’s tests have boards on which kernel code can race.
 */
export async function boardUp(): Promise<void> {
  const { code, stderr } = await vascope(['board', 'up', '--name', NAME, '--cpus', '1'])
  if (code !== 0) throw new Error(`the virtual board did not start: ${stderr}`)
}
