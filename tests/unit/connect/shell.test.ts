import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { loginShellCommand, quote } from '../../../engine/connect/ssh/shell'

// sh and bash are everywhere; the ones that differ most are tried where they are installed.
const SHELLS = ['sh', 'bash', 'dash', 'tcsh', 'fish', 'busybox']
const installed = SHELLS.filter((shell) => spawnSync(shell, ['-c', 'true']).error === undefined)

describe.each(installed)('a command by way of %s', (shell) => {
  const argv = shell === 'busybox' ? ['sh', '-c'] : ['-c']

  it.each(["it's", 'a"b$c`d\\n', 'bang! bang', 'two\nlines\n', '\\', 'ü€', '%s %%', "'!\n'", '$$ ~ * ?', 'a\tb'])(
    'keeps %j',
    (text) => {
      const { stdout } = spawnSync(shell, [...argv, loginShellCommand(`printf %s ${quote(text)}`)], {
        encoding: 'utf8'
      })
      expect(stdout).toBe(text)
    }
  )

  it('ends with the exit code of the command', () => {
    expect(spawnSync(shell, [...argv, loginShellCommand('exit 7')]).status).toBe(7)
    expect(spawnSync(shell, [...argv, loginShellCommand('true\nexit 7')]).status).toBe(7)
  })
})

it('is shown as it is where it can be', () => {
  expect(loginShellCommand('uname -m')).toBe("exec sh -c 'uname -m'")
})
