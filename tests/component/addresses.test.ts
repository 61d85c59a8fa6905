import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AddressQuery, AddressRange, AddressSpace } from '../../engine/api'
import { overviewAddress, rangeAt } from '../../renderer/features/addresses/draw-strip'
import { piecesOf } from '../../renderer/features/addresses/useAddresses'
import { openWindow, type TestWindow } from './window'

const PAGE = 4096
const mapping = (va: number, iova: number, pages: number, more: Partial<AddressRange> = {}): AddressRange => ({
  va,
  bo: va + 10,
  boName: 'heap',
  iova,
  bytes: pages * PAGE,
  offset: 0,
  start: 1,
  state: 'live',
  alias: false,
  ...more
})
const SPACE: AddressSpace = {
  vm: 3,
  name: 'churn',
  time: 8,
  base: 0,
  size: 2 ** 48,
  policy: 'hard',
  begin: 0x10_0000,
  end: 0x80_0000,
  mappings: 3,
  used: { bytes: 8 * PAGE, sparse: 16 * PAGE, aliased: 0 },
  holes: { count: 2, bytes: 100 * PAGE, largest: { iova: 0x20_0000, bytes: 75 * PAGE } },
  total: 3,
  ranges: [mapping(1, 0x10_0000, 4), mapping(2, 0x10_4000, 4), mapping(3, 0x20_0000, 16, { bo: 0, boName: '' })],
  coverage: null,
  extents: [
    { iova: 0x10_0000, bytes: 8 * PAGE },
    { iova: 0x20_0000, bytes: 16 * PAGE }
  ]
}

let opened: TestWindow
beforeEach(async () => {
  opened = await openWindow({ addresses: () => SPACE })
  await opened.goLive()
  await opened.press('3')
  await flushPromises()
})
afterEach(() => opened.wrapper.unmount())
const asked = (): AddressQuery[] => opened.asked('addresses').map(([query]) => query as AddressQuery)

describe('the address space at the cursor', () => {
  it('is fitted to what is used, and zooms from there to a page and to all there is', async () => {
    const fitted = asked().at(-1)!
    expect(fitted.from).toBeLessThanOrEqual(SPACE.begin)
    expect(fitted.to).toBeGreaterThanOrEqual(SPACE.end)
    expect(fitted.to - fitted.from).toBeLessThan(2 * (SPACE.end - SPACE.begin))
    for (let n = 0; n < 20; n++) await opened.press('w')
    expect(asked().at(-1)!.to - asked().at(-1)!.from).toBe(PAGE)
    await opened.press('F', { shiftKey: true })
    expect(asked().at(-1)).toMatchObject({ from: 0, to: 2 ** 48 })
  })

  it('says what is used, what is not, and how scattered that is', () => {
    const text = opened.wrapper.get('.facts dl, dl.facts').text()
    for (const figure of ['32KiB', '64KiB', '2 between mappings', '25%']) expect(text).toContain(figure)
  })
})

describe('the strip', () => {
  it('is mappings and holes, without a remainder', () => {
    const window = { from: 0xf_0000, to: 0x30_0000 }
    const pieces = piecesOf(SPACE, window)
    const length = pieces.reduce((sum, piece) => sum + (piece.kind === 'hole' ? piece.bytes : piece.range.bytes), 0)
    expect(length).toBe(window.to - window.from)
    expect(pieces.map(({ kind }) => kind)).toEqual(['hole', 'mapping', 'mapping', 'hole', 'mapping', 'hole'])
  })

  it('knows what is under a point', () => {
    expect(rangeAt(SPACE, 0x10_4000)?.va).toBe(2)
    expect(rangeAt(SPACE, 0x1f_f000)).toBeUndefined()
    expect(overviewAddress(SPACE, 0)).toBe(0x10_0000)
    expect(overviewAddress(SPACE, 1)).toBe(0x20_0000 + 16 * PAGE)
  })
})
