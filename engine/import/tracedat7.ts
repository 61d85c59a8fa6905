import { decompress } from 'fzstd'
import { Cursor, TraceDatError } from './cursor'
import { readFormats, readNames, readPages } from './ringpages'
import type { Traced } from './tracecmd'

const SECTION_HEAD_BYTES = 16
const COMPRESSED = 1
const Option = { done: 0, buffer: 3, formats: 18, names: 21 }

/** Where the events of one trace instance are. */
interface Ring {
  packed: boolean
  pageSize: number
  cpus: { offset: number; size: number }[]
}

/** The events of a trace.dat of version 7; the cursor stands behind its page size. Throws TraceDatError. */
export function readSections(c: Cursor, mostBytes: number): Traced[] {
  const compression = c.string()
  c.string() // the version of who compressed it
  const file = new SectionFile(c.bytes, compression, mostBytes)
  let formats: ReturnType<typeof readFormats> = new Map()
  let names: ReturnType<typeof readNames> = new Map()
  const rings: Ring[] = []
  for (const [option, data] of file.options(c.number(8))) {
    if (option === Option.formats) formats = readFormats(file.section(data.number(8)))
    else if (option === Option.names) names = readNames(file.section(data.number(8)))
    else if (option === Option.buffer) rings.push(ringOf(file, data))
  }
  const events: Traced[] = []
  for (const { packed, pageSize, cpus } of rings)
    for (const { offset, size } of cpus) {
      if (size === 0) continue
      const pages = packed ? file.chunks(offset) : c.bytes.subarray(offset, offset + size)
      readPages(pages, pageSize, { formats, names }, events)
    }
  return events
}

function ringOf(file: SectionFile, data: Cursor): Ring {
  const packed = file.head(data.number(8)).packed
  data.string() // the instance
  data.string() // its clock
  const pageSize = data.number(4)
  const cpus: Ring['cpus'] = []
  for (let n = data.number(4); n > 0; n--) {
    data.number(4) // the CPU's number
    cpus.push({ offset: data.number(8), size: data.number(8) })
  }
  return { packed, pageSize, cpus }
}

class SectionFile {
  constructor(
    private readonly bytes: Buffer,
    private readonly compression: string,
    /** What may still be unpacked. */
    private room: number
  ) {}

  /** The options of one section after another, from that at `offset` on. */
  *options(offset: number): Generator<[number, Cursor]> {
    const seen = new Set<number>()
    while (offset !== 0 && !seen.has(offset)) {
      seen.add(offset)
      const c = this.section(offset)
      offset = 0
      while (c.at < c.bytes.length) {
        const option = c.number(2)
        const data = new Cursor(c.take(c.number(4)))
        if (option === Option.done) {
          offset = data.number(8)
          break
        }
        yield [option, data]
      }
    }
  }

  head(offset: number): { packed: boolean; size: number } {
    const c = new Cursor(this.bytes, offset)
    c.take(2)
    const packed = (c.number(2) & COMPRESSED) !== 0
    c.take(4)
    return { packed, size: c.number(8) }
  }

  /** What is in a section that has no events. */
  section(offset: number): Cursor {
    const { packed, size } = this.head(offset)
    const c = new Cursor(this.bytes, offset + SECTION_HEAD_BYTES)
    return new Cursor(packed ? this.chunk(c) : c.take(size))
  }

  /** The events of one CPU. */
  chunks(offset: number): Buffer {
    const c = new Cursor(this.bytes, offset)
    const parts: Buffer[] = []
    for (let n = c.number(4); n > 0; n--) parts.push(this.chunk(c))
    return Buffer.concat(parts)
  }

  private chunk(c: Cursor): Buffer {
    const [packed, length] = [c.number(4), c.number(4)]
    if (this.compression !== 'zstd')
      throw new TraceDatError(`is compressed with "${this.compression}", and zstd is read`)
    this.room -= length
    if (this.room < 0) throw new TraceDatError('comes to more than can be read at once, unpacked')
    const data = c.take(packed)
    let made: Uint8Array
    try {
      made = decompress(data, new Uint8Array(length))
    } catch (error) {
      throw new TraceDatError(`has a part that cannot be unpacked (${(error as Error).message})`)
    }
    return Buffer.from(made.buffer, made.byteOffset, made.byteLength)
  }
}
