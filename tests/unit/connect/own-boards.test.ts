import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OwnBoard } from '../../../engine/api'
import { describeHost, listHosts, ownBoards, resolveTarget } from '../../../engine/connect/ssh/config'

const RB3: OwnBoard = {
  ...{ name: 'rb3', host: '10.0.0.7', port: 2222, user: 'root' },
  ...{ identityFile: '~/.ssh/lab key', jump: 'me@gate:22' }
}
const PLAIN: OwnBoard = { name: 'x1e', host: 'fe80::1', port: null, user: '', identityFile: '', jump: '' }

let home: string
const boards = (): ReturnType<typeof ownBoards> => ownBoards({ home })
beforeEach(() => (home = mkdtempSync(path.join(tmpdir(), 'vascope-boards-'))))
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('boards that were added', () => {
  it('are read as they were written, and none where nothing was', () => {
    expect(boards().list()).toEqual([])
    boards().save({ ...PLAIN, host: 'x1e.lan' }, null, [])
    boards().save(RB3, null, [])
    expect(boards().list()).toEqual([{ ...PLAIN, host: 'x1e.lan' }, RB3])
  })

  it('are reached by their own settings, before those of ~/.ssh/config, which is not written to', async () => {
    const config = path.join(home, '.ssh/config')
    mkdirSync(path.dirname(config))
    writeFileSync(config, 'Host *\n  User lab\n  Port 23\n')
    boards().save(RB3, null, [])
    expect(await resolveTarget('rb3', { home })).toMatchObject({
      ...{ host: '10.0.0.7', port: 2222, user: 'root', identityFiles: [path.join(home, '.ssh/lab key')] },
      jump: { user: 'me', host: 'gate', port: 22 }
    })
    expect(describeHost('rb3', { home })).toBe('root@10.0.0.7:2222 by way of me@gate:22')
    expect(readFileSync(config, 'utf8')).toBe('Host *\n  User lab\n  Port 23\n')
    expect(await listHosts({ home })).toEqual([])
  })

  it('are changed in their place, with what somebody wrote beside them', () => {
    boards().save(RB3, null, [])
    boards().save({ ...PLAIN, host: 'x1e.lan' }, null, [])
    appendFileSync(boards().file, '  ServerAliveInterval 5\n# mine\nHost *.lab\n  User ci\n')
    boards().save({ ...PLAIN, name: 'x1e-crd', host: 'crd.lan', user: 'me' }, 'x1e', [])
    expect(
      boards()
        .list()
        .map(({ name, host }) => `${name} ${host}`)
    ).toEqual(['rb3 10.0.0.7', 'x1e-crd crd.lan'])
    const text = readFileSync(boards().file, 'utf8')
    expect(text).toContain('Host x1e-crd\n  HostName crd.lan\n  User me\n  ServerAliveInterval 5\n# mine\n')
    expect(text).toContain('Host *.lab\n  User ci')
    boards().remove('rb3')
    expect(
      boards()
        .list()
        .map(({ name }) => name)
    ).toEqual(['x1e-crd'])
    expect(readFileSync(boards().file, 'utf8')).toContain('Host *.lab')
  })

  it.each<[string, Partial<OwnBoard>]>([
    ['a name with a space', { name: 'rb 3' }],
    ['a pattern', { name: 'rb*' }],
    ['no name', { name: '' }],
    ['the virtual board’s name', { name: 'virtual' }],
    ['a host that is an option', { host: '-oProxyCommand=x' }],
    ['a host with another line', { host: 'a\n  ProxyCommand x' }],
    ['a port beyond', { port: 65_536 }],
    ['a user with a space', { user: 'a b' }],
    ['a key with a quote', { identityFile: 'a"b' }],
    ['a jump with another line', { jump: 'a\nb' }]
  ])('are refused with %s, and nothing is written', (_what, wrong) => {
    expect(() => boards().save({ ...RB3, ...wrong }, null, [])).toThrow(expect.objectContaining({ exit: 2 }))
    expect(existsSync(boards().file)).toBe(false)
  })

  it('are refused with a name that means something else', () => {
    boards().save(RB3, null, [])
    expect(() => boards().save(RB3, null, [])).toThrow('There is a board rb3 already')
    expect(() => boards().save({ ...RB3, name: 'gate' }, 'rb3', ['gate'])).toThrow('There is a board gate already')
    boards().save({ ...RB3, user: 'me' }, 'rb3', [])
    expect(boards().list()).toEqual([{ ...RB3, user: 'me' }])
  })
})
