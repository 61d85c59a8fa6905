import type { Problem } from './api'

/** Exit codes of the command line; `interrupted` is the shell's for Ctrl-C. */
export const EXIT = { fine: 0, findings: 1, usage: 2, board: 3, file: 4, interrupted: 130 } as const

/**
 * An error that a person can act on: what happened and to which object (`message`), and what to do next (`remedy`).
 * `code` is stable and kebab-case, for programs; `exit` is the exit code the command line ends with.
 */
export class VascopeError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly remedy: string,
    readonly exit: (typeof EXIT)[keyof typeof EXIT] = EXIT.board,
    options?: ErrorOptions
  ) {
    super(message, options)
    this.name = 'VascopeError'
  }

  toProblem(): Problem {
    return { code: this.code, message: this.message, remedy: this.remedy }
  }
}

/** What is thrown when the user stopped something before it was done. */
export function cancelled(): VascopeError {
  return new VascopeError('cancelled', 'Cancelled.', 'Start again when you are ready.', EXIT.interrupted)
}

/** Waits for something that cannot be stopped, until `signal` aborts, which throws `cancelled`; what becomes of it then is not asked. */
export async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work
  let stop = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(cancelled())
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
    work.catch(() => undefined)
  }
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EEXIST: 'there is a file of that name',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is full',
  EROFS: 'the disk is read-only'
}

/** Why the system refused to open, read or write a file, in words where the reason is a common one. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return (code !== undefined && SYSTEM_REASONS[code]) || message
}

/** Any thrown value as a Problem; an unexpected one keeps its own text and asks for a report. */
export function asProblem(error: unknown): Problem {
  if (error instanceof VascopeError) return error.toProblem()
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'unexpected', message, remedy: 'This is a fault in Vascope. Please report it with the session file.' }
}
