import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { OwnBoard } from '../../api'
import { EXIT, VascopeError } from '../../problem'

/** What a board's form writes. Other lines of a section are the user's, and stay. */
const KEYWORDS = ['hostname', 'port', 'user', 'identityfile', 'proxyjump']

/** A host, a user or a jump as `ssh` takes it, without what a shell or ssh itself would read otherwise. */
const WORD = /^[A-Za-z0-9_[][\w.:[\]-]*$/
const JUMP = /^[A-Za-z0-9_[][\w.:[\]@,-]*$/

const HEAD =
  '# Boards that were added in Vascope. Include this file at the top of ~/.ssh/config, and ssh knows them too.'

/**
 * Boards that were added by form: a file of Vascope's own in the form of ssh_config(5), so that nobody's ~/.ssh/config is written to, and
 * whoever wants them for ssh includes it there.
 */
export class OwnBoards {
  constructor(readonly file: string) {}

  list(): OwnBoard[] {
    return this.blocks().flatMap(({ name, lines }) => (name === null ? [] : [boardOf(name, lines)]))
  }

  /**
   * Writes a board; `before`: the name it had, null: it is new. `taken`: names that mean something else. Throws VascopeError for what ssh
   * could not read, and for a name that is taken.
   */
  save(board: OwnBoard, before: string | null, taken: readonly string[]): void {
    this.check(board, before, taken)
    const blocks = this.blocks()
    const at = before === null ? -1 : blocks.findIndex(({ name }) => name === before)
    const kept = (blocks[at]?.lines ?? []).slice(1).filter((line) => line.trim() && !KEYWORDS.includes(keywordOf(line)))
    const block = { name: board.name, lines: [...hostBlock(board).trimEnd().split('\n'), ...kept, ''] }
    if (at >= 0) blocks[at] = block
    else blocks.push(block)
    this.write(blocks)
  }

  /** Throws as `save` does. */
  check(board: OwnBoard, before: string | null, taken: readonly string[]): void {
    checkFields(board)
    const known = this.list().map(({ name }) => name)
    if (board.name !== before && [...known, ...taken].includes(board.name))
      throw usage('board-taken', `There is a board ${board.name} already.`, 'Give it another name.')
  }

  remove(name: string): void {
    this.write(this.blocks().filter((block) => block.name !== name))
  }

  /** The sections of the file, and what stands before the first; each with its first line. */
  private blocks(): Block[] {
    if (!existsSync(this.file)) return [{ name: null, lines: [HEAD, ''] }]
    const blocks: Block[] = [{ name: null, lines: [] }]
    for (const line of this.read().split('\n')) {
      if (/^(host|match)$/.test(keywordOf(line))) blocks.push({ name: nameOf(line), lines: [line] })
      else blocks.at(-1)!.lines.push(line)
    }
    return blocks
  }

  private read(): string {
    try {
      return readFileSync(this.file, 'utf8')
    } catch (error) {
      throw usage(
        'boards-file',
        `${this.file} cannot be read: ${(error as Error).message}`,
        'Mend it, or move it away.'
      )
    }
  }

  /** Whole or not at all. */
  private write(blocks: readonly Block[]): void {
    const part = `${this.file}.part`
    try {
      mkdirSync(path.dirname(this.file), { recursive: true })
      const text = blocks.flatMap(({ lines }) => lines).join('\n')
      writeFileSync(part, `${text.trimEnd()}\n`, { mode: 0o600 })
      renameSync(part, this.file)
    } catch (error) {
      throw usage(
        'boards-file',
        `${this.file} cannot be written: ${(error as Error).message}`,
        'Check its permissions.'
      )
    }
  }
}

interface Block {
  /** Of a section of one host; null of any other. */
  name: string | null
  lines: string[]
}

/** A board as it stands in the file. */
export function hostBlock({ name, host, port, user, identityFile, jump }: OwnBoard): string {
  const quoted = (text: string): string => (/\s/.test(text) ? `"${text}"` : text)
  return [
    `Host ${name}`,
    `  HostName ${host}`,
    ...(port === null ? [] : [`  Port ${port}`]),
    ...(user ? [`  User ${user}`] : []),
    ...(identityFile ? [`  IdentityFile ${quoted(identityFile)}`] : []),
    ...(jump ? [`  ProxyJump ${jump}`] : [])
  ]
    .join('\n')
    .concat('\n')
}

/** Throws for what could not be written as a Host section, naming the field. */
function checkFields({ name, host, port, user, identityFile, jump }: OwnBoard): void {
  const bad = (what: string, value: string, remedy: string): never => {
    throw usage('board-field', value ? `"${value}" is no ${what}.` : `The ${what} is missing.`, remedy)
  }
  if (!/^[A-Za-z0-9_][\w.-]*$/.test(name)) bad('name', name, 'Letters, digits, dots and dashes, as in a Host line.')
  if (name === 'virtual') bad('name for it', name, 'The virtual board is called so.')
  if (!WORD.test(host)) bad('host', host, 'Give a name or an address.')
  if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65535))
    bad('port', String(port), 'Give a number from 1 to 65535, or none.')
  if (user && !WORD.test(user)) bad('user', user, 'Give the name of a user on the board, or none.')
  if (jump && !JUMP.test(jump)) bad('jump host', jump, 'Give [user@]host[:port], or none.')
  // eslint-disable-next-line no-control-regex
  if (/["\u0000-\u001f]/.test(identityFile)) bad('key file', identityFile, 'Give its path, or none.')
}

/** "identityfile" of "  IdentityFile ~/.ssh/key"; empty of a comment. */
function keywordOf(line: string): string {
  return /^\s*(\w+)[\s=]/.exec(line)?.[1]?.toLowerCase() ?? ''
}

function valueOf(line: string): string {
  return line
    .replace(/^\s*\w+[\s=]+/, '')
    .trim()
    .replace(/^"(.*)"$/, '$1')
}

/** null where it is of several hosts, or of a pattern. */
function nameOf(line: string): string | null {
  const name = valueOf(line)
  return keywordOf(line) === 'host' && !/[\s*?!]/.test(name) ? name : null
}

function boardOf(name: string, lines: readonly string[]): OwnBoard {
  const first = (keyword: string): string => {
    const line = lines.find((one) => keywordOf(one) === keyword)
    return line === undefined ? '' : valueOf(line)
  }
  const port = Number(first('port') || NaN)
  return {
    name,
    host: first('hostname') || name,
    port: Number.isInteger(port) ? port : null,
    user: first('user'),
    identityFile: first('identityfile'),
    jump: first('proxyjump')
  }
}

function usage(code: string, message: string, remedy: string): VascopeError {
  return new VascopeError(code, message, remedy, EXIT.usage)
}
