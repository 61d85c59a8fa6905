import type { Duplex } from 'node:stream'

/** Called with what is being done now; `fraction` is 0..1, or null where unknown. */
export type Progress = (activity: string, fraction: number | null) => void

/** Asks the user. Resolves to the answer, or null for "no". Without a user the CLI answers from its flags, else null. */
export type Ask = (question: {
  kind: 'host-key-new' | 'host-key-changed' | 'password' | 'passphrase'
  title: string
  detail: string
}) => Promise<string | null>

/** Everything needed to reach a board, already resolved (config read, virtual board running). */
export interface Target {
  /** What the user said: "virtual", "rb3gen2". */
  name: string
  host: string
  port: number
  user: string
  /** Private key files to try, in order. */
  identityFiles: string[]
  /** Of the agent's keys, only those that belong to `identityFiles` are tried (IdentitiesOnly). */
  identitiesOnly?: boolean
  /** Path of the agent's socket, or null. */
  agent: string | null
  /** known_hosts files to read; the first is the one to write to. */
  knownHosts: string[]
  /** Name under which the host key is looked up (HostKeyAlias, or host). */
  hostKeyAlias: string
  /** Reached through this one first. */
  jump: Target | null
  /** True for the virtual board: nothing is rendered there. */
  emulated: boolean
  /** What is known of the board before it is asked, for the session's head. */
  facts: Record<string, string>
}

export interface ExecResult {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

/** A process on the board whose stdin and stdout are this stream. `destroy()` ends it. */
export interface RemoteProcess {
  /** Writable is its stdin, readable its stdout. */
  stdio: Duplex
  /** Everything it wrote to stderr, at most the last 64 KiB. */
  stderr(): string
  exited: Promise<{ code: number | null; signal: string | null }>
}

/** An open way to a board. Everything Vascope does on a board goes through one of these. */
export interface Connection {
  readonly target: Target
  /** Runs a shell command (POSIX sh) to its end. */
  exec(command: string, options?: { input?: string; timeoutMs?: number }): Promise<ExecResult>
  spawn(command: string): Promise<RemoteProcess>
  /** Writes a file on the board, with this mode, replacing it whole. */
  upload(local: string, remote: string, mode: number): Promise<void>
  /** Settles when the connection is gone, with the reason when it was not asked to go. */
  readonly closed: Promise<Error | null>
  dispose(): void
}
