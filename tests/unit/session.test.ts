import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Latency } from '../../engine/session/clock'
import { DaemonLink } from '../../engine/session/link'
import { runsOf, scenario } from '../../cli/options'
import type { ScenarioRun } from '../../engine/api'
import { checkRun, destructiveOf, expandAll, reproduce } from '../../engine/session/scenario'
import type { VascopeError } from '../../engine/problem'
import { delimit, FrameReader } from '../../engine/wire/frames'
import { Command, Frame, HELLO_MAGIC } from '../../engine/wire/messages'
import { frame, insert, stream } from './stream'

/** The daemon's end of a connection: what the link sent, and a way to answer. */
function connection(build = 'test'): {
  say(bytes: Uint8Array): void
  close(): void
  sent(): string[]
  frames: Uint8Array[]
  ended: Promise<VascopeError | null>
} {
  const commands: string[] = []
  const reader = new FrameReader((m) => {
    const { body } = Command.decode(m)
    commands.push(body ?? 'nothing')
  })
  const stdio = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      reader.push(chunk)
      done()
    }
  })
  const frames: Uint8Array[] = []
  const ended = new Promise<VascopeError | null>((resolve) => {
    new DaemonLink(stdio, build, 'vascope test', { frame: (m) => frames.push(m.slice()), ended: resolve })
  })
  return {
    say: (bytes) => void stdio.push(Buffer.from(bytes)),
    close: () => void stdio.push(null),
    sent: () => commands,
    frames,
    ended
  }
}

const goodbye = Frame.encode({ goodbye: { reason: 1 } }).finish()

describe('the link to a daemon', () => {
  it('greets, gives credit, passes every frame on, and ends after a goodbye without an error', async () => {
    const c = connection()
    c.say(stream([frame.hello(), frame.capabilities(), goodbye]))
    c.close()
    expect(await c.ended).toBeNull()
    expect(c.sent()).toEqual(['hello', 'credit'])
    expect(c.frames).toHaveLength(3)
  })

  it('gives credit back as data is taken in', async () => {
    const c = connection()
    const big = frame.events(
      1,
      Array.from({ length: 50_000 }, (_, i) => insert(i, i + 1, i * 1000, 1))
    )
    c.say(stream([frame.hello(), big, big, goodbye]))
    c.close()
    await c.ended
    expect(c.sent().filter((s) => s === 'credit').length).toBeGreaterThanOrEqual(2)
  })

  it.each([
    [
      'another build',
      Frame.encode({ hello: { magic: HELLO_MAGIC, major: 1, build: 'other' } }).finish(),
      'daemon-version'
    ],
    [
      'another major',
      Frame.encode({ hello: { magic: HELLO_MAGIC, major: 2, build: 'test' } }).finish(),
      'daemon-version'
    ],
    ['something that is no hello', goodbye, 'protocol']
  ])('refuses %s, and sends nothing', async (_, first, code) => {
    const c = connection()
    c.say(delimit(first))
    const error = await c.ended
    expect(error).toMatchObject({ code, exit: 3 })
    expect(error!.remedy).not.toBe('')
    expect([c.sent(), c.frames]).toEqual([[], []])
  })

  it('says so when something else talks', async () => {
    const c = connection()
    c.say(Buffer.from('Welcome to rb3gen2!\nLast login: Sunday\n'.repeat(4)))
    expect(await c.ended).toMatchObject({ code: 'protocol' })
  })

  it('tells a daemon that is gone from one that said goodbye', async () => {
    const c = connection()
    c.say(stream([frame.hello(), frame.capabilities()]))
    c.close()
    expect(await c.ended).toMatchObject({ code: 'daemon-lost' })
  })
})

