/** True when `text` matches an OpenSSH pattern: `*` stands for any run of characters, `?` for exactly one. Letter case counts. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}

/** True when a pattern of the list matches and none of its negated ones (`!pattern`) does. */
export function matchesPatternList(patterns: string[], text: string): boolean {
  let matched = false
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), text)) return false
    } else if (matchesPattern(pattern, text)) {
      matched = true
    }
  }
  return matched
}
