import type { Command } from 'commander'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { generate, originNs, type Truth } from '../../../bench/generate'
import { eventsCommand } from '../../../cli/commands/events'
import { findCommand } from '../../../cli/commands/find'
import { stateCommand } from '../../../cli/commands/state'
import { vmCommand } from '../../../cli/commands/vm'
import { whyCommand } from '../../../cli/commands/why'
import type { VascopeError } from '../../../engine/problem'
import { findCovering } from '../../../engine/session/find'
import { openRecording } from '../../../engine/session/recording'
import { SessionReader } from '../../../engine/store/reader'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a busy machine is slow

const REAL = path.resolve(import.meta.dirname, '../../fixtures/sessions/killed-vm-bind.vascope')
let dir: string
let truth: Truth
const file = (): string => path.join(dir, 's.vascope')

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-ask-'))
  truth = generate(file(), { events: 6000, seed: 2, rate: 2000, vms: 3, slots: 32 })
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** What a command prints. */
async function run(command: Command, ...args: string[]): Promise<string> {
  let out = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true))
  try {
    await command.exitOverride().parseAsync(['node', 'vascope', ...args])
  } finally {
    spy.mockRestore()
  }
  return out
}

async function json(command: Command, ...args: string[]): Promise<Record<string, unknown>[]> {
  const text = await run(command, ...args, '--json')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function failure(command: Command, ...args: string[]): Promise<VascopeError> {
  try {
    await run(command, ...args)
  } catch (error) {
    return error as VascopeError
  }
  throw new Error('it did not fail')
}

describe('vascope state', () => {
  it('has all that lives at a time', async () => {
    for (const { ns, live, livePages } of truth.samples) {
      const [sums, ...objects] = await json(stateCommand(), file(), '--at', `${(ns - originNs) / 1e9}s`)
      expect(sums).toMatchObject({ kind: 'state', vms: 3, mappings: live, bytes: livePages * 4096, bos: 96, vmBos: 96 })
      expect(objects.filter(({ kind }) => kind === 'mapping').length).toBe(live)
    }
  })

  it('has one VM alone', async () => {
    const [sums, ...objects] = await json(stateCommand(), file(), '--vm', '2')
    expect(sums).toMatchObject({ vms: 1, mappings: truth.vms[1]!.live, bytes: truth.vms[1]!.livePages * 4096 })
    expect(objects.filter(({ kind, vm }) => kind === 'mapping' && vm !== 2)).toEqual([])
    expect(await run(stateCommand(), file(), '--vm', '2')).toContain('VM 2  vm 2, client-2 1002  hard: VM_BIND VM')
  })

  it('refuses a time before the beginning or behind the end, and a VM that there is not', async () => {
    for (const time of ['1:00:00', '-1s'])
      expect(await failure(stateCommand(), file(), '--at', time)).toMatchObject({ code: 'usage', exit: 2 })
    const error = await failure(stateCommand(), file(), '--vm', '9')
    expect([error.exit, error.remedy]).toEqual([2, 'There are the VMs 1, 2, 3.'])
  })
})

describe('vascope vm', () => {
  it('has each VM, what it had and the most of it', async () => {
    const vms = await json(vmCommand(), file())
    expect(vms).toMatchObject(
      truth.vms.map(({ id, inserts, live, livePages }) => ({
        ...{ vm: id, policy: 'hard', inserted: inserts, mappings: live, bytes: livePages * 4096, destroyed: null }
      }))
    )
    const { model } = openRecording(file())
    for (const vm of vms) expect(vm.peak).toEqual(model.state.vms.get(vm.vm as number)!.peak)
    expect(await run(vmCommand(), REAL)).toMatch(
      /VM 1 {2}gpu\n {2}policy {4}handle-counted.*\n.*its creation was not seen/
    )
  })
})

describe('vascope find', () => {
  it.each([
    ['a generated session', () => file()],
    ['a recorded one', () => REAL]
  ])('has every mapping that ever covered an address in %s', (_, name) => {
    const { state } = openRecording(name()).model
    const m = state.mappings
    const reader = new SessionReader(name())
    const addresses = new Set(Array.from({ length: m.length }, (_, i) => m.iova.at(i) + m.bytes.at(i) - 1))
    for (const address of [...addresses].slice(0, 40)) {
      const expected: unknown[] = []
      for (let i = 0; i < m.length; i++)
        if (m.iova.at(i) <= address && address < m.iova.at(i) + m.bytes.at(i))
          expected.push([m.va.at(i), m.vm.at(i), m.start.at(i), m.end.at(i) === Infinity ? null : m.end.at(i)])
      const found = findCovering(reader, BigInt(address)).map(({ va, vm, start, end }) => [va, vm, start, end])
      expect(found.sort()).toEqual(expected.sort())
    }
    expect(addresses.size).toBeGreaterThan(5)
    reader.close()
  })

  it('says why each ended, in one VM where that is asked for', async () => {
    const all = await json(findCommand(), file(), '--iova', '0x1_0000_0000')
    const one = await json(findCommand(), file(), '--iova', '0x100000000', '--vm', '1')
    expect(one).toEqual(all.filter(({ vm }) => vm === 1))
    expect(one.length).toBeGreaterThan(0)
    for (const { end, reason, by } of all)
      if (end !== null) expect([reason, by]).toEqual(['unmap', expect.objectContaining({ comm: expect.any(String) })])
    expect(await run(findCommand(), file(), '--iova', '0x10')).toBe('')
  })
})

describe('what cannot be answered', () => {
  it('is an error: events from later to earlier, a BO that there never was', async () => {
    expect(await failure(eventsCommand(), file(), '--from', '5s', '--to', '1s')).toMatchObject({ exit: 2 })
    const error = await failure(whyCommand(), file(), '--bo', '99999')
    expect([error.exit, error.message]).toEqual([2, 'There never was a BO 99999 in this session.'])
    expect(error.remedy).toContain('1 to ')
  })
})
