import { TraceDatError, type Cursor } from './cursor'
import type { Traced } from './tracecmd'

/** In the commit word of a page: how many bytes are used, whether events are missing before it, and whether it ends with how many. */
const USED = (1 << 27) - 1
const MISSED = 2 ** 31
const MISSED_STORED = 2 ** 30
/** Types of a ring buffer's entries that are no data. */
const Entry = { padding: 29, extend: 30, stamp: 31 }
const NUMBERS: ReadonlySet<number> = new Set([1, 2, 4, 8])

interface Field {
  name: string
  offset: number
  /** In bytes: 1, 2, 4 or 8. */
  size: number
  text: boolean
}

interface Format {
  name: string
  fields: Field[]
}

/** What the events of a recording are made of. */
export interface Described {
  formats: ReadonlyMap<number, Format>
  /** Of tasks, by thread. */
  names: ReadonlyMap<number, string>
}

/** The descriptions of events, by the id that an event has. */
export function readFormats(c: Cursor): Map<number, Format> {
  const formats = new Map<number, Format>()
  for (let systems = c.number(4); systems > 0; systems--) {
    c.string()
    for (let n = c.number(4); n > 0; n--) addFormat(formats, c.take(c.number(8)).toString('latin1'))
  }
  return formats
}

export function readNames(c: Cursor): Map<number, string> {
  const text = c.take(c.number(8)).toString('latin1')
  return new Map([...text.matchAll(/^(\d+) (.*)$/gm)].map(([, pid, comm]) => [Number(pid), comm!]))
}

/** The pages of one CPU's ring buffer, each of `size` bytes; the last one may be cut. */
export function readPages(bytes: Buffer, size: number, described: Described, events: Traced[]): void {
  if (size < 64 || (size & (size - 1)) !== 0) throw new TraceDatError(`says that a page has ${size} bytes`)
  for (let at = 0; at + 16 <= bytes.length; at += size) readPage(bytes.subarray(at, at + size), described, events)
}

function addFormat(formats: Map<number, Format>, text: string): void {
  const name = /^name: (\w+)/m.exec(text)?.[1]
  const id = /^ID: (\d+)/m.exec(text)?.[1]
  if (!name || !id) return
  const fields = [...text.matchAll(/^\tfield:(.*?)(\w+)(?:\[\d*\])?;\toffset:(\d+);\tsize:(\d+);/gm)].map(
    ([, type, field, offset, size]): Field => ({
      ...{ name: field!, offset: Number(offset), size: Number(size), text: type!.startsWith('__data_loc') }
    })
  )
  const readable = ({ name, size, text }: Field): boolean =>
    !/^(common_|__probe_)/.test(name) && (text ? size === 4 : NUMBERS.has(size))
  formats.set(Number(id), { name, fields: fields.filter(readable) })
}

function readPage(page: Buffer, described: Described, events: Traced[]): void {
  let time = page.readBigUInt64LE(0)
  const commit = page.readUInt32LE(8)
  const end = Math.min(page.length, 16 + (commit & USED))
  if (commit >= MISSED) {
    const stored = commit % MISSED >= MISSED_STORED && end + 8 <= page.length
    events.push({ ns: Number(time), lost: stored ? Number(page.readBigUInt64LE(end)) : 0 })
  }
  for (let at = 16; at + 4 <= end;) {
    const head = page.readUInt32LE(at)
    const [type, delta] = [head & 31, BigInt(head >>> 5)]
    const extra = at + 8 <= end ? page.readUInt32LE(at + 4) : 0
    if (type === Entry.padding) {
      if (delta === 0n) break // the rest of the page
      time += delta
      at += 4 + extra
    } else if (type === Entry.extend) {
      time += (BigInt(extra) << 27n) + delta
      at += 8
    } else if (type === Entry.stamp) {
      time = (BigInt(extra) << 27n) + delta
      at += 8
    } else {
      time += delta
      const begin = type === 0 ? at + 8 : at + 4
      const length = type === 0 ? extra - 4 : type * 4
      if (length < 8 || begin + length > end) break // not a page of events
      const event = page.subarray(begin, begin + length)
      const format = described.formats.get(event.readUInt16LE(0))
      if (format) events.push(eventOf(format, event, Number(time), described.names))
      at = begin + length
    }
  }
}

function eventOf({ name, fields }: Format, event: Buffer, ns: number, names: Described['names']): Traced {
  const tid = event.readInt32LE(4)
  const args = new Map<string, string>()
  for (const { name: key, offset, size, text } of fields) {
    if (offset + size > event.length) continue
    if (text) {
      const place = event.readUInt32LE(offset)
      const string = event.subarray(place & 0xffff, (place & 0xffff) + (place >>> 16)).toString('latin1')
      args.set(key, `"${string.replace(/\0.*$/s, '')}"`)
    } else if (size === 8) args.set(key, `0x${event.readBigUInt64LE(offset).toString(16)}`)
    else args.set(key, `0x${event.readUIntLE(offset, size).toString(16)}`)
  }
  return { name, tid, comm: names.get(tid) ?? '', ns, args }
}
