import { Cursor, TraceDatError } from './cursor'
import { readFormats, readNames, readPages } from './ringpages'
import type { Traced } from './tracecmd'
import { readSections } from './tracedat7'

const MAGIC = Buffer.from('\x17\x08\x44tracing', 'latin1')

export function isTraceDat(bytes: Buffer): boolean {
  return bytes.subarray(0, MAGIC.length).equals(MAGIC)
}

/**
 * Events of a trace.dat of version 6 or 7 (trace-cmd.dat.v6(5), v7(5)), little endian and 64 bits, in the order of time; of kprobe events, whose
 * arguments are numbers and strings. `mostBytes` is what it may come to, unpacked. Throws TraceDatError where it is another.
 */
export function readTraceDat(bytes: Buffer, mostBytes = Infinity): Traced[] {
  const c = new Cursor(bytes)
  c.take(MAGIC.length)
  const version = c.string()
  if (version !== '6' && version !== '7')
    throw new TraceDatError(`has version ${version}, and versions 6 and 7 are read`)
  if (c.take(1)[0] !== 0 || c.take(1)[0] !== 8)
    throw new TraceDatError('is of a board that is not little endian and 64 bits')
  const page = c.number(4)
  const events = version === '6' ? readVersion6(c, page) : readSections(c, mostBytes)
  return events.sort((a, b) => a.ns - b.ns)
}

function readVersion6(c: Cursor, page: number): Traced[] {
  for (let i = 0; i < 2; i++) {
    c.string() // header_page, header_event: they are the same on all such boards
    c.take(c.number(8))
  }
  for (let n = c.number(4); n > 0; n--) c.take(c.number(8)) // ftrace's own events
  const formats = readFormats(c)
  c.take(c.number(4)) // addresses of symbols
  c.take(c.number(4)) // strings of trace_printk
  const names = readNames(c)
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
    readPages(c.bytes.subarray(offset, offset + size), page, { formats, names }, events)
  }
  return events
}
