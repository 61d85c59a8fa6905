import { EXIT, VascopeError } from '../problem'
import { FrameTag, seqOf } from '../wire/describe'
import { eachMessage } from '../wire/frames'
import { Frame, SessionHead, SessionNote, SessionTail, num } from '../wire/messages'
import { ChunkFile, type Chunk, type Damage } from './chunks'
import { decodeContext, type Context } from './context'
import { decodeKeyframe } from './keyframes'
import { decodeOverview } from './overviews'
import { CHUNK_HEAD_BYTES, ChunkType, FRAMES_SEAL, HEAD_BYTES, MAGIC, MAJOR, TAIL_BYTES } from './format'
import { lossOf, type Lost } from './loss'
import { Scanner } from './scan'
import {
  decodeIndexPart,
  newIndex,
  type Index,
  type IndexEntry,
  type KeyframeEntry,
  type OverviewEntry
} from './session-index'

export type { Damage } from './chunks'

/** How far a file that does not begin as a session is searched for one that lost its beginning. */
const SEARCH_BYTES = 1 << 20

/**
 * Reads a session file. A file that was cut off, or has damaged chunks, is read around them: `damage` says where, and is complete
 * only after `frames()` has run to its end.
 */
export class SessionReader {
  readonly notes: InstanceType<typeof SessionNote>[] = []
  readonly damage: Damage[] = []
  /** Empty where it is lost; `damage` then says so. */
  readonly head: InstanceType<typeof SessionHead>
  /** The file ends with an index, so that opening it reads no frames. */
  readonly indexed: boolean
  private readonly file: ChunkFile
  private readonly sound = new Set<number>()
  private context: Context | null = null
  private found: Index | null = null

  /** Throws VascopeError with exit code 4 where there is nothing to read, and 2 where there is no such file. */
  constructor(readonly name: string) {
    this.file = new ChunkFile(name)
    try {
      this.indexed = this.readEnding()
      this.head = this.readHead()
    } catch (error) {
      this.file.close()
      throw error
    }
  }

  get bytes(): number {
    return this.file.bytes
  }

  /** False where the recording was cut off: no goodbye came. */
  get complete(): boolean {
    return this.index().complete
  }

  close(): void {
    this.file.close()
  }

  /** What is in the file, from its index; without one the whole file is read once. */
  index(): Index {
    if (!this.found) this.scan()
    return this.found!
  }

  /** Bytes that no chunk holds, and everything else that a whole pass over the file tells. Leaves `frames()` nothing to find out. */
  scan(): void {
    const { index, sound, damage, context } = new Scanner(this.file).run()
    this.found = index
    this.context ??= context
    for (const offset of sound) this.sound.add(offset)
    for (const d of damage) this.damaged(d)
  }

  /**
   * How many events there are and up to when, for a list of sessions: without an index only the end of a large file is read, where the
   * newest summary, or an index of 1.0, tells it.
   */
  glance(): { events: number; endNs: number } {
    if (this.found || this.bytes <= 2 * SEARCH_BYTES) return this.index()
    return new Scanner(this.file).run(this.file.findChunk(this.bytes - SEARCH_BYTES)).index
  }

  /** What the file has lost; known after `frames()` or `scan()`. */
  lost(): Lost {
    return lossOf(this.index(), this.sound)
  }

  /**
   * Calls back with every Frame message in the file's order; the view holds during the call only. Behind damage come first the
   * descriptions that were lost with it, as far as the file has them elsewhere.
   */
  frames(onFrame: (message: Uint8Array) => void): void {
    for (const message of this.messages()) onFrame(message)
  }

