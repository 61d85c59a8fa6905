import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { status, target } from '../../engine/connect/virtual/board'
import { openRecording } from '../../engine/session/recording'
import { BOARD, boardUp, NAME, onBoard, scratch, start, until, vascope } from './vascope'

const files = scratch()
let home: NodeJS.ProcessEnv

/** A home whose ~/.ssh/config knows the test board under several names, as an SSH board like any other. */
function prepareHome(): void {
  const running = status(NAME)
  if (running.state !== 'running') throw new Error('the test board does not run')
  const t = target(running.board)
  const ssh = path.join(files.dir, '.ssh')
  mkdirSync(ssh, { mode: 0o700 })
  const key = (name: string): string => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(ssh, name)])
    return path.join(ssh, name)
  }
  const stranger = key('stranger')
  const known = readFileSync(t.knownHosts[0]!, 'utf8').trim().split(/\s+/).slice(1).join(' ')
  const other = readFileSync(`${key('other-host')}.pub`, 'utf8')
    .trim()
    .split(' ')
    .slice(0, 2)
    .join(' ')
  const address = `[127.0.0.1]:${t.port}`
  writeFileSync(path.join(ssh, 'known'), `${address} ${known}\n`)
  writeFileSync(path.join(ssh, 'changed'), `${address} ${other}\n`)
  const host = (name: string, user: string, identity: string, hosts: string): string =>
    [
      `Host ${name}`,
      '  HostName 127.0.0.1',
      `  Port ${t.port}`,
      `  User ${user}`,
      `  IdentityFile ${identity}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${path.join(ssh, hosts)}`,
      ''
    ].join('\n')
  const good = t.identityFiles[0]!
  writeFileSync(
    path.join(ssh, 'config'),
    host('rooted', 'root', good, 'known') +
      host('lab', 'lab', good, 'known') +
      host('plain', 'plain', good, 'known') +
      host('refused', 'root', stranger, 'known') +
      host('changed', 'root', good, 'changed') +
      host('unknown-key', 'root', good, 'empty')
  )
  home = {
    HOME: files.dir,
    SSH_AUTH_SOCK: '',
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? path.join(process.env.HOME!, '.cache')
  }
}

beforeAll(async () => {
  await boardUp()
  prepareHome()
})
afterAll(() => files.remove())

/** One clear message: what, and what to do, in the last lines of stderr. */
function expectMessage(stderr: string, ...parts: (string | RegExp)[]): void {
  const at = stderr.indexOf('vascope: ')
  expect(at, stderr).toBeGreaterThanOrEqual(0)
  for (const part of parts) expect(stderr.slice(at)).toMatch(part)
}

describe('what goes wrong on the way to a board', () => {
  it('a board as an SSH target works like any other, as root and as a user with sudo', async () => {
    // probes are attached once, as the user whose privileges are sudo's
    for (const [name, trace] of [
      ['rooted', 'debugfs'],
      ['lab', 'bpf']
    ] as const) {
      const { code, stdout, stderr } = await vascope(
        [
          'record',
          '--board',
          name,
          '--trace',
          trace,
          '--seconds',
          '0.5',
          '--out',
          files.file(`${name}.vascope`),
          '--json'
        ],
        home
      )
      expect(code, stderr).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ complete: true, driver: 'msm', traceLevel: trace })
    }
  })

  it.each([
    ['a name that nobody knows', 'no-such-board.invalid', [/no-such-board\.invalid/]],
    ['a port where nobody listens', 'root@127.0.0.1:9', [/127\.0\.0\.1:9/]],
    ['a key that the board refuses', 'refused', [/root/]],
    ['a host key that changed', 'changed', [/changed/]],
    ['a host key that is new, and nobody to ask', 'unknown-key', [/host key/i]]
  ])('%s', async (_, board, parts) => {
    const { code, stderr, stdout } = await vascope(
      ['run', '--board', board, '--scenario', 'vm-bind-churn', '--out', files.file('never.vascope')],
      home
    )
    expect([code, stdout]).toEqual([3, ''])
    expectMessage(stderr, ...parts)
    expect(existsSync(files.file('never.vascope'))).toBe(false)
  })

  it('a changed host key is never written over', () => {
    const text = readFileSync(path.join(files.dir, '.ssh/changed'), 'utf8')
    expect(text.trim().split('\n')).toHaveLength(1)
    expect(existsSync(path.join(files.dir, '.ssh/empty'))).toBe(false)
  })

  it('a login that may not become root: the line for sudoers', async () => {
    await onBoard(
      `id plain >/dev/null 2>&1 || { useradd -m -p '*' -s /bin/sh plain && mkdir -p ~plain/.ssh && cp /root/.ssh/authorized_keys ~plain/.ssh/ && chown -R plain ~plain/.ssh; }`
    )
    const { code, stdout, stderr } = await vascope(['probe', '--board', 'plain'], home)
    expect(code, stderr).toBe(3)
    expect(stdout).toMatch(/sudo/)
  })
})

