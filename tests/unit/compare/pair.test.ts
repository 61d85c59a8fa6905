import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Comparison, CompareStretch } from '../../../engine/api'
import { comparePair } from '../../../engine/compare/compare'
import { objectOf, stretchOf, type Pair } from '../../../engine/compare/pair'

/** Recorded on the virtual board: the same scenarios and seed on mainline and on weakref (board/kernels). */
const FOLDER = path.resolve(import.meta.dirname, '../../fixtures/compare')
const fixture = (name: string): string => path.join(FOLDER, `${name}.vascope`)

let pair: Pair
let comparison: Comparison
beforeAll(() => {
  ;({ pair, comparison } = comparePair([fixture('mainline')], [fixture('weakref')]))
})

const whole = (vm: string | null = null): CompareStretch => ({
  a: { from: 0, to: pair.a.model.end },
  b: { from: 0, to: pair.b.model.end },
  width: 800,
  vm
})

describe('the lanes of two sessions', () => {
  it('name the same VM alike', () => {
    const { a, b } = stretchOf(pair, whole())
    expect(new Set(a.keys)).toEqual(new Set(b.keys))
    expect(a.keys).toContain('mdp_kms')
    const rects = a.keys.map((_, group) => [...a.rects.group].filter((g) => g === group).length)
    expect(rects[a.keys.indexOf('mdp_kms')]).toBeGreaterThan(30)
  })

  it('have the mappings of a step only', () => {
    const step = comparison.steps.find(({ key }) => key.includes('scanout-flip'))!
    const { a } = stretchOf(pair, { ...whole(), a: step.a!, b: step.b! })
    for (let i = 0; i < a.rects.start.length; i++) {
      expect(a.rects.start[i]).toBeLessThanOrEqual(step.a!.to)
      expect(a.rects.end[i]).toBeGreaterThanOrEqual(step.a!.from)
    }
  })

  it('count lifetimes of both in the same bins, of all VMs or of one', () => {
    const { lifetimes } = stretchOf(pair, whole('mdp_kms'))
    const [a, b] = lifetimes.counts
    const sum = (counts: number[]): number => counts.reduce((n, count) => n + count, 0)
    expect(a.length).toBe(b.length)
    expect(lifetimes.edges.length).toBe(a.length + 1)
    const vm = comparison.vms.find(({ key }) => key === 'mdp_kms')!
    expect([sum(a) + lifetimes.open[0], sum(b) + lifetimes.open[1]]).toEqual([vm.a!.mappings, vm.b!.mappings])
    expect(lifetimes.p50[0]).toBeLessThan(lifetimes.p50[1]!)
    expect(sum(stretchOf(pair, whole()).lifetimes.counts[0])).toBeGreaterThan(sum(a))
  })
})

describe('an object of one side', () => {
  it('is found on the other, from either, with what became of it', () => {
    const example = comparison.objects.find(({ vm, what }) => vm === 'mdp_kms' && what === 'teardown')!.examples[0]!
    const object = objectOf(pair, 'a', example.a!)!
    expect(object).toMatchObject({ key: example.key, a: example.a, b: example.b })
    expect(objectOf(pair, 'b', example.b!)).toEqual(object)
    const fate = object.vms.find(({ vm }) => vm === 'mdp_kms')!
    expect([fate.a!.teardown, fate.b!.teardown]).toEqual(['vma_put', 'BO free'])
    expect(fate.b!.mappedSeconds).toBeGreaterThan(fate.a!.mappedSeconds)
  })

  it('that there is none of is none', () => {
    expect(objectOf(pair, 'a', 999_999)).toBeNull()
  })
})