  /** As frames(), for who wants to stop between two of them. A message holds until the next is asked for. */
  *messages(): Generator<Uint8Array> {
    this.notes.length = 0
    let [lastSeq, described, restored] = [0, false, 0]
    let ready: Uint8Array[] = []
    const pass = (message: Uint8Array): void => {
      if (message[0] === FrameTag.capabilities) described = true
      else if (message[0] === FrameTag.events) lastSeq = seqOf(message) || lastSeq
      ready.push(message)
    }
    let damages = 0
    for (const chunk of this.file.walk((d) => (this.damaged(d), damages++))) {
      let { payload } = chunk
      if (damages > restored) {
        payload = Buffer.from(payload) // making the index reads the file
        if (restored === 0) this.restore(pass, described, lastSeq)
        restored = damages
      }
      if (chunk.type === ChunkType.Frames) this.pass(chunk, payload, pass)
      else if (chunk.type === ChunkType.Note) this.note(chunk, payload)
      yield* ready
      ready = []
    }
  }

  /** Reads every chunk without its frames: `damage`, `notes` and `lost()` are complete then. A step is one chunk. */
  *verify(): Generator<void> {
    this.notes.length = 0
    for (const chunk of this.file.walk((d) => this.damaged(d))) {
      if (chunk.type === ChunkType.Frames) this.sound.add(chunk.offset)
      else if (chunk.type === ChunkType.Note) this.note(chunk, chunk.payload)
      yield
    }
  }

  /** The frames of one chunk of the index; false where it is damaged. */
  framesOf(entry: IndexEntry, onFrame: (message: Uint8Array) => void): boolean {
    const chunk = this.file.chunkAt(entry.offset)
    if (chunk?.type !== ChunkType.Frames) return false
    this.pass(chunk, chunk.payload, onFrame)
    return true
  }

  /** The image of a keyframe of the index; null where it is damaged, which loses nothing. */
  keyframeOf(entry: KeyframeEntry): Uint8Array | null {
    const chunk = this.file.chunkAt(entry.offset)
    if (chunk?.type !== ChunkType.Keyframe) return null
    try {
      return decodeKeyframe(chunk.payload, chunk.offset).image()
    } catch {
      return null // the CRC holds, so it was written so; the events up to it say the same
    }
  }

  /** A part of an overview of the index; null where it is damaged, and can be made again. */
  overviewOf({ offset }: OverviewEntry, part: 'coarse' | 'fine'): Uint8Array | null {
    const chunk = this.file.chunkAt(offset)
    if (chunk?.type !== ChunkType.Overview) return null
    try {
      return decodeOverview(chunk.payload, offset)[part]()
    } catch {
      return null
    }
  }

  /** The Hello and Capabilities frames, wherever the file still has them; null where they are lost. */
  description(): Context | null {
    if (this.context?.capabilities) return this.context
    const context: Context = { head: this.head ?? SessionHead.create({}), hello: null, capabilities: null }
    for (const chunk of this.file.walk(() => undefined)) {
      if (chunk.type === ChunkType.Context) {
        const said = this.contextOf(chunk)
        if (said) return (this.context = said)
      }
      if (chunk.type !== ChunkType.Frames) continue
      if (context.capabilities) break // a context would have come before this
      eachMessage(chunk.payload, (message) => {
        if (message[0] === FrameTag.hello) context.hello = Uint8Array.from(message)
        else if (message[0] === FrameTag.capabilities) context.capabilities = Uint8Array.from(message)
      })
    }
    return context.capabilities ? (this.context = context) : null
  }

  /** null where it cannot be decoded; another one may follow, and the frames say the same. */
  private contextOf(chunk: Chunk): Context | null {
    try {
      return decodeContext(chunk.payload)
    } catch (error) {
      const text = `a description that cannot be decoded: ${(error as Error).message}`
      this.damaged({ offset: chunk.offset, bytes: chunk.end - chunk.offset, text })
      return null
    }
  }

  private pass(chunk: Chunk, payload: Buffer, onFrame: (message: Uint8Array) => void): void {
    this.sound.add(chunk.offset)
    const end = payload.length - FRAMES_SEAL.length
    const sealed = end >= 0 && this.file.sealed && FRAMES_SEAL.every((byte, i) => payload[end + i] === byte)
    const frames = sealed ? payload.subarray(0, end) : payload
    if (eachMessage(frames, onFrame) < frames.length)
      this.damaged({ offset: chunk.offset, bytes: chunk.end - chunk.offset, text: 'a chunk ends within a frame' })
  }

