import { cancelled } from '../problem'
import type { Ask, Connection, Progress, Target } from './connection'
import { labgridPlace, labgridTarget, openLabgrid } from './labgrid/connection'
import { acquirePlace, releasePlace } from './labgrid/place'
import { connect } from './ssh/connect'
import { resolveTarget } from './ssh/config'
import { DEFAULT_BOARD, target, up } from './virtual/board'
import { asVariant, type Variant } from './virtual/variant'

/** "virtual" is the default board, "virtual:NAME" another, "virtual:NAME:KERNEL" one with that kernel; null for an SSH target. */
function virtual(board: string): { name: string; kernel?: Variant } | null {
  const [scheme, name = DEFAULT_BOARD, ...kernel] = board.split(':')
  if (scheme !== 'virtual') return null
  return kernel.length ? { name, kernel: asVariant(kernel.join(':')) } : { name }
}

/** The name of the virtual board that is meant; null for an SSH target. */
export function virtualName(board: string): string | null {
  return virtual(board)?.name ?? null
}

/** The same for two ways of saying one board. */
export function boardKey(board: string): string {
  const name = virtualName(board)
  return name === null ? board : `virtual:${name}`
}

/** Makes a board reachable: starts a virtual one (building it if need be), names a labgrid place, or reads the SSH configuration. */
export async function reach(board: string, options: { progress: Progress; signal: AbortSignal }): Promise<Target> {
  const place = labgridPlace(board)
  if (place !== null) return labgridTarget(place)
  const wanted = virtual(board)
  return wanted ? target(await up({ ...wanted, ...options })) : resolveTarget(board)
}

/** Opens a way to a board that was reached. */
export function open(
  target: Target,
  options: { ask: Ask; progress: Progress; signal: AbortSignal }
): Promise<Connection> {
  const place = labgridPlace(target.name)
  return place === null ? connect(target, options) : openLabgrid(place, options)
}

/** How a board was reached, for people. Of a place it is labgrid's client that knows the address, and asks for no host key. */
export function wayTo({ name, user, host, port }: Target): string {
  const place = labgridPlace(name)
  return place === null ? `${user}@${host}:${port}, host key known` : `labgrid place ${place}`
}

/** Keeps others from a board between sessions with it, where a lab hands boards out (labgrid). Answers what gives it back. */
export async function hold(board: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const place = labgridPlace(board)
  if (place === null) return () => Promise.resolve()
  await acquirePlace(place, signal)
  return () => releasePlace(place)
}

/** What tells one start of a kernel from another; null where the board does not say. */
export async function bootId(connection: Connection): Promise<string | null> {
  const { code, stdout } = await connection.exec('cat /proc/sys/kernel/random/boot_id', { timeoutMs: ANSWER_MS })
  return code === 0 && stdout.trim() ? stdout.trim() : null
}

const ANSWER_MS = 60_000
const AGAIN_MS = 1_000
/** How long a board may take to go down after it has ended its connections. */
const GOING_MS = 20_000

/**
 * Waits until a board that was lost answers again, at most `limitMs`, and answers its boot id; null when it stays away or does not say.
 * `before` is the boot id it had: a board that goes down in order answers with that for a while, so it is asked again before it is believed.
 * The user is asked nothing meanwhile.
 */
export async function awaitBoard(
  board: string,
  before: string | null,
  limitMs: number,
  signal: AbortSignal
): Promise<string | null> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  const believed = Date.now() + GOING_MS
  while (!deadline.aborted) {
    const id = await askBootId(board, deadline)
    if (id !== null && (id !== before || Date.now() > believed)) return id
    await pause(AGAIN_MS, deadline)
  }
  if (signal.aborted) throw cancelled()
  return null
}

/** The boot id of a board as it is now; null where it is away or does not say. A virtual one is started. The user is asked nothing. */
export async function askBootId(board: string, signal: AbortSignal): Promise<string | null> {
  const progress = (): void => undefined
  try {
    const connection = await open(await reach(board, { progress, signal }), {
      ask: () => Promise.resolve(null),
      progress,
      signal
    })
    try {
      return await bootId(connection)
    } finally {
      connection.dispose()
    }
  } catch {
    return null // it is away or on its way; what keeps it away is told by the next session
  }
}

/** Resolves after so long, or at once when `signal` aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}