describe('latency', () => {
  it('is counted from the fastest heartbeat', () => {
    const latency = new Latency()
    latency.event(0, 1000)
    expect(latency.p95()).toBeNull()
    latency.heartbeat(1e9, 5030) // offset 4030 ms
    latency.heartbeat(2e9, 6010) // 4010 ms: the fastest
    for (let i = 0; i < 100; i++) latency.event(3e9, 7010 + i)
    expect(latency.p95()).toBe(95)
    expect(latency.p50()).toBe(50)
    expect(latency.seen(7200)).toBe(3190)
    expect(latency.seen(7200)).toBeNull()
    // a minute later the clocks have drifted apart, and that is not latency
    for (let i = 0; i < 60; i++) latency.heartbeat(100e9 + i * 1e9, 104_500 + i * 1000)
    for (let i = 0; i < 256; i++) latency.event(200e9, 204_510)
    expect(latency.p95()).toBe(10)
  })
})

describe('a run before it is sent', () => {
  const ops = { name: 'ops', description: '', unit: '', minimum: 1, maximum: 10, default: 5 }
  const catalogue = [{ id: 'churn', description: '', destructive: false, needs: '', parameters: [ops] }]
  const check = (id: string, parameters: Record<string, number>) => (): void =>
    checkRun({ id, seed: 1, parameters }, catalogue)

  it('passes within its limits', () => {
    for (const value of [1, 10]) expect(check('churn', { ops: value })).not.toThrow()
  })

  it.each([
    ['an unknown scenario', 'chrun', {}, /no scenario "chrun"/],
    ['an unknown parameter', 'churn', { opps: 1 }, /no parameter "opps"/],
    ['too little', 'churn', { ops: 0 }, /ops = 0 is out of range/],
    ['too much', 'churn', { ops: 11 }, /out of range/],
    ['a fraction', 'churn', { ops: 1.5 }, /out of range/]
  ])('is refused with %s', (_, id, parameters, message) => {
    expect(check(id, parameters as Record<string, number>)).toThrow(message)
  })

  it('is refused with what the board says is missing', () => {
    const needy = [{ ...catalogue[0]!, needs: 'DRM master on a card node' }]
    expect(() => checkRun({ id: 'churn', seed: 1, parameters: {} }, needy)).toThrow(
      /cannot run on this board: DRM master/
    )
  })

  it('stands for the whole catalogue as all, but for what cannot run or may harm the board', () => {
    const one = catalogue[0]!
    const board = [
      one,
      { ...one, id: 'kill', destructive: true },
      { ...one, id: 'flip', needs: 'a display' },
      { ...one, id: 'split' }
    ]
    const first = { id: 'flip', seed: 3, parameters: {} }
    const { runs, left } = expandAll([first, { id: 'all', seed: 7, parameters: {} }], board)
    expect(runs).toEqual([first, { id: 'churn', seed: 7, parameters: {} }, { id: 'split', seed: 7, parameters: {} }])
    expect(left).toEqual([
      { id: 'kill', why: expect.stringContaining('reboot') },
      { id: 'flip', why: 'a display' }
    ])
    expect(expandAll([first], board)).toEqual({ runs: [first], left: [] })
    expect(() => expandAll([{ id: 'all', seed: 1, parameters: { ops: 1 } }], board)).toThrow(
      /all has no parameter "ops"/
    )
    expect(destructiveOf([...runs, { id: 'kill', seed: 1, parameters: {} }], board)).toEqual(['kill'])
  })

  it('can be written as the one command that repeats it', () => {
    const runs: ScenarioRun[] = [
      { id: 'churn', seed: 7, parameters: { ops: 3, live: 24 } },
      { id: 'flip', seed: 1, parameters: {} }
    ]
    const command = reproduce('virtual', runs)
    expect(command).toBe('vascope run --board virtual --scenario churn:ops=3,live=24,seed=7 --scenario flip:seed=1')
    const given = command.split(' --scenario ').slice(1)
    const choices = given.reduce<ReturnType<typeof scenario>>((before, text) => scenario(text, before), [])
    expect(runsOf({ scenario: choices, seed: 99 })).toEqual(runs)
    expect(reproduce('virtual', [], { trace: 'bpf' })).toBe('vascope record --board virtual --trace bpf')
    expect(reproduce("it's", [], { seconds: 2.5 })).toBe("vascope record --board 'it'\\''s' --seconds 2.5")
  })
})
