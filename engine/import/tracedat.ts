import type { Traced } from './tracecmd'

const MAGIC = Buffer.from('\x17\x08\x44tracing', 'latin1')
/** In the commit word of a page: how many bytes are used, whether events are missing before it, and whether it ends with how many. */
const USED = (1 << 27) - 1
const MISSED = 2 ** 31
const MISSED_STORED = 2 ** 30
/** Types of a ring buffer's entries that are no data. */
const Entry = { padding: 29, extend: 30, stamp: 31 }

export function isTraceDat(bytes: Buffer): boolean {
  return bytes.subarray(0, MAGIC.length).equals(MAGIC)
}

interface Field {
  name: string
  offset: number
  size: number
  text: boolean
}

interface Format {
  name: string
  fields: Field[]
}

/** What a file is not, that this can read. Its message is for people. */
export class TraceDatError extends Error {}

/** Reads numbers and names one after another; behind the end it throws a TraceDatError. */
class Cursor {
  at = 0

  constructor(readonly bytes: Buffer) {}

  take(length: number): Buffer {
    if (length < 0 || this.at + length > this.bytes.length) throw new TraceDatError('ends within its description')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  number(size: 2 | 4 | 8): number {
    const bytes = this.take(size)
    return size === 8 ? Number(bytes.readBigUInt64LE()) : size === 4 ? bytes.readUInt32LE() : bytes.readUInt16LE()
  }

  string(): string {
    const end = this.bytes.indexOf(0, this.at)
    const text = this.take(end - this.at).toString('latin1')
    this.at++
    return text
  }
}

/**
 * Events of a trace.dat of version 6 (trace-cmd.dat.v6(5)), little endian and 64 bits, in the order of time; of kprobe events, whose arguments are
 * numbers and strings. Throws TraceDatError where it is another.
 */
export function readTraceDat(bytes: Buffer): Traced[] {
  const c = new Cursor(bytes)
  c.take(MAGIC.length)
  const version = c.string()
  if (version !== '6') throw new TraceDatError(`has version ${version}, and version 6 is read`)
  if (c.take(1)[0] !== 0 || c.take(1)[0] !== 8)
    throw new TraceDatError('is of a board that is not little endian and 64 bits')
  const page = c.number(4)
  for (let i = 0; i < 2; i++) {
    c.string() // header_page, header_event: they are the same on all such boards
    c.take(c.number(8))
  }
  for (let n = c.number(4); n > 0; n--) c.take(c.number(8)) // ftrace's own events
  const formats = new Map<number, Format>()
  for (let systems = c.number(4); systems > 0; systems--) {
    c.string()
    for (let n = c.number(4); n > 0; n--) addFormat(formats, c.take(c.number(8)).toString('latin1'))
  }
  c.take(c.number(4)) // addresses of symbols
  c.take(c.number(4)) // strings of trace_printk
  const names = new Map(
    [
      ...c
        .take(c.number(8))
        .toString('latin1')
        .matchAll(/^(\d+) (.*)$/gm)
    ].map(([, pid, comm]) => [Number(pid), comm!])
  )
  const cpus = c.number(4)
  let section = c.string()
  if (section.trim() === 'options') {
    while (c.number(2) !== 0) c.take(c.number(4))
    section = c.string()
  }
  if (section.trim() !== 'flyrecord') throw new TraceDatError(`has "${section.trim()}" where its events should be`)
  const events: Traced[] = []
  for (let cpu = 0; cpu < cpus; cpu++) {
    const [offset, size] = [c.number(8), c.number(8)]
    for (let at = offset; at + 16 <= Math.min(offset + size, bytes.length); at += page)
      readPage(bytes.subarray(at, Math.min(at + page, bytes.length)), formats, names, events)
  }
  return events.sort((a, b) => a.ns - b.ns)
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
  formats.set(Number(id), { name, fields: fields.filter((field) => !/^(common_|__probe_)/.test(field.name)) })
}

function readPage(
  page: Buffer,
  formats: ReadonlyMap<number, Format>,
  names: ReadonlyMap<number, string>,
  events: Traced[]
): void {
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
      const format = formats.get(event.readUInt16LE(0))
      if (format) events.push(eventOf(format, event, Number(time), names))
      at = begin + length
    }
  }
}

function eventOf({ name, fields }: Format, event: Buffer, ns: number, names: ReadonlyMap<number, string>): Traced {
  const tid = event.readInt32LE(4)
  const args = new Map<string, string>()
  for (const { name: key, offset, size, text } of fields) {
    if (offset + size > event.length) continue
    if (text) {
      const place = event.readUInt32LE(offset)
      const string = event.subarray(place & 0xffff, (place & 0xffff) + (place >>> 16)).toString('latin1')
      args.set(key, `"${string.replace(/\0.*$/s, '')}"`)
    } else if (size === 8) args.set(key, `0x${event.readBigUInt64LE(offset).toString(16)}`)
    else if (size <= 4 && size !== 3) args.set(key, `0x${event.readUIntLE(offset, size).toString(16)}`)
  }
  return { name, tid, comm: names.get(tid) ?? '', ns, args }
}
