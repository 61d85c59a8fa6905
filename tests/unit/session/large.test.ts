import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { generate, originNs, type Truth } from '../../../bench/generate'
import type { SessionState, View } from '../../../engine/api'
import { Checker } from '../../../engine/check/checker'
import { EngineHost } from '../../../engine/host'
import type { SessionModel } from '../../../engine/model/session'
import { view } from '../../../engine/query/view'
import { LargeSession } from '../../../engine/session/large'
import { Moments } from '../../../engine/session/moment'
import { openRecording } from '../../../engine/session/recording'
import { SessionReader } from '../../../engine/store/reader'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a busy machine reads slowly

let dir: string
let truth: Truth
let whole: SessionModel
const file = (name: string): string => path.join(dir, `${name}.vascope`)

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-large-'))
  vi.stubEnv('XDG_CACHE_HOME', path.join(dir, 'cache'))
  truth = generate(file('recorded'), { events: 200_000, seed: 4 })
  generate(file('bare'), { events: 200_000, seed: 4, recorded: false })
  whole = openRecording(file('recorded')).model
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true, force: true })
})

async function opened<T>(
  name: string,
  run: (session: LargeSession) => T | Promise<T>,
  failed = (error: Error): void => {
    throw error
  }
): Promise<T> {
  const session = await LargeSession.open(file(name), { refined: () => undefined, failed })
  try {
    return await run(session)
  } finally {
    session.close()
    await session.settled()
  }
}

const SERIES = ['maps', 'unmaps', 'mappedBytesPerSecond', 'liveBytes', 'flips'] as const

/** Where the charts of two views differ by more than rounding. */
function differences(a: View, b: View): string[] {
  return SERIES.flatMap((name) =>
    [...a.charts[name]].flatMap((value, bin) => {
      const other = b.charts[name][bin]!
      const same = Object.is(value, other) || Math.abs(value - other) <= 1e-5 * Math.abs(value)
      return same ? [] : [`${name}[${bin}]: ${value}, ${other}`]
    })
  )
}

/** Flips a byte in the payload of a chunk. */
function damage(name: string, offset: number): void {
  const bytes = readFileSync(file('recorded'))
  bytes[offset + 40]! ^= 0xff
  writeFileSync(file(name), bytes)
}

function indexOf(name: string): ReturnType<SessionReader['index']> {
  const reader = new SessionReader(file(name))
  const index = reader.index()
  reader.close()
  return index
}

const WINDOWS = [
  [0, 1],
  [0.3, 0.8],
  [0.71, 0.72]
] as const
const windowOf = ([from, to]: readonly [number, number]): {
  from: number
  to: number
  width: number
  cursor: null
} => ({
  from: from * whole.end,
  to: to * whole.end,
  width: 2000,
  cursor: null
})

describe.each(['recorded', 'bare'])('a session that is not read whole, %s', (name) => {
  it('has the charts of the whole model, without its events and with them', async () => {
    await opened(name, async (session) => {
      for (const window of WINDOWS) {
        const request = windowOf(window)
        const expected = view(whole, request)
        const before = { ...session.view(request) }
        await session.settled()
        const after = session.view(request)
        expect(after.coarse).toBe(false)
        expect(differences(expected, after)).toEqual([])
        if (window === WINDOWS[0]) expect(before.coarse).toBe(true)
        expect(differences(expected, before)).toEqual([])
        expect(after.rects.va.length).toBe(expected.rects.va.length)
        expect(after.vms.map(({ rows, mappings, bytes }) => ({ rows, mappings, bytes }))).toEqual(
          expected.vms.map(({ rows, mappings, bytes }) => ({ rows, mappings, bytes }))
        )
      }
    })
  })
})

