import { describe, expect, it } from 'vitest'
import { addressSpace } from '../../engine/query/addresses'
import { openRecording } from '../../engine/session/recording'

const { model } = openRecording('tests/fixtures/sessions/format-1.1.vascope')
const { mappings: m } = model.state
/** A time at which many live, and a VM that has some of them. */
const newest = m.length - 1
const [vm, at] = [m.vm.at(newest), m.start.at(newest)]
const whole = { vm, at, from: 0, to: 2 ** 48, width: 800 }

describe('an address space at a time', () => {
  const space = addressSpace(model, whole)!

  it('has what lived then, by address', () => {
    const alive = Array.from({ length: m.length }, (_, i) => i).filter(
      (i) => m.vm.at(i) === vm && m.start.at(i) <= at && m.end.at(i) > at
    )
    expect(space.ranges.map(({ va }) => va).sort()).toEqual(alive.map((i) => m.va.at(i)).sort())
    const addresses = space.ranges.map(({ iova }) => iova)
    expect(addresses).toEqual([...addresses].sort((a, b) => a - b))
  })

  it('is made of mappings and holes, without remainder', () => {
    const mapped = space.ranges.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(space.used.bytes + space.used.sparse).toBe(mapped)
    expect(space.begin + mapped + space.holes.bytes).toBe(space.end)
    expect(space.holes.largest.bytes).toBeLessThanOrEqual(space.holes.bytes)
  })

  it('shows a window alone, down to one page', () => {
    const { iova, va } = space.ranges[0]!
    const page = addressSpace(model, { ...whole, from: iova, to: iova + 4096 })!
    expect(page.ranges.map((range) => range.va)).toEqual([va])
    expect(page.mappings).toBe(space.mappings)
  })

  it('is none of a VM that was never seen', () => expect(addressSpace(model, { ...whole, vm: 999 })).toBeNull())
})
