import { VascopeError } from '../../problem'
import type { Ask, Target } from '../connection'
import {
  addHostKey,
  concernsHost,
  fingerprint,
  hostKeyName,
  judgeHostKey,
  keyTypeOf,
  readKnownHosts,
  replaceHostKey,
  type KnownHost
} from './known-hosts'

/** Signature algorithms by the key type that known_hosts names, in order of preference; the types in ssh2's own order. */
const ALGORITHMS: Record<string, string[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']
}

/** Under which name the target's key is kept. An alias stands alone, without a port, as in OpenSSH. */
export function knownName(target: Target): string {
  return target.hostKeyAlias === target.host ? hostKeyName(target.host, target.port) : target.hostKeyAlias.toLowerCase()
}

/** Host key algorithms to offer: first those of the keys known for the host, so that the host shows a key that can be compared. */
export async function hostKeyAlgorithms(target: Target): Promise<string[]> {
  const entries = await readKnownHosts(target.knownHosts)
  const own = entries.filter((entry) => entry.marker === '' && concernsHost(entry, knownName(target)))
  const known = new Set(own.map((entry) => entry.keyType))
  const types = Object.keys(ALGORITHMS)
  return [...types.filter((type) => known.has(type)), ...types.filter((type) => !known.has(type))].flatMap(
    (type) => ALGORITHMS[type]!
  )
}

/**
 * Settles whether the key the host shows may be trusted, by known_hosts or by asking, and writes a "yes" to known_hosts.
 * Throws the VascopeError that ends the connection; nothing is ever accepted without an entry or a "yes".
 */
export async function checkHostKey(target: Target, key: Buffer, ask: Ask): Promise<void> {
  const name = knownName(target)
  const where = target.knownHosts[0] ?? null
  const verdict = judgeHostKey(await readKnownHosts(target.knownHosts), name, key)
  const shown = `${keyTypeOf(key)} ${fingerprint(key)}`

  switch (verdict.state) {
    case 'known':
      return
    case 'revoked':
      throw new VascopeError(
        'host-key-revoked',
        `${name} shows the key ${shown}, which ${place(verdict.by)} marks as revoked.`,
        'Do not connect. If the board is yours, give it a new host key.'
      )
    case 'new': {
      const authority = verdict.authority
        ? `${place(verdict.authority)} trusts a certificate authority for it; Vascope does not support host certificates.\n`
        : ''
      const answer = await ask({
        kind: 'host-key-new',
        title: `Is this ${name}?`,
        detail: `${name} has not been seen before. It shows the key\n${shown}\n${authority}${written(where, 'added to')}`
      })
      if (answer === null) {
        throw new VascopeError(
          'host-key-unknown',
          `The host key of ${name} (${shown}) is not known and was not accepted.`,
          "Compare the fingerprint with the board's (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there), then accept it."
        )
      }
      if (where !== null) await addHostKey(where, name, key)
      return
    }
    case 'changed': {
      const known = verdict.known
        .map((entry) => `${entry.keyType} ${fingerprint(entry.key)} (${place(entry)})`)
        .join('\n')
      const answer = await ask({
        kind: 'host-key-changed',
        title: `The host key of ${name} has changed`,
        detail:
          `${name} shows the key\n${shown}\nbut is known by\n${known}\n` +
          `Either the board was installed anew, or something else answers in its place.\n${written(where, 'put in its place in')}`
      })
      if (answer === null) {
        throw new VascopeError(
          'host-key-changed',
          `The host key of ${name} has changed: it shows ${shown}, known is another in ${place(verdict.known[0]!)}.`,
          `If the board was installed anew, accept the new key, or remove the old one: \`ssh-keygen -R '${name}'\`.`
        )
      }
      if (where !== null) await replaceHostKey(where, name, key)
    }
  }
}

function place(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`
}

function written(file: string | null, how: string): string {
  return file === null ? 'Nothing is written: no known_hosts file is set.' : `If you say yes, it is ${how} ${file}.`
}