describe('a session that is not read whole', () => {
  it('knows what is mapped at the cursor: nearly at once, then exactly', async () => {
    await opened('recorded', async (session) => {
      for (const { ns, live, livePages } of truth.samples) {
        const request = { ...windowOf([0, 1]), cursor: (ns - originNs) / 1e9 }
        // a cell has some thousand events, of which one in nine begins a mapping
        expect(Math.abs(session.view(request).cursor.liveMappings - live)).toBeLessThan(2000)
        await session.settled()
        const { cursor } = session.view(request)
        expect([cursor.liveMappings, cursor.liveBytes]).toEqual([live, livePages * 4096])
      }
    })
  })

  it('counts as many mappings in its densities as there are, by rows and by addresses', async () => {
    await opened('recorded', (session) => {
      for (const axis of ['lanes', 'address'] as const) {
        const { density, vms } = session.view({ ...windowOf([0.5, 1]), width: 4, axis })
        const found = density.map(({ columns, counts }) => counts.reduce((sum, n) => sum + n, 0) / columns)
        for (const [i, { vm }] of vms.entries()) {
          const m = whole.state.mappings
          const [from, to] = [whole.end / 2, whole.end]
          let touches = 0
          for (let n = 0; n < m.length; n++) {
            if (m.vm.at(n) !== vm) continue
            const first = Math.floor(((Math.max(m.start.at(n), from) - from) / (to - from)) * 2)
            const last = Math.min(1, Math.floor(((m.end.at(n) - from) / (to - from)) * 2))
            if (m.start.at(n) <= to && m.end.at(n) >= from) touches += last - first + 1
          }
          // a mapping may touch two groups of addresses, and a cell is counted in both columns that it touches
          expect(found[i]! / (touches / 2)).toBeGreaterThan(0.9)
          expect(found[i]! / (touches / 2)).toBeLessThan(axis === 'lanes' ? 1.4 : 1.9)
        }
      }
    })
  })

  it('makes an overview again that is damaged', async () => {
    damage('overview', indexOf('recorded').overviews[1]!.offset)
    await opened('overview', (session) => {
      const request = windowOf([0, 1])
      expect(differences(view(whole, request), session.view(request))).toEqual([])
    })
  })

  it('shows damage as a loss and not as a time without events', async () => {
    const { chunks } = indexOf('recorded')
    const entry = chunks[Math.floor(chunks.length / 2)]!
    damage('frames', entry.offset)
    await opened('frames', async (session) => {
      await session.verify(new AbortController().signal)
      expect(session.lost.events).toBe(entry.events)
      const { marks, charts } = session.view(windowOf([0, 1]))
      const at = (entry.firstNs / 2 + entry.lastNs / 2 - originNs) / 1e9
      expect(marks.filter(({ kind, time, until }) => kind === 'loss' && time <= at && until >= at)).toHaveLength(1)
      expect(charts.maps[Math.floor((at - charts.from) / charts.step)]).toBeNaN()
    })
  })

  it('is asked of by a window as any other, and says what it has not', async () => {
    copyFileSync(file('recorded'), file('window'))
    let pulses = 0
    const host = new EngineHost((event) => void (pulses += event === 'pulse' ? 1 : 0), 1000)
    await host.open(file('window'))
    const request = windowOf([0.4, 0.6])
    const first = await host.view(request)
    expect(first.coarse).toBe(true)
    const before = pulses
    await vi.waitFor(() => expect(pulses).toBeGreaterThan(before), 30_000)
    await vi.waitFor(async () => expect((await host.view(request)).coarse).toBe(false), 30_000)
    const { ns, live } = truth.samples[8]!
    const query = { search: '', policies: [], sort: 'iova', descending: false, first: 0, count: 5 } as const
    expect((await host.mappings({ ...query, policies: [], cursor: (ns - originNs) / 1e9 })).total).toBe(live)
    await expect(host.report(file('report'))).rejects.toThrow(/needs a session whole/)
    await host.close()
  })

  it('does not take the window when it is open at last, where another was opened meanwhile, or it was cancelled', async () => {
    generate(file('late'), { events: 100_000, seed: 5, recorded: false })
    generate(file('small'), { events: 500, seed: 6 })
    const states: SessionState[] = []
    const host = new EngineHost((event, data) => event === 'session' && states.push(data as SessionState), 1000)
    const first = host.open(file('late'))
    expect(states.at(-1)).toMatchObject({ phase: 'idle', activity: 'Opening late.vascope' })
    await expect(host.preflight('virtual')).rejects.toThrow(/being opened/)
    await host.open(file('small'))
    await first
    expect(states.at(-1)).toMatchObject({ phase: 'opened', file: file('small'), activity: '' })
    const second = host.open(file('late'))
    await host.stop()
    await second
    expect(states.at(-1)).toMatchObject({ phase: 'opened', file: file('small'), activity: '' })
    const third = host.open(file('late'))
    await host.close()
    await third
    expect(states.at(-1)).toMatchObject({ phase: 'idle', file: '' })
    await host.open(file('late'))
    expect(states.at(-1)).toMatchObject({ phase: 'opened', file: file('late'), activity: '' })
    await host.close()
  })

  it('says that a part cannot be read, and reads it when it can be again', async () => {
    const told: string[] = []
    const failed = ({ message }: Error): void => void told.push(message)
    await opened(
      'recorded',
      async (session) => {
        const request = windowOf([0.3, 0.4])
        const broken = vi.spyOn(SessionReader.prototype, 'framesOf').mockImplementation(() => {
          throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
        })
        session.view(request)
        await session.settled()
        broken.mockRestore()
        expect(told).toEqual([expect.stringContaining('EIO: i/o error, read')])
        expect(session.view(request).coarse).toBe(true)
        await session.settled()
        expect(session.view(request).coarse).toBe(false)
      },
      failed
    )
  })

  it('reads a state once for all who ask for it', async () => {
    await opened('recorded', async (session) => {
      const steps = vi.spyOn(Moments.prototype, 'steps')
      const time = whole.end / 3
      const models = await Promise.all([session.at(time), session.at(time), session.at(time / 2), session.at(time)])
      expect(steps).toHaveBeenCalledTimes(2)
      steps.mockRestore()
      expect(models.map((model) => model === models[0])).toEqual([true, true, false, true])
    })
  })

  it('is left in order while it is read: who asked for a moment of it hears of the session that is shown then', async () => {
    const cursor = whole.end / 3
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000)) // others have their turn after each step
    await opened('recorded', async (session) => {
      const asked = [session.at(cursor), session.verify(new AbortController().signal)]
      session.close()
      const answers = await Promise.allSettled([...asked, session.at(cursor)])
      for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'cancelled' } })
    })
    const problems: unknown[] = []
    const host = new EngineHost((event, data) => {
      if (event === 'session') problems.push((data as SessionState).problem?.code)
    }, 1000)
    await host.open(file('recorded'))
    const page = { search: '', sort: 'id', descending: false, first: 0, count: 9 } as const
    const asked = host.objects({ ...page, kind: 'bo', at: cursor, ended: false })
    await host.close()
    expect((await asked).total).toBe(0)
    clock.mockRestore()
    expect(problems.filter((code) => code && code !== 'session-large')).toEqual([])
  })

  it('never says that a mapping lives which ended behind the part that was read', async () => {
    const { mappings: m } = whole.state
    await opened('recorded', async (session) => {
      const request = { ...windowOf([0.3, 0.35]), cursor: whole.end / 3 }
      session.view(request)
      await session.settled()
      const { rects } = session.view(request)
      let [bounded, exact] = [0, 0]
      for (let i = 0; i < rects.va.length; i++) {
        const index = m.byVa.get(rects.va[i]!)
        const end = m.end.at(index)
        const atLeast = rects.atLeast?.[i] ?? NaN
        if (Number.isNaN(atLeast)) {
          exact++
          expect(rects.end[i]).toBe(end)
          expect(rects.state[i] === 0).toBe(end !== Infinity)
        } else {
          bounded++
          expect(rects.state[i]).toBe(0)
          expect(end).toBeGreaterThanOrEqual(atLeast)
          expect(end).toBeLessThan(Infinity)
          if (bounded % 20 !== 1) continue
          const gone = session.gone(rects.va[i]!)
          expect(gone).toMatchObject({ end: null, atLeast, answer: expect.stringContaining('is gone at the end') })
        }
      }
      expect(bounded).toBeGreaterThan(0)
      expect(exact).toBeGreaterThan(0)
    })
  })

  it('knows what lives at the cursor, wherever the window is, and says of which stretch that is', async () => {
    await opened('recorded', async (session) => {
      const cursor = whole.end / 4
      session.view(windowOf([0.7, 0.71]))
      await session.settled()
      const { state } = await session.at(cursor)
      let others = 0
      for (const i of [...state.mappings.live].filter((_, n) => n % 20 === 0)) {
        const [va, bo] = [state.mappings.va.at(i), state.mappings.bo.at(i)]
        expect(session.gone(va)).not.toBeNull()
        if (bo === 0) continue
        const detail = session.bo(bo)
        expect(detail?.stretch).toBeDefined()
        if (detail!.stretch!.to === cursor) others++
        for (const { va, end, atLeast } of detail!.mappings) {
          const known = whole.state.mappings.end.at(whole.state.mappings.byVa.get(va))
          if (atLeast === undefined) expect(end ?? Infinity).toBe(known)
          else expect(known).toBeGreaterThanOrEqual(atLeast)
        }
      }
      expect(others).toBeGreaterThan(0)
    })
  })

  it('has no figures of a cursor beside the window but those that are known of that time', async () => {
    await opened('recorded', async (session) => {
      const request = windowOf([0.3, 0.35])
      session.view(request)
      await session.settled()
      const at = (share: number): View['cursor'] => session.view({ ...request, cursor: share * whole.end }).cursor
      expect(at(0.33).maps).toBe(view(whole, { ...request, cursor: 0.33 * whole.end }).cursor.maps)
      expect(at(0.6)).toMatchObject({ time: 0.6 * whole.end, maps: null, unmaps: null, flipInterval: null })
    })
  })

  it('has the findings of the whole session, also of one that is damaged', async () => {
    const { chunks } = indexOf('recorded')
    damage('judged', chunks[chunks.length - 2]!.offset)
    const sound = vi.spyOn(Checker.prototype, 'finish')
    await opened('judged', async (session) => {
      const page = (await session.judge()).page()
      expect(sound).toHaveBeenLastCalledWith(false)
      expect(page).toEqual(openRecording(file('judged')).checker.page())
    })
    sound.mockRestore()
  })

  it('is not compared in a window, which names the command that does', async () => {
    generate(file('side'), { events: 500, seed: 6 })
    const host = new EngineHost(() => undefined, 1000)
    const stretch = { a: { from: 0, to: 1 }, b: { from: 0, to: 1 }, width: 100, vm: null }
    await host.compare([file('side')], [file('side')])
    expect(await host.compareStretch(stretch)).not.toBeNull()
    await expect(host.compare([file('side')], [file('recorded')])).rejects.toMatchObject({
      code: 'session-large',
      remedy: expect.stringContaining('vascope diff')
    })
    await host.close()
    expect(await host.compareStretch(stretch)).toBeNull()
  })
})
