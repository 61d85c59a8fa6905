import type { View } from '../engine/api'
import { Judging } from '../engine/session/judging'
import { LargeSession } from '../engine/session/large'
import { Kind } from '../engine/wire/schema'
import { originNs, type Truth } from './generate'
import { different, stopwatch, type Timed } from './timing'

/** Shares of a session that are looked at. */
const ZOOMS = [1, 0.3, 0.1, 0.01, 0.001]

/** `ms`, `cpuMs`: of the first answer to a window, eight of each zoom. */
export interface Browsed extends Timed {
  /** Until the first window can be drawn. */
  openMs: number
  /** From the first answer to the best, CPU time and what passed; and the same window asked for again. */
  refineCpuMs: number[]
  refineMs: number[]
  againCpuMs: number[]
  /** Windows in which mappings are told apart in the end. */
  exact: number
}

/**
 * Browses a session as the window does one that is not read whole, at 2,000 pixels. The first answer is held against the truth's sums and,
 * as close as a cell of the overviews is, the mappings at the cursor; the best answer exactly.
 */
export async function browse(file: string, t: Truth): Promise<Browsed> {
  const browsed: Browsed = {
    ms: [],
    cpuMs: [],
    wrong: [],
    openMs: 0,
    refineCpuMs: [],
    refineMs: [],
    againCpuMs: [],
    exact: 0
  }
  const { wrong } = browsed
  const opening = stopwatch()
  const session = await LargeSession.open(file, {
    refined: () => undefined,
    failed: (error) => {
      throw error
    }
  })
  const { end } = session.ending
  const ask = (part: number, cursor: number): View => {
    const length = end * part
    const from = Math.min(Math.max(0, cursor - length / 2), end - length)
    return session.view({ from, to: from + length, width: 2000, cursor })
  }
  const whole = ask(1, end)
  browsed.openMs = opening().ms[0]!
  wrong.push(...sums(whole, t))
  for (const part of ZOOMS) {
    // the first of each kind waits for the compiler
    ask(part, 1)
    await session.settled()
    for (const { ns, live } of t.samples.slice(0, 8)) {
      const at = (ns - originNs) / 1e9
      const first = stopwatch()
      const coarse = ask(part, at)
      add(browsed.ms, browsed.cpuMs, first())
      // of a cell's 8192 events, one in nine begins a mapping and as many end one
      if (Math.abs(coarse.cursor.liveMappings - live) > 2000)
        wrong.push(`about ${coarse.cursor.liveMappings} mappings at ${ns}, the truth is ${live}`)
      const refining = stopwatch()
      await session.settled()
      add(browsed.refineMs, browsed.refineCpuMs, refining())
      const again = stopwatch()
      const best = ask(part, at)
      add([], browsed.againCpuMs, again())
      if (!best.coarse) browsed.exact++
      wrong.push(...different(`mappings at ${ns}`, best.cursor.liveMappings, live))
    }
  }
  session.close()
  await session.settled()
  return browsed
}

function add(ms: number[], cpuMs: number[], passed: { ms: number[]; cpuMs: number[] }): void {
  ms.push(...passed.ms)
  cpuMs.push(...passed.cpuMs)
}

/** The charts of a whole session, summed up, have every mapping that began and ended. */
function sums({ charts, end }: View, t: Truth): string[] {
  const total = (series: Float32Array): number =>
    series.reduce((n, rate, bin) => {
      const passed = Math.max(Math.min(charts.step, 1), Math.min(charts.step, end - charts.from - bin * charts.step))
      return n + Math.round(rate * passed)
    }, 0)
  return [
    ...different('mappings that began', total(charts.maps), t.counts[Kind.VaInsert]!),
    ...different('mappings that ended', total(charts.unmaps), t.counts[Kind.VaRemove]!)
  ]
}

/** Holds a session against the rules, as `vascope check` does; a sound one has no violations. */
export function judge(file: string, t: Truth): Timed {
  const passed = stopwatch()
  const page = new Judging(file).now().page()
  const checked = page.rules.filter((rule) => rule.checked).length
  return {
    ...passed(),
    wrong: [
      ...different('violations', page.counts.violation, 0),
      ...(checked > 0 && t.events > 0 ? [] : ['no rule was checked'])
    ]
  }
}
