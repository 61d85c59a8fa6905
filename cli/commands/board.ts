import { spawn } from 'node:child_process'
import { Command } from 'commander'
import type { Progress } from '../../engine/connect/connection'
import {
  type BoardStatus,
  DEFAULT_BOARD,
  down,
  list,
  log,
  requireRunning,
  type RunningBoard,
  status,
  target,
  up
} from '../../engine/connect/virtual/board'
import { DEFAULT_CPUS } from '../../engine/connect/virtual/qemu'
import { sshArguments } from '../../engine/connect/virtual/ssh'
import { asVariant, VARIANTS } from '../../engine/connect/virtual/variant'
import { EXIT } from '../../engine/problem'

/** What shells say of a program that SIGINT ended. */
const INTERRUPTED = 130

interface Options {
  name: string
  kernel?: string
  cpus?: number
  json?: boolean
  user?: string
}

/** `vascope board`: the virtual board on this machine. */
export function boardCommand(): Command {
  const board = new Command('board').description(
    "the virtual board: Debian's arm64 kernel and msm driver in QEMU, on emulated hardware that renders nothing"
  )
  const sub = (name: string, description: string): Command =>
    board
      .command(name)
      .description(description)
      .option('--name <name>', 'which virtual board; several can run at once', DEFAULT_BOARD)

  sub('up', 'build what is missing, boot, and return when a login over SSH works')
    .option('--kernel <kernel>', `${VARIANTS.join(', ')}; the last two are built from Debian's source at first use`)
    .option('--cpus <n>', `processors of a board that is booted now, ${DEFAULT_CPUS} unless told`, Number)
    .option('--json', 'print how to reach it as JSON')
    .action(boardUp)
  sub('down', 'stop it and everything that belongs to it')
    .option('--json', 'print the result as JSON')
    .action(boardDown)
  board
    .command('status')
    .description('list the virtual boards; exits with 1 when the one named is not running')
    .option('--name <name>', 'only this one')
    .option('--json', 'print as JSON')
    .action(boardStatus)
  sub('ssh', 'log in, or run a command: vascope board ssh -- uname -r')
    .option('--user <user>', 'root, or lab, who may use sudo', 'root')
    .argument('[command...]', 'the command; without one, a shell')
    .action(boardSsh)
  sub('log', 'print its serial console').action((options: Options) => void process.stdout.write(log(options.name)))
  sub('selftest', 'prove on the running board that VM_BIND, submits and the writeback connector work').action(
    boardSelftest
  )
  return board
}

async function boardUp(options: Options): Promise<void> {
  const began = Date.now()
  const controller = new AbortController()
  const interrupt = (): void => controller.abort()
  process.once('SIGINT', interrupt)
  try {
    const kernel = options.kernel === undefined ? undefined : asVariant(options.kernel)
    const board = await up({
      name: options.name,
      kernel,
      cpus: options.cpus,
      progress: printProgress(),
      signal: controller.signal
    })
    const seconds = ((Date.now() - began) / 1000).toFixed(1)
    if (options.json) return print(describe({ name: board.name, state: 'running', board }))
    process.stdout.write(`${sentence(board)} (${seconds} s)\n  ${sshLine(board)}\n`)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    process.stderr.write('Interrupted. What was downloaded is kept.\n')
    process.exitCode = INTERRUPTED
  } finally {
    process.off('SIGINT', interrupt)
  }
}

async function boardDown(options: Options): Promise<void> {
  const stopped = await down(options.name)
  if (options.json) return print({ name: options.name, stopped })
  process.stdout.write(`The virtual board "${options.name}" ${stopped ? 'is stopped' : 'was not running'}.\n`)
}

function boardStatus(options: Partial<Options>): void {
  const boards = options.name ? [status(options.name)] : list()
  if (options.name && boards.every((board) => board.state === 'stopped')) process.exitCode = EXIT.findings
  if (options.json) return print(boards.map(describe))
  if (!boards.length) process.stdout.write('No virtual board has been started yet: `vascope board up` does.\n')
  for (const board of boards)
    process.stdout.write(
      board.state === 'running' ? `${sentence(board.board)}\n` : `The virtual board "${board.name}" is stopped.\n`
    )
}

async function boardSsh(command: string[], options: Options): Promise<void> {
  const board = requireRunning(options.name)
  process.exitCode = await ssh(board, options.user ?? 'root', command)
}

async function boardSelftest(options: Options): Promise<void> {
  // As lab: that the device nodes are open to its groups is part of the proof.
  const code = await ssh(requireRunning(options.name), 'lab', ['board-selftest'])
  process.exitCode = code === 0 ? EXIT.fine : EXIT.findings
}

function ssh(board: RunningBoard, user: string, command: string[]): Promise<number> {
  const terminal = !command.length && process.stdin.isTTY ? ['-t'] : []
  const args = [...terminal, ...sshArguments({ ...target(board), user }), ...command]
  return new Promise((resolve, reject) => {
    spawn('ssh', args, { stdio: 'inherit' })
      .on('error', reject)
      .on('close', (code) => resolve(code ?? EXIT.board))
  })
}

/** A line per activity on stderr, so that stdout stays clean for programs. */
function printProgress(): Progress {
  let last = ''
  return (activity, fraction) => {
    const percent = fraction === null ? '    ' : `${String(Math.round(fraction * 100)).padStart(3)}%`
    if (activity !== last) process.stderr.write(`${percent} ${activity}\n`)
    last = activity
  }
}

function sentence(board: RunningBoard): string {
  const { release, variant } = board.image.manifest.kernel
  return `The virtual board "${board.name}" runs ${release} (${variant}) on port ${board.port}, process ${board.pid}.`
}

function sshLine(board: RunningBoard): string {
  return ['ssh', ...sshArguments(target(board))].join(' ')
}

function describe(status: BoardStatus): Record<string, unknown> {
  if (status.state === 'stopped') return { name: status.name, state: status.state }
  const { board } = status
  const { knownHosts, identityFiles, host, port, user, facts } = target(board)
  return {
    name: board.name,
    state: status.state,
    pid: board.pid,
    host,
    port,
    user,
    identityFile: identityFiles[0],
    knownHosts: knownHosts[0],
    kernel: board.image.manifest.kernel,
    image: board.image.folder,
    facts,
    ssh: sshLine(board)
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
