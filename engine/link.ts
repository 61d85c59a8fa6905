/**
 * Links to an object of a session, for bug reports: vascope://session/FILE/bo/12?at=1.25s. The session is named by its file without the
 * folder, so that a link means the same on another machine that has the file. No imports: the window uses it too.
 */

export type LinkKind = 'bo' | 'vm' | 'va' | 'finding'

export interface ObjectLink {
  /** Name of the session's file, without the folder. */
  session: string
  /** null: the session itself. `id` is a number, or the key of a finding. */
  object: { kind: LinkKind; id: string } | null
  /** Seconds. */
  at: number | null
}

const SCHEME = 'vascope://session/'
const KINDS: readonly string[] = ['bo', 'vm', 'va', 'finding'] satisfies LinkKind[]

export function isLink(text: string): boolean {
  return text.trim().startsWith('vascope:')
}

export function formatLink({ session, object, at }: ObjectLink): string {
  const path = [session, ...(object ? [object.kind, object.id] : [])].map(encodeURIComponent).join('/')
  return SCHEME + path + (at === null ? '' : `?at=${Number(at.toFixed(9))}s`)
}

/** null for text that is no such link. What stands around it in a report, such as brackets or a full stop, is not part of it. */
export function parseLink(text: string): ObjectLink | null {
  const found =
    /vascope:\/\/session\/([^\s<>()"'/?]+)(?:\/([a-z]+)\/([^\s<>()"'/?]+))?\/?(?:\?at=(\d+(?:\.\d+)?)s?)?/.exec(text)
  if (!found) return null
  const [, session = '', kind, id, at] = found
  if (kind !== undefined && !KINDS.includes(kind)) return null
  if (kind !== undefined && kind !== 'finding' && !/^\d+$/.test(id ?? '')) return null
  try {
    const name = decodeURIComponent(session)
    // a name only: a link never reaches into other folders
    if (/[\\/]/.test(name) || name === '..' || name === '.') return null
    return {
      session: name,
      object: kind === undefined ? null : { kind: kind as LinkKind, id: decodeURIComponent(id ?? '') },
      at: at === undefined ? null : Number(at)
    }
  } catch {
    return null // percent signs that mean nothing
  }
}
