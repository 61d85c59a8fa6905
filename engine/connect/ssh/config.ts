import { existsSync } from 'node:fs'
import { homedir, hostname, userInfo } from 'node:os'
import path from 'node:path'
import { configDir } from '../../paths'
import { EXIT, VascopeError } from '../../problem'
import type { Target } from '../connection'
import { hostNames, readSettings, type HostSettings, type Setting } from './config-file'
import { OwnBoards } from './own-boards'

/** What the user said outright; it wins over the configuration. */
export interface ResolveOptions {
  /** Read instead of Vascope's own, ~/.ssh/config and /etc/ssh/ssh_config. */
  configFile?: string
  user?: string
  port?: number
  identityFile?: string
  /** Instead of the user's own, for tests. */
  home?: string
}

const DEFAULT_IDENTITIES = ['id_ed25519', 'id_ecdsa', 'id_rsa']
const SYSTEM_CONFIG = '/etc/ssh/ssh_config'
const SYSTEM_KNOWN_HOSTS = '/etc/ssh/ssh_known_hosts'

interface Destination {
  user: string
  host: string
  port: number | null
}

/**
 * Everything needed to reach `[user@]host[:port]`, where host may be a Host of ~/.ssh/config. Nothing is contacted.
 * What the configuration asks for and Vascope cannot do is an error that names the line, never silently left out.
 */
export async function resolveTarget(name: string, options: ResolveOptions = {}): Promise<Target> {
  return resolve(name, options, [])
}

/** The boards that were added by form. */
export function ownBoards(options: ResolveOptions = {}): OwnBoards {
  return new OwnBoards(configDir(options.home ?? null, 'boards'))
}

/** How a board that was added is reached, as `listHosts` says it; an error's text where it cannot be. */
export function describeHost(name: string, options: ResolveOptions = {}): string {
  try {
    return describeTarget(resolve(name, options, []))
  } catch (error) {
    if (error instanceof VascopeError) return error.message
    throw error
  }
}

/** The concrete hosts of the user's configuration, for a list to choose from; `detail` is "root@10.0.0.7 by way of labgate". */
export async function listHosts(options: ResolveOptions = {}): Promise<{ name: string; detail: string }[]> {
  const home = options.home ?? homedir()
  const files = options.configFile !== undefined ? [options.configFile] : [userConfig(home)].filter(existsSync)
  return hostNames(files, home).map((name) => ({ name, detail: describeHost(name, options) }))
}

/** "root@10.0.0.7:2222 by way of labgate". */
export function describeTarget(target: Target): string {
  const port = target.port === 22 ? '' : `:${target.port}`
  const jump = target.jump ? ` by way of ${target.jump.name}` : ''
  return `${target.user}@${target.host}${port}${jump}`
}

/** `jumps` are the remaining hops of the ProxyJump line that led here, undefined when the host's own line counts. */
function resolve(name: string, options: ResolveOptions, trail: string[], jumps?: string[]): Target {
  const said = parseDestination(name)
  const home = options.home ?? homedir()
  const settings = readSettings(configFiles(options, home), said.host, options.user ?? said.user, home)
  const first = (keyword: string): Setting | undefined => settings.first.get(keyword)

  const user = options.user ?? (said.user || (first('user')?.words[0] ?? userInfo().username))
  const port = options.port ?? said.port ?? parsePort(first('port')?.words[0] ?? '22', first('port')?.where ?? name)
  const host = expand(first('hostname'), { h: said.host }) ?? said.host
  const tokens: Tokens = {
    d: home,
    h: host,
    i: String(process.getuid?.() ?? 0),
    k: first('hostkeyalias')?.words[0] ?? host,
    L: hostname().split('.')[0]!,
    l: hostname(),
    n: said.host,
    p: String(port),
    r: user,
    u: userInfo().username
  }
  const files = (setting: Setting): string[] => setting.words.map((word) => filePath(word, setting.where, tokens, home))

  refuseProxyCommand(settings, said.host)
  const knownHosts = first('userknownhostsfile')
  return {
    name,
    host,
    port,
    user,
    identityFiles: identityFiles(settings, options, home, files),
    identitiesOnly: first('identitiesonly')?.words[0]?.toLowerCase() === 'yes',
    agent: agentSocket(first('identityagent'), files),
    knownHosts: [
      ...(knownHosts ? files(knownHosts).filter((file) => file !== 'none') : [path.join(home, '.ssh', 'known_hosts')]),
      SYSTEM_KNOWN_HOSTS
    ],
    hostKeyAlias: expand(first('hostkeyalias'), tokens) ?? host,
    jump: jumpTarget(name, jumps ?? jumpHops(settings), options, trail),
    emulated: false,
    facts: {}
  }
}

function configFiles(options: ResolveOptions, home: string): string[] {
  if (options.configFile !== undefined) return [options.configFile]
  // of several settings the first counts: a board that was added is not changed by what holds for all hosts
  return [ownBoards(options).file, userConfig(home), SYSTEM_CONFIG].filter((file) => existsSync(file))
}

function userConfig(home: string): string {
  return path.join(home, '.ssh', 'config')
}

