import { readFile } from 'node:fs/promises'
// ssh2 is CommonJS, and Node does not see most of its names from a module.
import ssh2, {
  type AnyAuthMethod,
  type AuthenticationType,
  type IdentityCallback,
  type ParsedKey,
  type Prompt
} from 'ssh2'
import { VascopeError } from '../../problem'
import type { Ask, Target } from '../connection'

const { utils } = ssh2

const ATTEMPTS = 3

/** Keys that were unlocked, by file, so that a passphrase is asked for once on a way of several hops. Never leaves the process. */
export type Keyring = Map<string, ParsedKey>

/** What the handler of one connection leaves behind for the message when nothing worked. */
export interface AuthLog {
  /** "key ~/.ssh/id_ed25519 refused", in order. */
  tried: string[]
  /** What the board takes, of its last answer. */
  accepted: string[]
}

/** What the board said to the last way: it takes these now, and `partial` when that way was right but more is needed. */
export interface AuthAnswer {
  left: AuthenticationType[]
  partial: boolean
}

/**
 * The ways to log in, one at a time: the agent's keys, the key files, then what the user types. `next()` takes the board's
 * answer to the last one. Ends when nothing is left.
 */
export async function* authMethods(
  target: Target,
  ask: Ask,
  keyring: Keyring,
  log: AuthLog
): AsyncGenerator<AnyAuthMethod, void, AuthAnswer> {
  const username = target.user
  let { left, partial } = yield { type: 'none', username }
  const outcome = (): string => (partial ? 'accepted, but not enough' : 'refused')
  const files = await readIdentities(target.identityFiles, log)

  const offered: Buffer[] = []
  if (target.agent !== null && left.includes('publickey')) {
    const agent = new ChosenAgent(
      target.agent,
      files.flatMap((file) => file.publicKey ?? []),
      target.identitiesOnly === true
    )
    ;({ left, partial } = yield { type: 'agent', username, agent })
    offered.push(...agent.offered)
    log.tried.push(
      agent.failed ? `agent ${target.agent} does not answer` : `agent's ${agent.offered.length} keys ${outcome()}`
    )
  }

  // Keys that need no passphrase first: the user is only asked when they did not do.
  const privateFiles = files.filter((file) => file.privateKey !== null)
  for (const file of [...privateFiles.filter((one) => !isLocked(one)), ...privateFiles.filter(isLocked)]) {
    if (!left.includes('publickey')) break
    if (file.publicKey !== null && offered.some((key) => key.equals(file.publicKey!))) continue
    const key = keyring.get(file.path) ?? (await unlock(file, target, ask, log))
    if (key === null) continue
    keyring.set(file.path, key)
    ;({ left, partial } = yield { type: 'publickey', username, key })
    log.tried.push(`key ${file.path} ${outcome()}`)
  }

  for (let attempt = 0; attempt < ATTEMPTS && left.includes('keyboard-interactive'); attempt++) {
    const dialog = { asked: false, declined: false }
    ;({ left, partial } = yield { type: 'keyboard-interactive', username, prompt: keyboardPrompt(target, ask, dialog) })
    log.tried.push(dialog.declined ? 'no answer given' : `keyboard-interactive ${outcome()}`)
    if (dialog.declined) return
    if (!dialog.asked) break // the board offers it and has nothing to ask
    if (attempt === ATTEMPTS - 1) return
  }

  for (let attempt = 0; attempt < ATTEMPTS && left.includes('password'); attempt++) {
    const password = await ask({
      kind: 'password',
      title: `Password of ${target.user}@${target.host}`,
      detail: attempt === 0 ? '' : 'The board refused the last one.'
    })
    if (password === null) {
      log.tried.push('no password given')
      return
    }
    ;({ left, partial } = yield { type: 'password', username, password })
    log.tried.push(`password ${outcome()}`)
  }
}

/** The error when the ways to log in are used up. */
export function authFailed(target: Target, log: AuthLog, cause: Error): VascopeError {
  const tried = log.tried.length > 0 ? log.tried.join('; ') : 'no key, no agent and no password to try'
  const accepted = log.accepted.length > 0 ? ` The board accepts: ${log.accepted.join(', ')}.` : ''
  return new VascopeError(
    'authentication-failed',
    `${target.user}@${target.host}:${target.port} did not let us in: ${tried}.${accepted}`,
    `Try \`ssh -p ${target.port} ${target.user}@${target.host}\`; add your key with \`ssh-copy-id\`, or set User and IdentityFile in ~/.ssh/config.`,
    undefined,
    { cause }
  )
}

