/**
 * The imports of a TypeScript, JavaScript or Vue file, found by pattern: the code is formatted by prettier, so patterns are enough.
 * `types` is true for an import that is gone after compiling.
 * @param {string} file name; in a .d.ts every import is of types
 * @param {string} text
 * @returns {{ target: string, line: number, types: boolean }[]}
 */
export function importsOf(file, text) {
  const declarations = file.endsWith('.d.ts')
  const found = []
  const add = (match, target, types) => {
    const line = text.slice(0, match.index + match[0].indexOf(match[0].trimStart())).split('\n').length
    found.push({ target, line, types: types || declarations })
  }
  for (const match of text.matchAll(/^[ \t]*import\s+(type\s+)?(?:[^'"`;()]*?\sfrom\s*)?['"]([^'"]+)['"]/gm))
    add(match, match[2], Boolean(match[1]))
  for (const match of text.matchAll(/^[ \t]*export\s+(type\s+)?[^'"`;()=]*?\sfrom\s*['"]([^'"]+)['"]/gm))
    add(match, match[2], Boolean(match[1]))
  // `await import('x')` runs; `import('x').Name` is a type.
  for (const match of text.matchAll(/(?:await\s+)?\bimport\(\s*['"]([^'"]+)['"]\s*\)(\.[A-Z])?/g)) {
    add(match, match[1], Boolean(match[2]) && !match[0].startsWith('await'))
  }
  return found
}