/** `[user@]host[:port]`, `ssh://…`, and IPv6 addresses bare or in brackets. */
function parseDestination(text: string): Destination {
  const bare = text.replace(/^ssh:\/\//, '').replace(/\/$/, '')
  const at = bare.lastIndexOf('@')
  const user = at < 0 ? '' : bare.slice(0, at)
  const rest = bare.slice(at + 1)
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(rest) ?? /^([^:]+):(\d+)$/.exec(rest)
  const host = match?.[1] ?? rest
  if (host === '' || /[\s/\\'"`$;|&<>(){}]/.test(host) || host.startsWith('-')) {
    throw new VascopeError(
      'board-name',
      `"${text}" is not the name of a board.`,
      'Give "virtual", a Host of ~/.ssh/config, or [user@]host[:port].',
      EXIT.usage
    )
  }
  return { user, host, port: match?.[2] === undefined ? null : parsePort(match[2], text) }
}

function parsePort(text: string, where: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port
  throw new VascopeError('ssh-port', `${where}: "${text}" is not a port.`, 'Give a number from 1 to 65535.', EXIT.usage)
}

type Tokens = Record<string, string>

/** A setting's one value with its %-tokens replaced; undefined stays undefined. */
function expand(setting: Setting | undefined, tokens: Tokens): string | undefined {
  return setting?.words[0] === undefined ? undefined : expandText(setting.words[0], setting.where, tokens)
}

function expandText(text: string, where: string, tokens: Tokens): string {
  return text.replace(/%(.?)/g, (whole, letter: string) => {
    if (letter === '%') return '%'
    const value = tokens[letter]
    if (value !== undefined) return value
    throw unsupported(where, `the token "${whole}"`, 'Write the value out.')
  })
}

function filePath(word: string, where: string, tokens: Tokens, home: string): string {
  if (word === 'none') return word
  const text = expandText(word, where, tokens).replace(/\$\{(\w+)\}/g, (_, variable: string) => {
    const value = process.env[variable]
    if (value !== undefined) return value
    throw unsupported(where, `\${${variable}}, which is not set`, 'Set it, or write the path out.')
  })
  return path.resolve(home, text.replace(/^~(?=\/|$)/, home))
}

function identityFiles(
  settings: HostSettings,
  options: ResolveOptions,
  home: string,
  files: (setting: Setting) => string[]
): string[] {
  if (options.identityFile !== undefined) return [options.identityFile]
  if (settings.identityFiles.length > 0) return settings.identityFiles.flatMap(files).filter((file) => file !== 'none')
  return DEFAULT_IDENTITIES.map((name) => path.join(home, '.ssh', name)).filter((file) => existsSync(file))
}

function agentSocket(setting: Setting | undefined, files: (setting: Setting) => string[]): string | null {
  const word = setting?.words[0] ?? 'SSH_AUTH_SOCK'
  if (word === 'none') return null
  if (word === 'SSH_AUTH_SOCK') return process.env.SSH_AUTH_SOCK || null
  if (/^\$\w+$/.test(word)) return process.env[word.slice(1)] || null
  return files(setting!)[0]!
}

function refuseProxyCommand(settings: HostSettings, host: string): void {
  const command = settings.first.get('proxycommand')
  if (command === undefined || command.words.join(' ').toLowerCase() === 'none') return
  // Of the two, the one that stands first counts, and the map keeps the order of the lines.
  const keywords = [...settings.first.keys()]
  if (keywords.includes('proxyjump') && keywords.indexOf('proxyjump') < keywords.indexOf('proxycommand')) return
  const gate = /^(?:\S*\/)?ssh\s.*-W\s*\[?%h\]?:%p/.test(command.words.join(' '))
  throw unsupported(
    command.where,
    `ProxyCommand (it applies to "${host}")`,
    gate ? 'Replace the line by "ProxyJump HOST" with the same host.' : 'Use ProxyJump to go through another host.'
  )
}

function jumpHops(settings: HostSettings): string[] {
  const words = settings.first.get('proxyjump')?.words.join(',') ?? 'none'
  return words.toLowerCase() === 'none' ? [] : words.split(',').map((hop) => hop.trim())
}

/** The last hop is reached through the ones before it; only the first hop's own ProxyJump counts, as for ssh. */
function jumpTarget(name: string, hops: string[], options: ResolveOptions, trail: string[]): Target | null {
  const last = hops.at(-1)
  if (last === undefined) return null
  const way = [...trail, name]
  if (way.some((seen) => parseDestination(seen).host === parseDestination(last).host)) {
    throw new VascopeError(
      'ssh-jump-loop',
      `ProxyJump goes in a circle: ${[...way, last].join(', ')}.`,
      `Give ${last} a Host section with "ProxyJump none" in ~/.ssh/config.`,
      EXIT.usage
    )
  }
  const before = hops.slice(0, -1)
  const { configFile, home } = options
  return resolve(last, { configFile, home }, way, before.length > 0 ? before : undefined)
}

function unsupported(where: string, what: string, remedy: string): VascopeError {
  return new VascopeError('ssh-config-unsupported', `${where}: Vascope does not support ${what}.`, remedy, EXIT.usage)
}