interface Identity {
  path: string
  /** null when the file holds only a public key, which then chooses among the agent's keys. */
  privateKey: Buffer | null
  /** SSH wire form; null when it cannot be known without the passphrase. */
  publicKey: Buffer | null
}

async function readIdentities(paths: string[], log: AuthLog): Promise<Identity[]> {
  const identities: Identity[] = []
  for (const path of paths) {
    const beside = await read(`${path}.pub`)
    const text = await read(path)
    if (text instanceof Error) log.tried.push(`key ${path} cannot be read (${text.code ?? text.message})`)
    const parsed = text instanceof Error ? text : utils.parseKey(text)
    const isPrivate = !(text instanceof Error) && (parsed instanceof Error || parsed.isPrivateKey())
    const shown = parsed instanceof Error && !(beside instanceof Error) ? utils.parseKey(beside) : parsed
    identities.push({
      path,
      privateKey: isPrivate ? text : null,
      publicKey: shown instanceof Error ? null : shown.getPublicSSH()
    })
  }
  return identities
}

async function read(path: string): Promise<Buffer | NodeJS.ErrnoException> {
  try {
    return await readFile(path)
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

function isLocked(identity: Identity): boolean {
  const parsed = utils.parseKey(identity.privateKey!)
  return parsed instanceof Error && needsPassphrase(parsed)
}

function needsPassphrase(error: Error): boolean {
  return /no passphrase given/i.test(error.message)
}

async function unlock(identity: Identity, target: Target, ask: Ask, log: AuthLog): Promise<ParsedKey | null> {
  const data = identity.privateKey!
  let parsed = utils.parseKey(data)
  for (let attempt = 0; parsed instanceof Error && needsPassphrase(parsed) && attempt < ATTEMPTS; attempt++) {
    const passphrase = await ask({
      kind: 'passphrase',
      title: `Passphrase of ${identity.path}`,
      detail: `${attempt === 0 ? '' : 'That was not it. '}The key is for logging in as ${target.user}@${target.host}.`
    })
    if (passphrase === null) {
      log.tried.push(`key ${identity.path} has a passphrase, none given`)
      return null
    }
    const opened = utils.parseKey(data, passphrase)
    if (!(opened instanceof Error)) parsed = opened
  }
  if (!(parsed instanceof Error)) return parsed
  log.tried.push(
    `key ${identity.path} ${needsPassphrase(parsed) ? 'not unlocked, wrong passphrase' : `unusable (${parsed.message})`}`
  )
  return null
}

type PromptHandler = (
  name: string,
  instructions: string,
  lang: string,
  prompts: Prompt[],
  finish: (answers: string[]) => void
) => void

/** Asks what the board wants to know, one prompt after another. */
function keyboardPrompt(target: Target, ask: Ask, dialog: { asked: boolean; declined: boolean }): PromptHandler {
  return (name, instructions, _lang, prompts, finish) => {
    const answerAll = async (): Promise<string[]> => {
      const answers: string[] = []
      for (const { prompt } of prompts) {
        dialog.asked = true
        const answer = await ask({
          kind: 'password',
          title: `${target.user}@${target.host}: ${printable(prompt)}`,
          detail: printable(`${name} ${instructions}`)
        })
        if (answer === null) {
          dialog.declined = true
          return []
        }
        answers.push(answer)
      }
      return answers
    }
    answerAll().then(finish, () => {
      dialog.declined = true
      finish([])
    })
  }
}

/** Text from the other side on one line, without control characters that could paint over the question. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
}

/** The user's agent, with the keys of the identity files first, and only these when the configuration says so. */
class ChosenAgent extends ssh2.OpenSSHAgent {
  readonly offered: Buffer[] = []
  failed = false

  constructor(
    socket: string,
    private readonly preferred: Buffer[],
    private readonly only: boolean
  ) {
    super(socket)
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    super.getIdentities((error, keys) => {
      if (error || keys === undefined) {
        this.failed = true
        callback(error ?? new Error('the agent gave no keys'))
        return
      }
      const listed = keys as ParsedKey[]
      const isPreferred = (key: ParsedKey): boolean => this.preferred.some((one) => one.equals(key.getPublicSSH()))
      const chosen = [...listed.filter(isPreferred), ...(this.only ? [] : listed.filter((key) => !isPreferred(key)))]
      this.offered.push(...chosen.map((key) => key.getPublicSSH()))
      callback(null, chosen)
    })
  }
}
