import { describe, expect, it } from 'vitest'
import { Workload } from '../../../bench/generate'
import { Checker } from '../../../engine/check/checker'
import { createFb, destroyFb, fbOp } from '../../../engine/model/display'
import { endedRows, forget } from '../../../engine/model/forget'
import { encodeImage } from '../../../engine/model/image'
import { restoreImage } from '../../../engine/model/restore'
import { SessionModel } from '../../../engine/model/session'
import { Trimmer } from '../../../engine/session/recorder'
import { liveAt } from '../../../engine/query/live'
import { search } from '../../../engine/query/search'
import { extentsOf } from '../../../engine/query/space'
import { objectTable } from '../../../engine/query/tables'
import { view } from '../../../engine/query/view'
import { mappingsAt, whyGone } from '../../../engine/query/why'
import { balances } from '../../../engine/stats/balance'
import { lifetimes } from '../../../engine/stats/lifetimes'
import { Frame, ScenarioState } from '../../../engine/wire/messages'
import { at, k, TASKS } from '../check/script'
import { frame } from '../stream'

/** The same stream in a model that keeps all, and in one that forgets what ended more than half a second ago. */
function both(): { all: SessionModel; short: SessionModel; most: number } {
  const [all, short] = [new SessionModel(), new SessionModel()]
  let [most, next] = [0, 1]
  const send = (frame: Uint8Array): void => {
    all.take(frame)
    short.take(frame)
    if (short.end < next || !short.atRest) return
    next = short.end + 0.25
    extentsOf(short, 1)
    forget(short.state, short.end - 0.5)
    most = Math.max(most, short.state.mappings.length)
  }
  new Workload(send, { events: 30_000, seed: 8, rate: 4000, vms: 2, slots: 64 }).run()
  return { all, short, most }
}

function ended({ state: { mappings: m } }: SessionModel): { va: number; iova: number; end: number }[] {
  const rows = Array.from({ length: m.length }, (_, i) => ({ va: m.va.at(i), iova: m.iova.at(i), end: m.end.at(i) }))
  return rows.filter(({ end }) => Number.isFinite(end))
}

