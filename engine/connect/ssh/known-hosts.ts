import { createHash, createHmac } from 'node:crypto'
import { appendFile, chmod, copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { matchesPatternList } from './pattern'

/** One line of a known_hosts file. */
export interface KnownHost {
  file: string
  line: number
  marker: '' | '@revoked' | '@cert-authority'
  /** The first field: names and patterns separated by commas, or one hashed name. */
  hosts: string
  keyType: string
  key: Buffer
}

export type HostKeyState =
  | { state: 'known' }
  /** `authority` is set when only a certificate authority, which cannot be checked here, is known for the host. */
  | { state: 'new'; authority: KnownHost | null }
  /** The host is known by other keys, at least one. */
  | { state: 'changed'; known: KnownHost[] }
  | { state: 'revoked'; by: KnownHost }

/** The name under which OpenSSH keeps a host's key: the port counts only when it is not 22. */
export function hostKeyName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

/** "SHA256:…" as ssh prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The algorithm a key in SSH's wire form names at its start. */
export function keyTypeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1')
}

/** Entries of one file's text. Comments and lines that make no sense are passed over, as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((content, index) => {
    const fields = content.trim().split(/\s+/)
    const marker = fields[0]!.startsWith('@') ? fields.shift()! : ''
    const [hosts, keyType, key] = fields
    if (hosts === undefined || hosts === '' || hosts.startsWith('#') || keyType === undefined || key === undefined)
      return []
    if (marker !== '' && marker !== '@revoked' && marker !== '@cert-authority') return []
    return [{ file, line: index + 1, marker, hosts, keyType, key: Buffer.from(key, 'base64') }]
  })
}

/** Entries of all files that exist. */
export async function readKnownHosts(files: string[]): Promise<KnownHost[]> {
  const entries = await Promise.all(files.map(async (file) => parseKnownHosts(await readIfThere(file), file)))
  return entries.flat()
}

/** Whether the entry speaks of this host; `name` as of hostKeyName. */
export function concernsHost(entry: KnownHost, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(entry.hosts)
  if (hashed) return createHmac('sha1', Buffer.from(hashed[1]!, 'base64')).update(name).digest('base64') === hashed[2]
  return matchesPatternList(entry.hosts.toLowerCase().split(','), name)
}

/** What the entries say of a key that the host `name` showed. */
export function judgeHostKey(entries: KnownHost[], name: string, key: Buffer): HostKeyState {
  const own = entries.filter((entry) => concernsHost(entry, name))
  const same = (entry: KnownHost): boolean => entry.key.equals(key)

  const revoked = own.find((entry) => entry.marker === '@revoked' && same(entry))
  if (revoked) return { state: 'revoked', by: revoked }
  const plain = own.filter((entry) => entry.marker === '')
  if (plain.some(same)) return { state: 'known' }
  // A known host that shows a key of another type is changed too: the types known for it were asked for first (connect.ts).
  if (plain.length > 0) return { state: 'changed', known: plain }
  return { state: 'new', authority: own.find((entry) => entry.marker === '@cert-authority') ?? null }
}

/** Adds a key to the end of the file, which is made if need be. */
export async function addHostKey(file: string, name: string, key: Buffer): Promise<void> {
  if (file === '/dev/null') return
  const before = await readIfThere(file)
  const gap = before === '' || before.endsWith('\n') ? '' : '\n'
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  await appendFile(file, `${gap}${name} ${keyTypeOf(key)} ${key.toString('base64')}\n`, { mode: 0o600 })
}

/**
 * Puts `key` in the place of all that the file knew of the host. Other hosts on the same lines keep their key, and the file as it
 * was stays beside it as `<file>.old`, as ssh-keygen does. Entries of other files are left alone: the new key is known all the same.
 */
export async function replaceHostKey(file: string, name: string, key: Buffer): Promise<void> {
  const before = await readIfThere(file)
  const entries = parseKnownHosts(before, file).filter((entry) => entry.marker === '' && concernsHost(entry, name))
  const lines = before.split('\n').flatMap((content, index) => {
    const entry = entries.find((candidate) => candidate.line === index + 1)
    if (entry === undefined) return [content]
    const others = entry.hosts.split(',').filter((host) => host.toLowerCase() !== name)
    const alone = entry.hosts.startsWith('|') || others.every((host) => host.startsWith('!'))
    return alone ? [] : [content.replace(entry.hosts, others.join(','))]
  })
  if (entries.length > 0) {
    await copyFile(file, `${file}.old`)
    await chmod(`${file}.old`, 0o600)
    await writeFile(`${file}.new`, lines.join('\n'), { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
  await addHostKey(file, name, key)
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
