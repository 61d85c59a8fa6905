import type { RecentSession } from '../../../engine/api'

export type SortKey = 'title' | 'board' | 'kernel' | 'started' | 'seconds' | 'events' | 'bytes'

export interface Sort {
  key: SortKey
  descending: boolean
}

/** Every word is in the title, board, kernel, a tag, the note or the file's name; "#word" is a whole tag. */
export function matchesSession(session: RecentSession, text: string): boolean {
  const { title, board, kernel, tags, note, file } = session
  const all = [title, board, kernel, note, file.split(/[\\/]/).pop() ?? '', ...tags].join(' ').toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((word) =>
      word.startsWith('#') ? tags.some((tag) => tag.toLowerCase() === word.slice(1)) : all.includes(word)
    )
}

export function sortSessions(sessions: readonly RecentSession[], { key, descending }: Sort): RecentSession[] {
  const sign = descending ? -1 : 1
  return [...sessions].sort((a, b) => {
    const [x, y] = [a[key], b[key]]
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))
    return sign * order || b.started - a.started
  })
}

/** All tags in use, the most used first. */
export function tagsOf(sessions: readonly RecentSession[]): string[] {
  const uses = new Map<string, number>()
  for (const tag of sessions.flatMap(({ tags }) => tags)) uses.set(tag, (uses.get(tag) ?? 0) + 1)
  return [...uses].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([tag]) => tag)
}
