import { describe, expect, it } from 'vitest'
import { GpuVm, type Va } from '../../../engine/check/gpuvm'
import { random } from './kernel'

const va = (iova: number, bytes: number, bo = 1, offset = 0, flags = 0): Va => ({ iova, bytes, bo, offset, flags })

function spaceOf(...requests: Va[]): GpuVm {
  const vm = new GpuVm()
  for (const request of requests) vm.map(request)
  return vm
}

describe('the reference model of gpuvm', () => {
  it.each([
    ['nothing', 20, 4, [va(0, 16)]],
    ['all', 0, 16, []],
    ['more than all', 0, 32, []],
    ['the left part', 0, 4, [va(4, 12, 1, 4)]],
    ['the right part', 12, 4, [va(0, 12)]],
    ['the middle', 4, 4, [va(0, 4), va(8, 8, 1, 8)]]
  ])('unmaps %s', (_, from, bytes, left) => {
    const vm = spaceOf(va(0, 16))
    const steps = vm.unmap(from, bytes)
    expect(vm.vas).toEqual(left)
    expect(steps.removes).toEqual(from < 16 ? [va(0, 16)] : [])
    expect(steps.inserts).toEqual(from < 16 ? left : [])
  })

  it('replaces what a MAP covers and splits what it cuts', () => {
    const vm = spaceOf(va(0, 8, 1), va(8, 8, 2), va(16, 8, 3))
    const steps = vm.map(va(4, 16, 4, 2))
    expect(vm.vas).toEqual([va(0, 4, 1), va(4, 16, 4, 2), va(20, 4, 3, 4)])
    expect(steps.removes).toHaveLength(3)
    expect(steps.inserts).toHaveLength(3)
  })

  it('keeps a mapping that already is the same, and changes its flags', () => {
    const vm = spaceOf(va(0, 8, 1, 4))
    expect(vm.map(va(0, 8, 1, 4, 2))).toMatchObject({ removes: [], inserts: [], keep: { flags: 2 } })
    expect(vm.vas).toEqual([va(0, 8, 1, 4, 2)])
  })

  it.each([
    ['another offset', va(0, 8, 1, 5)],
    ['another BO', va(0, 8, 2, 4)]
  ])('does not keep it with %s', (_, request) => {
    const steps = spaceOf(va(0, 8, 1, 4)).map(request)
    expect([steps.keep, steps.removes.length, steps.inserts.length]).toEqual([null, 1, 1])
  })

  it('does not keep MAP_NULL: without a BO nothing merges', () => {
    const steps = spaceOf(va(0, 8, 0)).map(va(0, 8, 0))
    expect([steps.keep, steps.removes.length, steps.inserts.length]).toEqual([null, 1, 1])
  })

  it('takes a part of a larger mapping of the same BO out and puts it in again', () => {
    const vm = spaceOf(va(0, 16))
    const steps = vm.map(va(4, 4, 1, 4))
    expect(vm.vas).toEqual([va(0, 4), va(4, 4, 1, 4), va(8, 8, 1, 8)])
    expect(steps.removes).toEqual([va(0, 16)])
  })
})

const PAGES = 48

/** The same space page by page: what each page maps, and which request put it there. */
class Pages {
  private readonly page: ({ bo: number; at: number; request: number } | null)[] = new Array(PAGES).fill(null)
  private request = 0

  set(from: number, bytes: number, bo: number | null, offset = 0): void {
    this.request++
    for (let i = 0; i < bytes; i++)
      this.page[from + i] = bo === null ? null : { bo, at: bo === 0 ? 0 : offset + i, request: this.request }
  }

  /** Pages of one request that follow each other are one mapping: gpuvm never merges those of two. */
  vas(): Omit<Va, 'flags'>[] {
    const list: Omit<Va, 'flags'>[] = []
    let before = -1
    this.page.forEach((p, i) => {
      const last = list.at(-1)
      if (p && last && before === p.request && last.iova + last.bytes === i) last.bytes++
      else if (p) list.push({ iova: i, bytes: 1, bo: p.bo, offset: p.at })
      before = p?.request ?? -1
    })
    return list
  }
}

describe('random requests', () => {
  it('end as the page array ends, 5000 sequences of 24', () => {
    let sequences = 0
    for (let seed = 1; seed <= 5000; seed++) {
      const next = random(seed)
      const vm = new GpuVm()
      const pages = new Pages()
      for (let n = 0; n < 24; n++) {
        const from = next(PAGES)
        const bytes = 1 + next(Math.min(12, PAGES - from))
        const before = vm.vas.map((v) => ({ ...v }))
        let steps
        if (next(3) === 0) {
          steps = vm.unmap(from, bytes)
          pages.set(from, bytes, null)
        } else {
          const [bo, offset] = [next(4), next(6)]
          steps = vm.map(va(from, bytes, bo, offset))
          // a mapping that was kept is still that of the request that made it
          if (!steps.keep) pages.set(from, bytes, bo, offset)
        }
        // what was there, less what went, plus what came, is what is there
        const rest = before.filter((b) => !steps.removes.some((r) => r.iova === b.iova))
        const after = [...rest, ...steps.inserts].sort((a, b) => a.iova - b.iova)
        if (text(vm.vas) !== text(after)) expect(vm.vas, `seed ${seed}, request ${n}`).toEqual(after)
      }
      const expected = pages.vas()
      if (text(vm.vas) !== text(expected)) expect(vm.vas, `seed ${seed}`).toEqual(expected)
      sequences++
    }
    expect(sequences).toBe(5000)
  }, 60_000)
})

function text(vas: readonly Omit<Va, 'flags'>[]): string {
  return vas.map((v) => `${v.iova}+${v.bytes} ${v.bo}+${v.bo === 0 ? 0 : v.offset}`).join()
}
