import { describe, expect, it } from 'vitest'
import { mappingsAt, whyAlive, whyGone } from '../../../engine/query/why'
import { checked, k } from '../check/script'
import { Kind } from '../../../engine/wire/schema'

const bind = [...k.vm(0, 1), k.vmFile(0, 1), k.bo(1, 1), k.open(2, 1), k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32)]
const managed = [...k.managed(0, 1), k.vmFile(0, 1), k.bo(1, 1), k.open(2, 1), k.vmBo(3, 1, 1, 1), ...k.map(3, 1, 32)]

describe('why a BO is alive', () => {
  const { model } = checked([
    ...bind,
    k.fb(4, 7),
    { ms: 5, kind: Kind.Export, task: 1, bo: 1 },
    ...k.close(10, 1),
    { ms: 20, kind: Kind.FbDestroy, fb: 7 },
    { ms: 30, kind: Kind.ExportEnd, bo: 1 },
    ...k.unmap(40, 1),
    k.vmBoEnds(40, 1, 1, 1),
    k.boEnds(41, 1)
  ])
  const kinds = (ms: number): string[] => whyAlive(model, 1, ms / 1000).holders.map((h) => h.kind)

  it('names the holders at each time', () => {
    expect(kinds(2.5)).toEqual(['handle'])
    expect(kinds(6)).toEqual(['handle', 'vm_bo', 'dma-buf', 'framebuffer'])
    expect(kinds(15)).toEqual(['vm_bo', 'dma-buf', 'framebuffer'])
    expect(kinds(25)).toEqual(['vm_bo', 'dma-buf'])
    expect(kinds(35)).toEqual(['vm_bo'])
  })

  it('says who and since when, and how the policy of the edge is known', () => {
    const [handle, vmBo] = whyAlive(model, 1, 0.006).holders
    expect(handle).toMatchObject({ who: 'handle 1 of app 41, file 1', since: 0.002, references: 1 })
    expect(vmBo).toMatchObject({ since: 0.003, mappings: 1, policy: 'hard', references: 1 })
    expect(vmBo!.policySource).toContain('VM_BIND')
  })

  it('says in one sentence that only a mapping is left', () => {
    expect(whyAlive(model, 1, 0.035).answer).toBe('Only a mapping keeps BO 1 alive.')
  })

  it('knows a BO that is not made yet, one that is gone, and one that never was', () => {
    const state = (id: number, seconds: number): string => whyAlive(model, id, seconds).state
    expect([state(1, 0.0005), state(1, 1), state(9, 1)]).toEqual(['not made yet', 'destroyed', 'never seen'])
  })

  it('says so where handles of that time are no more kept', () => {
    const reopened = Array.from({ length: 200 }, (_, i) => [k.open(i + 2, 1), ...k.close(i + 2.4, 1)])
    const { model: m } = checked([...k.vm(0, 1), k.bo(1, 1), ...reopened.flat()])
    expect(whyAlive(m, 1, 0.0022).answer).toMatch(/\d+ handles that were closed up to .* are not kept/)
    expect(whyAlive(m, 1, 1).answer).not.toContain('not kept')
  })

  it('counts a weak vm_bo as no reference', () => {
    const weak = checked([...k.managed(0, 1, { flags: 4 }), k.bo(1, 1), k.open(2, 1), k.vmBo(3, 1, 1, 1, 0)], {
      capabilities: { vmFlags: { DRM_GPUVM_VA_WEAK_REF: 4 } }
    })
    expect(whyAlive(weak.model, 1, 1)).toMatchObject({ explained: 1 })
  })
})

describe('why a mapping went', () => {
  const gone = (events: Parameters<typeof checked>[0], va = 1): NonNullable<ReturnType<typeof whyGone>> =>
    whyGone(checked(events).model, va)!

  it('names the UNMAP', () => {
    const why = gone([...bind, k.smUnmap(9, 32), ...k.unmap(10, 1)])
    expect(why).toMatchObject({ reason: 'unmap', by: 'app 41', end: 0.01 })
    expect(why.steps).toEqual([{ time: 0.009, text: 'UNMAP 0x20000..0x30000 was asked for' }])
  })

  it('names the MAP that took its place', () => {
    const why = gone([...bind, k.bo(5, 2), k.smMap(9, 32, 16, 2), ...k.unmap(10, 1, 1, 9), k.insert(10, 2, 32, 16, 2)])
    expect(why.steps[0]!.text).toBe('MAP of BO 2 at 0x20000..0x30000 was asked for, which takes its place')
  })

  it('names the parts that a split leaves', () => {
    const parts = [k.insert(10, 2, 32, 4), { ...k.insert(10, 3, 40, 8), offset: 8 }]
    const why = gone([...bind, k.smUnmap(9, 36, 4), k.remap(9, 1, 36, 4), ...k.unmap(10, 1, 1, 8), ...parts])
    expect(why).toMatchObject({ reason: 'remap', parts: [2, 3] })
  })

  it('names the handle whose close took it along', () => {
    const [close, closed] = k.close(10, 1)
    const why = gone([...managed, close!, ...k.unmap(10.2, 1, 1, 2), closed!])
    expect(why.reason).toBe('handle close')
    expect(why.steps.map((s) => s.text)).toEqual([
      'handle 1 of app 41 was closed, which took 0.500 ms with its wait for fences'
    ])
  })

  it('names what brought vma_ref to 0', () => {
    const display = [
      ...k.managed(0, 2, { name: 8 }),
      k.bo(1, 1),
      k.fb(2, 7),
      k.prepare(3, 7),
      ...k.map(4, 1, 32, 16, 1, 2)
    ]
    const why = gone([...display, k.remove(20, 1, 3, 2), k.cleanup(22, 7)])
    expect(why.steps.map((s) => s.text)).toEqual([
      'framebuffer 7 left the screen and was cleaned up',
      'vma_ref fell to 0: no handle, no dma-buf and no prepared framebuffer is left'
    ])
  })

  it('finds mappings by address, newest first', () => {
    const { model } = checked([...bind, ...k.unmap(10, 1), k.insert(20, 2, 36, 4)])
    expect(mappingsAt(model, 0x24000, 1)).toEqual([2, 1])
    expect(mappingsAt(model, 0x24000, 0.015)).toEqual([1])
    expect(mappingsAt(model, 0x24000, 1, 9)).toEqual([])
  })

  it('says nothing of one that is there, or never was', () => {
    const { model } = checked(bind)
    expect(whyGone(model, 1)).toMatchObject({ end: null, answer: 'VA 1 is there.' })
    expect(whyGone(model, 99)).toBeNull()
  })
})
