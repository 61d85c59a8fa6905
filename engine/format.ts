/** Numbers as people read them, for the window, the terminal and the report. No imports: the renderer uses it too. */

/** Numbers as text. A value and its unit are given apart, since the unit is drawn smaller. */
export interface Quantity {
  value: string
  unit: string
  /** The same in full, "8294400 B", where the value is rounded; for copying. */
  exact?: string
}

/** Shown where something was not seen. Never "0". */
export const NOT_SEEN = 'not seen'

/** Narrow no-break space between groups of three digits. */
const GROUP = '\u202f'

/** A GPU address as 0x1_0021_0000: hex, at least nine digits, in groups of four from the right. */
export function formatIova(iova: number): string {
  return '0x' + groupHex(iova.toString(16).padStart(9, '0'))
}

/** An offset into a BO: hex without padding. */
export function formatOffset(offset: number): string {
  return '0x' + groupHex(offset.toString(16))
}

function groupHex(digits: string): string {
  return digits.replace(/(?<=.)(?=(?:.{4})+$)/g, '_')
}

/** Bytes in binary units with three significant figures or a little more: 7.91 MiB, 688.3 MiB, 4 KiB. */
export function formatBytes(bytes: number): Quantity {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let index = 0
  while (value >= 1024 && index < units.length - 1) {
    value /= 1024
    index++
  }
  const digits = Number.isInteger(value) ? 0 : value < 100 ? 2 : 1
  return { value: value.toFixed(digits), unit: units[index] ?? 'B', exact: `${bytes} B` }
}

/** Bytes per second of the link, in the decimal units of links. */
export function formatRate(bytesPerSecond: number): Quantity {
  return { value: (bytesPerSecond / 1e6).toFixed(2), unit: 'MB/s' }
}

/** Whole counts with thin spaces: 5 312. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, GROUP)
}

/** Large counts shortened, for figures that change all the time: 84.2 k, 9.41 M. */
export function formatShort(count: number): Quantity {
  if (count >= 1e6) return { value: (count / 1e6).toFixed(2), unit: 'M' }
  if (count >= 1e4) return { value: (count / 1e3).toFixed(1), unit: 'k' }
  return { value: formatCount(count), unit: '' }
}

/** A session time as 1:03.412, with hours when there are some: 2:46:10. */
export function formatTime(seconds: number, decimals = 3): string {
  const scale = 10 ** decimals
  const ticks = Math.round(Math.abs(seconds) * scale)
  const whole = Math.floor(ticks / scale)
  const fraction = decimals ? '.' + String(ticks % scale).padStart(decimals, '0') : ''
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  const rest = String(whole % 60).padStart(2, '0') + fraction
  const sign = seconds < 0 && ticks > 0 ? '-' : ''
  return sign + (hours ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`)
}

/** A session time in full, to the nanosecond: 63.412000001 s. */
export function timeText(seconds: number): string {
  return `${Number(seconds.toFixed(9))} s`
}

/** A duration in the unit that reads best: 340 µs, 16.67 ms, 22.204 s, 4:12. */
export function formatDuration(seconds: number): Quantity {
  const exact = timeText(seconds)
  if (seconds < 0.001) return { value: (seconds * 1e6).toFixed(0), unit: 'µs', exact }
  if (seconds < 1) return { value: (seconds * 1e3).toFixed(seconds < 0.1 ? 2 : 1), unit: 'ms', exact }
  if (seconds < 600) return { value: seconds.toFixed(3), unit: 's', exact }
  return { value: formatTime(seconds, 0), unit: '', exact }
}

export function quantityText({ value, unit }: Quantity): string {
  return unit ? `${value} ${unit}` : value
}
