import { spawn, type ChildProcess } from 'node:child_process'
import { EXIT, VascopeError } from '../../problem'

/** The coordinator may be far away, and a place may have many resources. */
const ANSWER_MS = 60_000

const CLIENT = 'labgrid-client'

/**
 * labgrid's own client, with its environment: LG_COORDINATOR, LG_PROXY and so on are its to read. It leads a process group of its own, so that
 * Ctrl-C in a terminal does not end its ssh before what runs there has ended in order.
 */
export function startLabgrid(args: readonly string[]): ChildProcess {
  // Python prints as it goes, not when its buffer is full.
  const env = { ...process.env, PYTHONUNBUFFERED: '1' }
  return spawn(CLIENT, args, { stdio: ['pipe', 'pipe', 'pipe'], env, detached: true })
}

/** Ends the client and the ssh that it has started. */
export function endLabgrid({ pid }: ChildProcess): void {
  if (pid === undefined) return // it never was
  try {
    process.kill(-pid, 'SIGTERM')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it has ended by itself
  }
}

/** Runs it to its end. Throws VascopeError where there is none, or it does not answer. */
export function labgrid(args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = startLabgrid(args)
    let output = ''
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stdin!.end()
    const timer = setTimeout(() => {
      endLabgrid(child)
      reject(
        new VascopeError(
          'labgrid-silent',
          `\`${CLIENT} ${args.join(' ')}\` did not end within ${ANSWER_MS / 1000} s.`,
          'Check that its coordinator can be reached.'
        )
      )
    }, ANSWER_MS)
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(startError(error))
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? 1, output })
    })
  })
}

/** How a line begins that tells why: the client under its own name, grpc of the coordinator, ssh of the board. */
const TELLS = /^(?:labgrid-client: |.*coordinator (?:is|became) unavailable: |.*SSHDriver.* ssh: (?=\S))/

/** Why the client failed, of what it has printed: that line where there is one, for advice or a traceback follows it; else the last. */
export function reason(printed: string): string {
  const lines = printed.trim().split('\n')
  const line = lines.findLast((text) => TELLS.test(text)) ?? lines.at(-1)!
  const bare = line
    .replace(TELLS, '')
    .replace(/^server error: /i, '')
    .replace(/^error: /i, '')
    .replace(/\.$/, '')
  return bare || `${CLIENT} said nothing`
}

/** Why it could not be started. */
export function startError(error: Error): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error
  return new VascopeError(
    'labgrid-missing',
    `There is no ${CLIENT} on this machine, and the board was asked for by its labgrid place.`,
    "Install labgrid (`pip install labgrid`, or Debian's labgrid-client), or give the board as [user@]host.",
    EXIT.usage
  )
}
