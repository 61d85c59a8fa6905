import { describe, expect, it } from 'vitest'
import type { CompareLanes, CompareMeasure } from '../../engine/api'
import { alignB, linePath, timeOfB } from '../../renderer/features/compare/align'
import { boAt, type LaneScene } from '../../renderer/features/compare/draw-lanes'
import { fakeView } from './fake-engine'
import { changeText, differing, figureText, unseenIn } from '../../renderer/features/compare/figures'

const measure = (change: Partial<CompareMeasure>): CompareMeasure => ({
  id: 'x',
  label: 'x',
  group: 'bytes',
  unit: 'bytes',
  kind: 'fact',
  better: 'less',
  a: 1024,
  b: 2048,
  valuesA: [1024],
  valuesB: [2048],
  change: 1024,
  relative: 1,
  interval: null,
  verdict: 'differs',
  reason: '',
  weight: 1,
  ...change
})

describe('two sides on one axis', () => {
  const steps = [
    { key: 'churn', a: { from: 2, to: 4 }, b: { from: 3, to: 9 } },
    { key: 'only in B', a: null, b: { from: 10, to: 11 } }
  ]
  it('stand at the same place at the bounds of a step, and in proportion within', () => {
    const toA = alignB(steps, { a: 6, b: 12 })
    expect([0, 1.5, 3, 6, 9, 12].map(toA)).toEqual([0, 1, 2, 3, 4, 6])
  })

  it('are found back from the axis', () => {
    const back = timeOfB(alignB(steps, { a: 6, b: 12 }), 12)
    for (const [a, b] of [
      [1, 1.5],
      [3, 6],
      [5, 10.5]
    ])
      expect(back(a!)).toBeCloseTo(b!, 6)
  })

  it('never go back, also where steps came in another order', () => {
    const toA = alignB([...steps, { key: 'late', a: { from: 0, to: 1 }, b: { from: 9.5, to: 9.8 } }], { a: 6, b: 12 })
    const times = Array.from({ length: 121 }, (_, i) => toA(i / 10))
    expect([...times].sort((x, y) => x - y)).toEqual(times)
  })

  it('leave a gap where nothing was seen', () => {
    const values = Float32Array.from([1, NaN, 2])
    const same = (value: number): number => value
    expect(linePath({ stepSeconds: 1, values }, same, same)).toBe('M0.0 1.0H1.0M2.0 2.0H3.0')
  })
})

describe('a difference in words', () => {
  it('has its unit, and never a zero for what was not seen', () => {
    expect(figureText('bytes', 2048)).toMatch(/^2.* KiB$/)
    expect(figureText('count', null)).toBe('not seen')
    expect(figureText('share', 0.25)).toBe('25.0 %')
  })

  it('says how far B is from A, or why that cannot be said', () => {
    expect(changeText(measure({}))).toBe('+100 %')
    expect(changeText(measure({ relative: -0.123 }))).toBe('−12.3 %')
    expect(changeText(measure({ relative: null, a: 0, change: 3, unit: 'count' }))).toBe('+3')
    expect(changeText(measure({ verdict: 'none' }))).toBe('noise')
    expect(changeText(measure({ verdict: 'none', change: 0 }))).toBe('same')
    expect(changeText(measure({ verdict: 'unknown' }))).toBe('not known')
  })
})

describe('a count of changes', () => {
  it('is not known where not all was compared, and says why', () => {
    const reason = 'not compared after a loss'
    expect(unseenIn([measure({ id: 'object_changes', b: null, reason })], 'object_changes')).toBe(reason)
    expect(unseenIn([measure({ id: 'policy_changes', b: 1, atLeast: true, reason })], 'policy_changes')).toBe(reason)
    expect(unseenIn([measure({ id: 'object_changes', b: 0 })], 'object_changes')).toBeNull()
  })
})

describe('a lane', () => {
  const lanes: CompareLanes = { ...fakeView({ from: 0, to: 8, width: 800, cursor: null }), keys: ['churn', 'mdp_kms'] }
  const scene: LaneScene = { lanes, group: 1, place: (time) => time / 8, bo: null, any: false }

  it('knows the BO of the mapping under the pointer, and none beside it', () => {
    // three rows of the display's VM, from 1 s on
    const hit = (x: number, y: number): number | null => boAt({ width: 800, height: 40 }, scene, x, y)
    expect([hit(200, 8), hit(200, 19), hit(200, 31)]).toEqual([400, 401, 402])
    expect(hit(50, 8)).toBeNull()
  })
})

describe('facts that differ', () => {
  it('are told of lists by what one side alone has', () => {
    const [modules, kernel] = differing([
      { name: 'modules', a: 'msm, drm, gpu_sched', b: 'msm weak, drm, gpu_sched' },
      { name: 'kernel', a: '7.3.4', b: '' }
    ])
    expect(modules).toMatchObject({ a: 'msm', b: 'msm weak' })
    expect(kernel).toMatchObject({ a: '7.3.4', b: 'none' })
  })
})
