import { createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  addHostKey,
  concernsHost,
  hostKeyName,
  judgeHostKey,
  parseKnownHosts,
  replaceHostKey
} from '../../../engine/connect/ssh/known-hosts'

/** A key in SSH's wire form: the type, then something that tells it from others. */
function key(content: string, type = 'ssh-ed25519'): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(type.length)
  return Buffer.concat([length, Buffer.from(type + content)])
}

const entry = (hosts: string, blob: Buffer, type = 'ssh-ed25519'): string =>
  `${hosts} ${type} ${blob.toString('base64')}`

function hashed(name: string): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}

const A = key('A')
const B = key('B')
const RSA = key('R', 'ssh-rsa')

describe('a line of known_hosts', () => {
  it.each([
    ['board', 'board', true],
    ['Board', 'board', true],
    ['board', 'board2', false],
    ['a,board,b', 'board', true],
    ['board', '[board]:2222', false],
    ['[board]:2222', '[board]:2222', true],
    ['[board]:2222', 'board', false],
    ['*', 'anything', true],
    ['10.0.0.?', '10.0.0.7', true],
    ['10.0.0.?', '10.0.0.77', false],
    ['10.0.0.?', '10.0.0.', false],
    ['*.lab', 'rb3.lab', true],
    ['*.lab', 'rb3xlab', false],
    ['*.lab,!rb3.lab', 'rb3.lab', false],
    ['*.lab,!rb3.lab', 'rb5.lab', true],
    ['!rb3.lab', 'rb5.lab', false],
    ['[*]:2222', '[board]:2222', true],
    ['[fe80::1]:2222', '[fe80::1]:2222', true],
    [hashed('board'), 'board', true],
    [hashed('board'), 'other', false],
    [hashed('[board]:2222'), '[board]:2222', true]
  ])('%s concerns %s: %s', (hosts, name, expected) => {
    expect(concernsHost(parseKnownHosts(entry(hosts, A), 'f')[0]!, name)).toBe(expected)
  })

  it('is passed over when it is a comment, empty, cut short or of an unknown kind', () => {
    const text = [
      '# board ssh-ed25519 AAAA',
      '',
      '  ',
      'board',
      'board ssh-ed25519',
      '@new board ssh-ed25519 AAAA',
      entry('board', A)
    ]
    expect(parseKnownHosts(text.join('\n'), 'f')).toEqual([
      { file: 'f', line: 7, marker: '', hosts: 'board', keyType: 'ssh-ed25519', key: A }
    ])
  })

  it('is under the name that ssh gives it', () => {
    expect(hostKeyName('Board', 22)).toBe('board')
    expect(hostKeyName('Board', 2222)).toBe('[board]:2222')
  })
})

describe('a key that a host shows', () => {
  const judge = (lines: string[], shown: Buffer, name = 'board'): ReturnType<typeof judgeHostKey> =>
    judgeHostKey(parseKnownHosts(lines.join('\n'), 'f'), name, shown)

  it('is known when any of its lines has it', () => {
    expect(judge([entry('board', B), entry('*', A)], A)).toEqual({ state: 'known' })
    expect(judge([entry(hashed('board'), A)], A)).toEqual({ state: 'known' })
  })

  it('is new when no line is about the host', () => {
    expect(judge([], A)).toEqual({ state: 'new', authority: null })
    expect(judge([entry('other', A), entry('*,!board', A)], A)).toEqual({ state: 'new', authority: null })
  })

  it('is changed when the host is known by another key, of whatever type, and the lines are told', () => {
    expect(judge(['# lab', entry('board', B)], A)).toMatchObject({ state: 'changed', known: [{ file: 'f', line: 2 }] })
    expect(judge([entry(hashed('board'), RSA, 'ssh-rsa')], A)).toMatchObject({ state: 'changed', known: [{ line: 1 }] })
  })

  it('is revoked even when another line knows it', () => {
    const lines = [entry('board', A), `@revoked ${entry('*', A)}`]
    expect(judge(lines, A)).toMatchObject({ state: 'revoked', by: { line: 2 } })
    expect(judge([`@revoked ${entry('other', A)}`, entry('board', A)], A)).toEqual({ state: 'known' })
    expect(judge([`@revoked ${entry('board', B)}`], A)).toEqual({ state: 'new', authority: null })
  })

  it('is not vouched for by a certificate authority, which is only told', () => {
    expect(judge([`@cert-authority ${entry('*', A)}`], A)).toMatchObject({ state: 'new', authority: { line: 1 } })
    expect(judge([`@cert-authority ${entry('*', B)}`, entry('board', A)], A)).toEqual({ state: 'known' })
  })
})

describe('writing', () => {
  let dir: string
  const file = (name: string): string => path.join(dir, name)

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'vascope-known-'))
  })
  afterAll(() => rm(dir, { recursive: true }))

  it('adds a line after one that has no end', async () => {
    await writeFile(file('open'), entry('other', B))
    await addHostKey(file('open'), 'board', A)
    expect(await readFile(file('open'), 'utf8')).toBe(`${entry('other', B)}\n${entry('board', A)}\n`)
  })

  it('replaces every key of the host, hashed ones too, and nothing else', async () => {
    const kept = ['# a comment', entry('other', B), entry('*.lab', B), `@revoked ${entry('board', RSA, 'ssh-rsa')}`]
    const before = [entry('board', B), ...kept, entry(hashed('board'), RSA, 'ssh-rsa'), entry('x,board,y', B), ''].join(
      '\n'
    )
    await writeFile(file('full'), before)
    await replaceHostKey(file('full'), 'board', A)
    expect(await readFile(file('full'), 'utf8')).toBe([...kept, entry('x,y', B), entry('board', A), ''].join('\n'))
    expect(await readFile(file('full.old'), 'utf8')).toBe(before)
    expect((await stat(file('full'))).mode & 0o777).toBe(0o600)
  })

  it('leaves a pattern that covers the host, beside which the new key is known', async () => {
    await writeFile(file('pattern'), `${entry('*', B)}\n`)
    await replaceHostKey(file('pattern'), 'board', A)
    const entries = parseKnownHosts(await readFile(file('pattern'), 'utf8'), 'f')
    expect(judgeHostKey(entries, 'board', A)).toEqual({ state: 'known' })
    expect(judgeHostKey(entries, 'other', B)).toEqual({ state: 'known' })
  })
})
