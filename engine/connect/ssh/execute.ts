import { VascopeError } from '../../problem'
import type { Connection, ExecResult, Target } from '../connection'

/** Runs a command to its end by a way to spawn. `ended` settles with the reason when the connection is gone, which rejects. */
export async function execute(
  target: Target,
  spawn: Connection['spawn'],
  ended: () => Promise<Error>,
  command: string,
  options: { input?: string; timeoutMs?: number } = {}
): Promise<ExecResult> {
  const process = await spawn(command)
  const { stdio } = process
  let timer: NodeJS.Timeout | undefined
  const output = (async () => {
    const chunks: Buffer[] = []
    for await (const chunk of stdio) chunks.push(chunk as Buffer)
    const { code, signal } = await process.exited
    return { code, signal, stdout: Buffer.concat(chunks).toString('utf8'), stderr: process.stderr() }
  })()
  const late = new Promise<never>((_resolve, reject) => {
    if (options.timeoutMs === undefined) return
    timer = setTimeout(() => reject(execTimeout(target, command, options.timeoutMs!)), options.timeoutMs)
  })
  const lost = ended().then((reason) => Promise.reject(reason))
  stdio.end(options.input ?? '')
  try {
    return await Promise.race([output, late, lost])
  } finally {
    clearTimeout(timer)
    output.catch(() => undefined) // what became of it has been said
    stdio.destroy()
  }
}

function execTimeout(target: Target, command: string, timeoutMs: number): VascopeError {
  const shown = command.length > 60 ? `${command.slice(0, 60)}…` : command
  return new VascopeError(
    'exec-timeout',
    `On ${target.name}, "${shown.replace(/\s+/g, ' ')}" did not end within ${timeoutMs / 1000} s.`,
    'Look on the board whether it is overloaded or hangs.'
  )
}
