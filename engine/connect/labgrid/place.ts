import { hostname, userInfo } from 'node:os'
import { cancelled, EXIT, VascopeError } from '../../problem'
import { labgrid, reason } from './client'

/** Places that this process has, by name: how often, and whether it was we who acquired them. */
const held = new Map<string, { holders: number; ours: Promise<boolean> }>()
/** Places that are being released: whoever wants one again waits for that. */
const releasing = new Map<string, Promise<void>>()

/**
 * Acquires a place, unless this user has it already. Every call is undone by one of `releasePlace`; the last one gives back what was
 * acquired here. Throws VascopeError where somebody else has it. An abort does not end the client, which may have been
 * granted the place: it is given back then, and `cancelled` thrown.
 */
export async function acquirePlace(place: string, signal?: AbortSignal): Promise<void> {
  let entry = held.get(place)
  if (!entry) held.set(place, (entry = { holders: 0, ours: acquire(place) }))
  entry.holders++
  try {
    await entry.ours
  } catch (error) {
    if (held.get(place) === entry) held.delete(place)
    throw error
  }
  if (!signal?.aborted) return
  await releasePlace(place)
  throw cancelled()
}

export async function releasePlace(place: string): Promise<void> {
  const entry = held.get(place)
  if (!entry || --entry.holders > 0) return
  held.delete(place)
  const release = (async () => {
    if (!(await entry.ours)) return
    const { code, output } = await labgrid(['-p', place, 'release'])
    if (code !== 0)
      throw new VascopeError(
        'labgrid-release',
        `The labgrid place ${place} was not released: ${reason(output)}.`,
        `Release it by hand: \`labgrid-client -p ${place} release\`.`
      )
  })()
  const over = release.catch(() => undefined).then(() => void releasing.delete(place))
  releasing.set(place, over)
  await release
}

/** Answers whether it was acquired here; false where this user had it before. */
async function acquire(place: string): Promise<boolean> {
  await releasing.get(place)
  const { code, output } = await labgrid(['-p', place, 'acquire'])
  if (code === 0) return true
  const holder = holderOf(output)
  if (holder === null) throw refused(place, output)
  if (holder === ourselves() || (await allowed(place))) return false
  throw new VascopeError(
    'labgrid-held',
    `The labgrid place ${place} is acquired by ${holder}.`,
    `Wait until it is free (\`labgrid-client who\`), reserve it (\`labgrid-client reserve --wait\`), or ask for \`labgrid-client -p ${place} allow ${ourselves()}\`.`
  )
}

/** Who has the place, by what the client says of it; null where it says something else. */
function holderOf(output: string): string | null {
  // labgrid 0.4 says no more than the name; 24 and later end the sentence, and say how to be allowed
  const other = /already acquired by (\S+\/\S+?)\.?(?:\s|$)/.exec(output)?.[1]
  if (other !== undefined) return other
  if (!/you have already acquired/i.test(output)) return null
  // this user, but on another host: the client lets only that one in
  const host = /you have already acquired place .+ on (\S+?)\.(?:\s|$)/i.exec(output)?.[1]
  return host === undefined ? ourselves() : `${host}/${username()}`
}

async function allowed(place: string): Promise<boolean> {
  const { output } = await labgrid(['-p', place, 'show'])
  const names = /^\s*allowed: (.*)$/m.exec(output)?.[1]?.split(', ') ?? []
  return names.includes(ourselves())
}

/** This user as labgrid knows it: host/user. */
function ourselves(): string {
  return `${process.env.LG_HOSTNAME ?? hostname()}/${username()}`
}

/** As Python's getpass.getuser() finds it. */
function username(): string {
  const { LG_USERNAME, LOGNAME, USER } = process.env
  return LG_USERNAME ?? (LOGNAME || USER || userInfo().username)
}

function refused(place: string, output: string): VascopeError {
  const why = reason(output)
  if (/could not connect to coordinator|connection refused|error connecting/i.test(output))
    return new VascopeError(
      'labgrid-coordinator',
      `labgrid's coordinator cannot be reached: ${why}.`,
      'Say where it is with LG_COORDINATOR (LG_CROSSBAR before labgrid 24), and check that it runs.'
    )
  if (/no place matching|pattern .* matches|not found/i.test(output))
    return new VascopeError(
      'labgrid-place',
      `labgrid:${place} names no single place: ${why}.`,
      '`labgrid-client places` lists them.',
      EXIT.usage
    )
  return new VascopeError(
    'labgrid-acquire',
    `The labgrid place ${place} could not be acquired: ${why}.`,
    `Try \`labgrid-client -p ${place} acquire\` by hand.`
  )
}
