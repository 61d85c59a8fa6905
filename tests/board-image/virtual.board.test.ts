import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { down, log, requireRunning, type RunningBoard, status, target, up } from '../../engine/connect/virtual/board'
import { findBoards } from '../../engine/connect/virtual/process'
import { sshArguments } from '../../engine/connect/virtual/ssh'
import { run } from '../../engine/connect/virtual/tools'
import { cacheDir, resource } from '../../engine/paths'

const NAMES = ['test-one', 'test-two', 'test-crash'] as const
const children: ChildProcess[] = []

function ssh(board: RunningBoard, user: string, command: string): Promise<{ code: number | null; output: string }> {
  return run('ssh', [...sshArguments({ ...target(board), user }), command])
}

/** `vascope board …` as a process of its own. */
function vascope(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [resource('out/cli/index.js'), 'board', ...args], { stdio: 'ignore' })
  children.push(child)
  return child
}

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  for (const name of NAMES) {
    await down(name)
    rmSync(cacheDir('board', 'run', name), { recursive: true, force: true })
  }
})

describe('two virtual boards', () => {
  let one: RunningBoard
  let two: RunningBoard

  beforeAll(async () => {
    ;[one, two] = await Promise.all([up({ name: 'test-one' }), up({ name: 'test-two' })])
  })

  it('run at once, on ports of their own, with the kernel that the manifest names', async () => {
    expect(one.port).not.toBe(two.port)
    for (const board of [one, two]) {
      const { kernel } = board.image.manifest
      expect(await ssh(board, 'root', 'uname -r')).toEqual({ code: 0, output: `${kernel.release}\n` })
      expect(kernel.package).toBe(`linux-image-${kernel.release}`)
    }
  })

  it("have Debian's unmodified msm, signed by Debian, beside the agent that is not", async () => {
    const { output } = await ssh(
      one,
      'root',
      'modinfo -F sig_key msm; modinfo -F signer virt-adreno; lsmod | cut -d" " -f1'
    )
    expect(output).toMatch(/^([0-9A-F]{2}:){10,}/)
    expect(output.split('\n')).toEqual(expect.arrayContaining(['msm', 'drm_gpuvm', 'virt_adreno']))
  })

  it('pass the self test as a user of the groups video and render', async () => {
    const { code, output } = await ssh(one, 'lab', 'board-selftest')
    expect(output.trim().split('\n')).toEqual([
      'ok   card0 is msm, card1 is virtio-gpu',
      'ok   EN_VM_BIND before GET_PARAM, refused after it',
      'ok   MAP of 4 pages',
      'ok   submit with fence: 4 stores land in the BO',
      'ok   UNMAP of page 1 splits: 3 stores land, 1 does not',
      'ok   MAP_NULL over pages 1 and 2: stores there vanish',
      'ok   UNMAP of everything: no store lands',
      'ok   atomic commit through the writeback connector, out-fence signalled',
      'ok   page flip on the ordinary connector, event delivered'
    ])
    expect(code).toBe(0)
  })

  it('fail the self test when the hardware does not answer', async () => {
    const stall = '/sys/module/virt_adreno/parameters/stall'
    await ssh(two, 'root', `echo Y > ${stall}`)
    const { code, output } = await ssh(two, 'lab', 'board-selftest')
    await ssh(two, 'root', `echo N > ${stall}`)
    expect(output).toContain('FAIL submit with fence: 4 stores land in the BO')
    expect(code).toBe(1)
  })

  it('let lab become root without a password, and nobody open the device nodes without a group', async () => {
    expect(await ssh(one, 'lab', 'sudo -n id -u')).toEqual({ code: 0, output: '0\n' })
    const { output } = await ssh(one, 'root', 'stat -c "%n %U:%G %a" /dev/dri/*')
    const cards = [0, 1, 2].map((n) => `/dev/dri/card${n} root:video 660\n`)
    const renderers = [128, 129, 130].map((n) => `/dev/dri/renderD${n} root:render 660\n`)
    expect(output).toBe([...cards, ...renderers].join(''))
  })

  it('have what tracing needs: the BTF of msm and gpuvm, and the kernel file systems', async () => {
    const { output } = await ssh(
      one,
      'root',
      'ls /sys/kernel/btf/; findmnt -rno FSTYPE; ls /sys/kernel/tracing/events | head -1'
    )
    for (const name of ['vmlinux', 'msm', 'drm_gpuvm', 'debugfs', 'tracefs', 'bpf'])
      expect(output).toContain(`${name}\n`)
  })

  it('reach nothing outside, not even a port that this machine listens on', async () => {
    const reached = vi.fn()
    const server = createServer(reached).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    // 10.0.2.2 is this machine, for a guest that may reach it.
    const { code } = await ssh(one, 'root', `timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.2.2/${port}'`)
    server.close()
    expect(code).not.toBe(0)
    expect(reached).not.toHaveBeenCalled()
  })

  it('are refused by a client that knows another host key', async () => {
    const other = path.join(one.folder, 'known_hosts.other')
    const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIJHkTpcNz4UP6ymBzNzrSwTnuTMQDYPdGvKPuEkb6JhL'
    writeFileSync(other, `${target(one).hostKeyAlias} ssh-ed25519 ${key}\n`)
    const { code, output } = await run('ssh', [...sshArguments({ ...target(one), knownHosts: [other] }), 'true'])
    expect(code).not.toBe(0)
    expect(output).toContain('Host key verification failed')
  })

  it('are the same board when brought up again', async () => {
    expect(await up({ name: 'test-one' })).toEqual(one)
  })

  it('stop one without the other', async () => {
    expect(await down('test-one')).toBe(true)
    expect(status('test-one')).toEqual({ name: 'test-one', state: 'stopped' })
    expect(() => requireRunning('test-one')).toThrow('The virtual board "test-one" is not running.')
    expect(await down('test-one')).toBe(false)
    expect((await ssh(two, 'root', 'true')).code).toBe(0)
    expect(log('test-one')).toContain('VASCOPE-BOARD-READY')
  })
})

describe('a board whose caller was killed while it booted', () => {
  const folder = cacheDir('board', 'run', 'test-crash')
  const booting = (): Promise<void> => vi.waitFor(() => expect(findBoards(folder)).toHaveLength(1), { timeout: 60_000 })

  it('is stopped by down', async () => {
    const caller = vascope('up', '--name', 'test-crash')
    await booting()
    caller.kill('SIGKILL')
    await once(caller, 'exit')
    const [orphan] = findBoards(folder)
    expect(await down('test-crash')).toBe(true)
    expect(
      existsSync(`/proc/${orphan?.pid}/cmdline`) && readFileSync(`/proc/${orphan?.pid}/cmdline`, 'utf8')
    ).toBeFalsy()
  })

  it('is taken over, not booted twice, by the next up', async () => {
    const caller = vascope('up', '--name', 'test-crash')
    await booting()
    caller.kill('SIGKILL')
    await once(caller, 'exit')
    const [orphan] = findBoards(folder)
    const board = await up({ name: 'test-crash' })
    expect(board.pid).toBe(orphan?.pid)
    expect((await ssh(board, 'root', 'true')).code).toBe(0)
  })
})