  private note(chunk: Chunk, payload: Buffer): void {
    try {
      this.notes.push(SessionNote.decode(payload))
    } catch (error) {
      const text = `a note that cannot be decoded: ${(error as Error).message}`
      this.damaged({ offset: chunk.offset, bytes: chunk.end - chunk.offset, text })
    }
  }

  /** Says again what was said in a part that is lost: how events are described, and what tasks and names are called. */
  private restore(pass: (message: Uint8Array) => void, described: boolean, seq: number): void {
    if (!described) {
      const context = this.description()
      if (context?.hello) pass(context.hello)
      if (context?.capabilities) pass(context.capabilities)
    }
    const { tasks, names } = this.index()
    if (tasks.size + names.size > 0)
      pass(Frame.encode({ events: { seq, tasks: [...tasks.values()], names: [...names.values()] } }).finish())
  }

  /** Context and index by the tail; false where the file does not end with them. */
  private readEnding(): boolean {
    const tail = this.file.chunkAt(this.bytes - CHUNK_HEAD_BYTES - TAIL_BYTES)
    if (tail?.type !== ChunkType.Tail) return false
    const index = newIndex()
    let [holes, parts] = [0, 0]
    try {
      const from = num(SessionTail.decode(tail.payload).endingOffset)
      for (const { type, payload } of this.file.walk(() => holes++, from)) {
        if (type === ChunkType.Context) this.context = decodeContext(payload)
        else if (type === ChunkType.Index) {
          decodeIndexPart(payload, index)
          parts++
        }
      }
    } catch {
      return false // a scan says what is wrong
    }
    if (holes > 0 || parts === 0) return false // an offset that is wrong may lead to nothing, which is no empty session
    this.found = index
    return true
  }

  private readHead(): InstanceType<typeof SessionHead> {
    const begin = Buffer.from(this.file.read(0, HEAD_BYTES))
    const magic = begin.toString('latin1', 0, 8) === MAGIC
    const first = this.file.findChunk(magic ? HEAD_BYTES : 0, magic ? this.bytes : Math.min(this.bytes, SEARCH_BYTES))
    const chunk = this.file.chunkAt(first)
    if (begin.length < HEAD_BYTES || (!magic && !chunk))
      throw this.refusal(
        'file-not-a-session',
        'is not a Vascope session.',
        'Session files end in .vascope and begin with "VASCOPE".'
      )
    const own = chunk?.type === ChunkType.Head ? this.decodeHead(chunk.payload) : null
    const head = own ?? this.context?.head ?? this.headOfContext()
    // the file's first bytes have no CRC: what the head says of the version counts, where there is one
    const major = head ? head.formatMajor || 1 : magic ? begin.readUInt32LE(8) : MAJOR
    if (major > MAJOR)
      throw this.refusal(
        'file-too-new',
        `has format ${major}, this Vascope reads up to ${MAJOR}.`,
        'Open it with a newer Vascope.'
      )
    if (!chunk)
      throw this.refusal('file-damaged', 'holds nothing that can be read.', 'Restore it from a copy, or record again.')
    if (!magic) this.damaged({ offset: 0, bytes: HEAD_BYTES, text: 'the file does not begin as a session' })
    this.file.sealed = head ? (head.formatMinor ?? 0) > 0 : begin.readUInt32LE(12) > 0
    return head ?? SessionHead.create({})
  }

  private headOfContext(): InstanceType<typeof SessionHead> | null {
    const head = this.description()?.head
    return head?.formatMajor ? head : null
  }

  private decodeHead(payload: Uint8Array): InstanceType<typeof SessionHead> | null {
    try {
      return SessionHead.decode(payload)
    } catch {
      return null // the context has it too
    }
  }

  private refusal(code: string, text: string, remedy: string): VascopeError {
    return new VascopeError(code, `${this.name} ${text}`, remedy, EXIT.file)
  }

  private damaged(damage: Damage): void {
    if (!this.damage.some((d) => d.offset === damage.offset)) this.damage.push(damage)
  }
}