describe('a model that forgets', () => {
  const { all, short, most } = both()

  it('lives in what it lives in, not in what there was', () => {
    expect(all.state.mappings.length).toBeGreaterThan(1800)
    expect(most).toBeLessThan(all.state.mappings.length / 2)
    expect(short.state.jobs.length).toBeLessThan(all.state.jobs.length / 2)
    expect(short.state.bos.size).toBeLessThan(all.state.bos.size)
  })

  it('says the same of all that lives, of the sums and of the newest time', () => {
    // images hold what lives and what ended a moment ago
    expect(Buffer.from(encodeImage(short)).equals(Buffer.from(encodeImage(all)))).toBe(true)
    expect([short.state.liveBytes, short.events]).toEqual([all.state.liveBytes, all.events])
    const request = { from: all.end - 0.4, to: all.end, width: 400, cursor: all.end - 0.2 }
    const [a, b] = [view(all, request), view(short, request)]
    expect([...b.rects.va].sort()).toEqual([...a.rects.va].sort())
    expect([b.cursor, b.vms.map((vm) => vm.mappings)]).toEqual([a.cursor, a.vms.map((vm) => vm.mappings)])
    expect([...b.jobs.id].sort()).toEqual([...a.jobs.id].sort())
    expect(b.charts.liveBytes).toEqual(a.charts.liveBytes)
  })

  it('answers nothing of what it forgot, and the newest first of what it has, whichever rows they have', () => {
    const { state } = short
    expect(state.mappings.ordered).toBe(false)
    forget(state, short.end - 0.5)
    expect(state.mappings.free.length).toBeGreaterThan(0)
    const known = ended(all).filter(({ end }) => end >= short.end - 0.5)
    for (const { va, iova } of known.slice(0, 30)) {
      // what is not forgotten, in the same order
      const kept = (ids: (string | number)[]): number[] =>
        ids.map(Number).filter((id) => state.mappings.byVa.get(id) >= 0)
      const hits = (model: SessionModel): string[] =>
        search(model, [], `0x${iova.toString(16)}`, model.end).map(({ id }) => id)
      const expected = kept(hits(all))
      expect(hits(short).map(Number).slice(0, expected.length)).toEqual(expected)
      expect(whyGone(short, va)).toEqual(whyGone(all, va))
      expect(mappingsAt(short, iova, short.end)).toEqual(kept(mappingsAt(all, iova, all.end)))
    }
    const at = short.end - 0.3
    const rows = (model: SessionModel): unknown =>
      objectTable(model, {
        ...{ kind: 'vm_bo', at, ended: false, search: '', sort: 'id', descending: false, first: 0, count: 1000 }
      }).rows
    expect(rows(short)).toEqual(rows(all))
    expect(liveAt(short, at).bytes).toBe(liveAt(all, at).bytes)
    expect(lifetimes(short)).toMatchObject({ live: lifetimes(all).live })
    expect(lifetimes(short).ended).toBe(ended(short).length)
  })

  it('knows all addresses that a VM used while somebody looked', () => {
    const { mappings: m } = all.state
    const within = (i: number): boolean =>
      extentsOf(short, m.vm.at(i)).some(
        ({ iova, bytes }) => iova <= m.iova.at(i) && m.iova.at(i) + m.bytes.at(i) <= iova + bytes
      )
    expect(Array.from({ length: m.length }, (_, i) => within(i))).not.toContain(false)
  })

  it('says of scenarios what was counted', () => {
    const scenario = { runId: 1, id: 's', seed: 1, state: ScenarioState.SCENARIO_STATE_DONE, started: -1, ended: 99 }
    const of = (model: SessionModel): unknown => {
      const { pid } = [...model.state.tasks.values()].find(({ pid }) => pid !== 0)!
      const issued = { 'expect-va-insert': 1, 'expect-va-remove': 1 }
      model.state.scenarios.push({ ...scenario, pid, issued, done: 1, total: 1, text: '' })
      return balances(model)
    }
    const expected = of(all)
    expect(expected).toMatchObject([{ insertsSeen: expect.any(Number) }])
    expect(of(short)).toEqual(expected)
  })

  it('is judged by the rules as one that keeps all', () => {
    const pages = [false, true].map((forgets) => {
      const model = new SessionModel()
      const checker = new Checker(model)
      let next = 16
      const send = (frame: Uint8Array): void => {
        model.take(frame)
        if (!forgets || model.end < next || !model.atRest) return
        next = model.end + 1
        forget(model.state, model.end - 15)
      }
      new Workload(send, { events: 6000, seed: 8, rate: 150, vms: 2, slots: 32 }).run()
      checker.finish(true)
      return { page: checker.page(), mappings: model.state.mappings.length }
    })
    expect(pages[1]!.page).toEqual(pages[0]!.page)
    expect(pages[1]!.mappings).toBeLessThan(pages[0]!.mappings)
  })

  it('does not know what it forgot', () => {
    expect(short.state.mappings.byVa.get(1)).toBe(-1)
    expect(all.state.mappings.byVa.get(1)).toBeGreaterThanOrEqual(0)
  })

  it('is asked at a checkpoint for a BO that it forgot', () => {
    const model = new SessionModel()
    const checker = new Checker(model)
    const checkpoint = (bo: object): Uint8Array =>
      Frame.encode({
        checkpoint: { runId: 1, timeNs: at(40_000), step: 'late', bos: [{ pid: 41, ordinal: 1, ...bo }] }
      }).finish()
    const started = { id: 1, last: true, complete: true, beginNs: at(0), endNs: at(0.1) }
    for (const message of [
      frame.hello(),
      frame.capabilities(),
      Frame.encode({ snapshot: started }).finish(),
      frame.events(1, [k.bo(1, 1), k.open(2, 1), ...k.close(3, 1), k.boEnds(4, 1), k.bo(39_000, 2)], { tasks: TASKS })
    ])
      model.take(message)
    model.settle()
    forget(model.state, model.end - 15)
    expect(model.state.bos.has(1)).toBe(false)
    model.take(checkpoint({ handles: 1 }))
    model.take(checkpoint({ gone: true }))
    model.take(frame.events(2, [k.bo(42_000, 3), k.bo(43_000, 4)]))
    model.settle()
    checker.finish(true)
    expect(checker.findings.filter(({ rule }) => rule === 'E2').map(({ what }) => what)).toEqual([
      'BO 1 is gone, late expects it alive'
    ])
  })

  it('keeps a destroyed BO that something names, and brings none back when that ends', () => {
    const named = (): SessionModel => {
      const model = new SessionModel()
      model.take(frame.hello())
      model.take(frame.capabilities())
      const events = [...k.vm(1, 1), k.bo(2, 1), k.insert(3, 1, 16, 4), k.boEnds(4, 1), k.bo(30_000, 2)]
      model.take(frame.events(1, events, { tasks: TASKS }))
      model.settle()
      return model
    }
    const forgot = named()
    forget(forgot.state, 15)
    const resumed = new SessionModel()
    resumed.take(frame.hello())
    resumed.take(frame.capabilities())
    restoreImage(resumed, encodeImage(named()))
    for (const { state } of [forgot, resumed]) {
      expect([state.bos.get(1)?.destroyed, [...state.aliveBos]]).toEqual([0.004, [2]])
      state.remove(1, 31)
      forget(state, 20)
      expect([state.bos.has(1), [...state.aliveBos], state.liveBytes]).toEqual([false, [2], 0])
    }
    // as in the image of an older version, which has no such BO
    const { state } = named()
    state.createVmBo(1, 1, 1, 30)
    state.bos.delete(1)
    state.remove(1, 31)
    state.destroyVmBo(1, 31)
    expect([state.bos.has(1), [...state.aliveBos], state.liveBytes]).toEqual([false, [2], 0])
  })

  it('is trimmed by whatever there is much of', () => {
    const flood: [string, (state: SessionModel['state'], n: number, time: number) => void][] = [
      ['submits', (s, n, time) => (s.submits.queue(n, time), s.submits.finish(n, time))],
      ['flips', (s, n, time) => s.flips.push(n % 2, time)],
      ['fbOps', (s, n, time) => fbOp(s, n, true, 1, 0, time)],
      ['framebuffers', (s, n, time) => (createFb(s, n, 0, time), destroyFb(s, n, time), s.fbs.delete(n))],
      ['BOs', (s, n, time) => (s.bo(n), s.destroyBo(n, time))],
      ['vm_bos', (s, n, time) => (s.createVmBo(n, 1, 1, time), s.destroyVmBo(n, time))]
    ]
    for (const [name, happens] of flood) {
      const model = new SessionModel()
      for (let n = 1; n <= 10_000; n++) happens(model.state, n, n / 10)
      model.end = 1000
      const trimmer = new Trimmer(model, 4000)
      expect([name, endedRows(model.state) >= 10_000, trimmer.trim()]).toEqual([name, true, true])
      trimmer.trim()
      expect([name, endedRows(model.state) <= 4000]).toEqual([name, true])
      expect([name, model.state.flips.count]).toEqual([name, name === 'flips' ? 10_000 : 0])
    }
  })
})