describe('what goes wrong in a run', () => {
  it.each([
    ['an unknown scenario', ['--scenario', 'vm-bind-chrun'], /vm-bind-churn/],
    ['a parameter that it does not have', ['--scenario', 'vm-bind-churn', '--param', 'opps=5'], /ops/],
    ['a parameter out of range', ['--scenario', 'vm-bind-churn', '--param', 'ops=999999999999'], /whole number from/]
  ])('%s is a usage error that says what there is', async (_, args, part) => {
    const { code, stderr } = await vascope([
      ...['run', '--board', BOARD, '--trace', 'none', ...args, '--out', files.file('usage.vascope')]
    ])
    expect(code, stderr).toBe(2)
    expectMessage(stderr, part)
    expect(existsSync(files.file('usage.vascope'))).toBe(false)
  })

  it('a desktop that is killed: the board is clean again, and the file opens up to there', async () => {
    const file = files.file('desktop.vascope')
    const running = start([
      'run',
      '--board',
      BOARD,
      '--scenario',
      'vm-bind-churn',
      '--param',
      'ops=1000000',
      '--out',
      file
    ])
    await until('events are in the file', () => existsSync(file) && statSync(file).size > 60_000)
    running.child.kill('SIGKILL')
    await running.ended
    await until('the daemon is gone', async () => (await onBoard('pgrep -f vascope[d]- || true')) === '')
    expect(await onBoard('find / -xdev -name "*vascope*" -not -path "/proc/*" 2>/dev/null | head; true')).toBe('')
    expect(openRecording(file).model.events).toBeGreaterThan(0)
  })

  it('Ctrl-C ends a run in order', async () => {
    const file = files.file('interrupted.vascope')
    const running = start([
      'run',
      '--board',
      BOARD,
      '--scenario',
      'vm-bind-churn',
      '--param',
      'ops=1000000',
      '--out',
      file
    ])
    await until('events are in the file', () => existsSync(file) && statSync(file).size > 60_000)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code, stderr).toBe(130) // as a shell has it
    expect(openRecording(file).complete).toBe(true)
  })

  it('a kernel that does not describe its types, and BPF is asked for: a remedy, exit 3, and no file', async () => {
    await onBoard('mount -t tmpfs none /sys/kernel/btf')
    try {
      const out = files.file('no-btf.vascope')
      const { code, stderr } = await vascope([
        ...['record', '--board', BOARD, '--trace', 'bpf', '--seconds', '1', '--out', out]
      ])
      expect(code, stderr).toBe(3)
      expectMessage(stderr, /BTF/, /CONFIG_DEBUG_INFO_BTF/)
      expect(existsSync(out)).toBe(false)
    } finally {
      await onBoard('umount /sys/kernel/btf')
    }
  })

  it('a session file that was cut off or corrupted: exit 4, and what can be read is shown', async () => {
    const file = files.file('interrupted.vascope')
    truncateSync(file, statSync(file).size - 100)
    const cut = await vascope(['info', file, '--json'])
    expect(cut.code).toBe(4)
    expect(JSON.parse(cut.stdout).events).toBeGreaterThan(0)
    writeFileSync(files.file('rubbish.vascope'), 'rubbish')
    const rubbish = await vascope(['info', files.file('rubbish.vascope')])
    expect([rubbish.code, rubbish.stdout]).toEqual([4, ''])
    expectMessage(rubbish.stderr, /not a Vascope session/)
  })
})
