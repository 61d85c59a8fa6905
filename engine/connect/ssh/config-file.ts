import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import path from 'node:path'
import { LineType, parse, type Line } from 'ssh-config'
import { EXIT, VascopeError } from '../../problem'
import { matchesPattern, matchesPatternList } from './pattern'

/** One effective setting: its arguments, and where it stands, for messages. */
export interface Setting {
  words: string[]
  where: string
}

export interface HostSettings {
  /** The value that counts, which is the first one, by the keyword in lower case. */
  first: Map<string, Setting>
  /** Keywords that add up instead of the first one winning. */
  identityFiles: Setting[]
}

/** One line of a configuration file; a Host or Match line holds the lines below it. */
interface Directive {
  keyword: string
  words: string[]
  file: string
  line: number
  children: Directive[]
}

interface Lookup {
  /** What the user said. */
  name: string
  /** From the command line; empty when not given. */
  user: string
  home: string
  settings: HostSettings
  finalPass: boolean
  finalPassWanted: boolean
}

/** As in OpenSSH (READCONF_MAX_DEPTH). */
const MAX_INCLUDE_DEPTH = 16

/**
 * The settings for one host from these files, the earlier before the later. Matching is done here and not by ssh-config's compute(),
 * because that one follows no Include, knows no line numbers, and starts processes for Match exec and CanonicalizeHostname.
 */
export function readSettings(files: string[], name: string, user: string, home: string): HostSettings {
  const settings: HostSettings = { first: new Map(), identityFiles: [] }
  const lookup: Lookup = { name, user, home, settings, finalPass: false, finalPassWanted: false }
  const apply = (): void => {
    for (const file of files) applyAll(readDirectives(file), lookup, 0)
  }
  apply()
  if (lookup.finalPassWanted) {
    lookup.finalPass = true
    apply()
  }
  return settings
}

/** Every Host name without a wildcard in these files and what they include, each once, in order. */
export function hostNames(files: string[], home: string): string[] {
  const names = new Set<string>()
  const visit = (directives: Directive[], depth: number): void => {
    for (const directive of directives) {
      if (directive.keyword === 'host') {
        for (const word of directive.words) if (!/[*?!]/.test(word)) names.add(word)
      } else if (directive.keyword === 'include') {
        for (const file of includedFiles(directive, home, depth)) visit(readDirectives(file), depth + 1)
      }
      visit(directive.children, depth)
    }
  }
  for (const file of files) visit(readDirectives(file), 0)
  return [...names]
}

function applyAll(directives: Directive[], lookup: Lookup, depth: number): void {
  for (const directive of directives) {
    switch (directive.keyword) {
      case 'host':
        if (matchesPatternList(directive.words, lookup.name)) applyAll(directive.children, lookup, depth)
        break
      case 'match':
        if (matchApplies(directive, lookup)) applyAll(directive.children, lookup, depth)
        break
      case 'include':
        for (const file of includedFiles(directive, lookup.home, depth))
          applyAll(readDirectives(file), lookup, depth + 1)
        break
      default:
        applyOne(directive, lookup.settings)
    }
  }
}

function applyOne(directive: Directive, settings: HostSettings): void {
  const setting = { words: directive.words, where: where(directive) }
  if (directive.keyword === 'identityfile') {
    const known = settings.identityFiles.some((other) => other.words[0] === setting.words[0])
    if (!known) settings.identityFiles.push(setting)
  } else if (!settings.first.has(directive.keyword)) {
    settings.first.set(directive.keyword, setting)
  }
}

