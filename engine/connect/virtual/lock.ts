import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import path from 'node:path'

/**
 * Runs `work` while no other process holds the lock on this file. The kernel holds the lock for a child whose stdin is
 * ours, so it is free again however this process ends. `waiting` is called once when somebody else has it.
 */
export async function withLock<T>(
  file: string,
  options: { signal?: AbortSignal | undefined; waiting: () => void },
  work: () => Promise<T>
): Promise<T> {
  mkdirSync(path.dirname(file), { recursive: true })
  // Detached: an interrupt from the terminal goes to this process alone, which still has to clean up under the lock.
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo locked && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true
  })
  const exited = once(holder, 'exit')
  const patience = setTimeout(options.waiting, 500)
  const abort = (): void => void holder.kill()
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([once(holder.stdout, 'data'), exited])
    options.signal?.throwIfAborted()
    if (holder.exitCode !== null) throw new Error(`flock ${file} ended with code ${holder.exitCode}`)
    clearTimeout(patience)
    options.signal?.removeEventListener('abort', abort)
    return await work()
  } finally {
    clearTimeout(patience)
    options.signal?.removeEventListener('abort', abort)
    holder.stdin.end()
    await exited
  }
}
