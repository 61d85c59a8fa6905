import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatIova,
  formatOffset,
  formatRate,
  formatShort,
  formatTime,
  quantityText
} from '../../engine/format'

describe('addresses', () => {
  it.each([
    [0x1_0021_0000, '0x1_0021_0000'],
    [0x184_0000, '0x0_0184_0000'],
    [0, '0x0_0000_0000'],
    [0xffff_ffff_f000, '0xffff_ffff_f000']
  ])('%d reads as %s', (iova, text) => expect(formatIova(iova)).toBe(text))

  it('shows offsets without padding', () => {
    expect(formatOffset(0)).toBe('0x0')
    expect(formatOffset(0x300_0000)).toBe('0x300_0000')
  })
})

describe('sizes and counts', () => {
  it.each([
    [0, '0 B'],
    [4096, '4 KiB'],
    [0x7e_9000, '7.91 MiB'],
    [64 * 1024 ** 2, '64 MiB'],
    [312.4 * 1024 ** 2, '312.4 MiB'],
    [2 ** 47, '128 TiB']
  ])('%d bytes read as %s', (bytes, text) => expect(quantityText(formatBytes(bytes))).toBe(text))

  it('groups digits with thin spaces, and shortens what changes all the time', () => {
    expect(formatCount(5312)).toBe('5\u202f312')
    expect(formatCount(999)).toBe('999')
    expect(formatShort(84_200)).toEqual({ value: '84.2', unit: 'k' })
    expect(formatShort(9_410_000)).toEqual({ value: '9.41', unit: 'M' })
    expect(formatRate(1_120_000)).toEqual({ value: '1.12', unit: 'MB/s' })
  })
})

describe('times', () => {
  it.each([
    [63.412, 3, '1:03.412'],
    [0.0004, 3, '0:00.000'],
    [59.9996, 3, '1:00.000'],
    [3600 * 2 + 46 * 60 + 10, 0, '2:46:10'],
    [-1.5, 1, '-0:01.5']
  ])('%d s with %d decimals reads as %s', (seconds, decimals, text) => expect(formatTime(seconds, decimals)).toBe(text))

  it.each([
    [0.00034, '340 µs'],
    [0.01667, '16.67 ms'],
    [0.34, '340.0 ms'],
    [22.204, '22.204 s'],
    [700, '11:40']
  ])('a duration of %d s reads as %s', (seconds, text) => expect(quantityText(formatDuration(seconds))).toBe(text))
})