/** Whether all criteria of a Match line hold. One that cannot be judged is an error only when the others leave it to decide. */
function matchApplies(directive: Directive, lookup: Lookup): boolean {
  const { words } = directive
  let undecided = ''
  for (let i = 0; i < words.length; i++) {
    const negated = words[i]!.startsWith('!')
    const criterion = words[i]!.slice(negated ? 1 : 0).toLowerCase()
    let holds: boolean | null
    if (criterion === 'all') holds = true
    else if (criterion === 'canonical') holds = false
    else if (criterion === 'final') {
      lookup.finalPassWanted = true
      holds = lookup.finalPass
    } else holds = criterionHolds(criterion, (words[++i] ?? '').split(','), lookup)
    if (holds === null) undecided = criterion
    else if (holds === negated) return false
  }
  if (undecided === '') return true
  throw new VascopeError(
    'ssh-config-unsupported',
    `${where(directive)}: "Match ${undecided}" decides about "${lookup.name}", and Vascope cannot evaluate it.`,
    `Give ${lookup.name} a Host section of its own above that line, or name the board as user@host:port.`,
    EXIT.usage
  )
}

function criterionHolds(criterion: string, patterns: string[], lookup: Lookup): boolean | null {
  const { first } = lookup.settings
  switch (criterion) {
    case 'host':
      return matchesPatternList(
        patterns,
        (first.get('hostname')?.words[0] ?? lookup.name).replaceAll('%h', lookup.name)
      )
    case 'originalhost':
      return matchesPatternList(patterns, lookup.name)
    case 'user':
      return matchesPatternList(patterns, lookup.user || (first.get('user')?.words[0] ?? userInfo().username))
    case 'localuser':
      return matchesPatternList(patterns, userInfo().username)
    default:
      return null
  }
}

/** Files an Include line names: relative to ~/.ssh (or /etc/ssh for the system's file), wildcards in any part, sorted as glob(3). */
function includedFiles(directive: Directive, home: string, depth: number): string[] {
  if (depth >= MAX_INCLUDE_DEPTH) {
    throw new VascopeError(
      'ssh-config-include',
      `${where(directive)}: Include goes deeper than ${MAX_INCLUDE_DEPTH} files.`,
      'Look for a file that includes itself.',
      EXIT.usage
    )
  }
  const base = directive.file.startsWith('/etc/ssh/') ? '/etc/ssh' : path.join(home, '.ssh')
  return directive.words.flatMap((word) => {
    const pattern = path.resolve(base, word.replace(/^~(?=\/)/, home))
    let found = ['/']
    for (const part of pattern.split('/').filter((piece) => piece !== '')) {
      found = found.flatMap((dir) => (/[*?]/.test(part) ? namesIn(dir, part) : [path.join(dir, part)]))
    }
    return found.filter((file) => existsSync(file))
  })
}

function namesIn(dir: string, pattern: string): string[] {
  let names: string[]
  try {
    names = readdirSync(dir)
  } catch {
    return [] // as ssh does: an Include that finds nothing is no error
  }
  const visible = names.filter((name) => pattern.startsWith('.') || !name.startsWith('.'))
  return visible
    .filter((name) => matchesPattern(pattern, name))
    .sort()
    .map((name) => path.join(dir, name))
}

function readDirectives(file: string): Directive[] {
  let lines: Line[]
  try {
    lines = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new VascopeError(
      'ssh-config-unreadable',
      `The SSH configuration ${file} cannot be read: ${(error as Error).message}`,
      `Try \`ssh -G -F ${file} example\`, which says what is wrong with it.`,
      EXIT.usage,
      { cause: error }
    )
  }
  return toDirectives(lines, { file, line: 1 })
}

/** The parser keeps all white space, so the line number is the number of newlines before. */
function toDirectives(lines: Line[], position: { file: string; line: number }): Directive[] {
  const directives: Directive[] = []
  for (const line of lines) {
    position.line += newlines(line.before)
    const at = position.line
    position.line += newlines(line.after)
    if (line.type !== LineType.DIRECTIVE) continue
    const words = typeof line.value === 'string' ? [line.value] : line.value.map((word) => word.val)
    const keyword = line.param.toLowerCase()
    const children = 'config' in line ? toDirectives(line.config, position) : []
    if (keyword !== '') directives.push({ keyword, words, file: position.file, line: at, children })
  }
  return directives
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}

function where(directive: Directive): string {
  return `${directive.file}:${directive.line}`
}
