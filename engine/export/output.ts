import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import { EXIT, systemReason, VascopeError } from '../problem'

/** Where bytes of an export go: nothing stands under its final name before all of it was written. */
export interface Output {
  write(bytes: Uint8Array): void
  /** Resolves once a slow reader has taken what was written. */
  drained(): Promise<void>
  commit(): void
  /** Leaves nothing behind. */
  discard(): void
}

/** A writable stream, as far as an export needs it. */
export interface Sink {
  write(bytes: Uint8Array): boolean
  once(event: 'drain', listener: () => void): unknown
}

/** Writes to a stream that somebody reads, a pipe for example. */
export class StreamOutput implements Output {
  private full = false

  constructor(private readonly stream: Sink) {}

  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.full = !this.stream.write(Uint8Array.from(bytes))
  }

  drained(): Promise<void> {
    if (!this.full) return Promise.resolve()
    this.full = false
    return new Promise((resolve) => this.stream.once('drain', resolve))
  }

  commit(): void {}

  discard(): void {}
}

/** Writes to a file beside the one that is wanted, which takes its name at the end. */
export class FileOutput implements Output {
  private readonly fd: number
  private readonly temporary: string
  private open = true

  /** Throws VascopeError where there is such a file already and it is not to be replaced, or where it cannot be made. */
  constructor(
    private readonly file: string,
    replace: boolean
  ) {
    // a device or a pipe has no other name to take
    const special = existsSync(file) && !lstatSync(file).isSymbolicLink() && !isOrdinary(file)
    if (existsSync(file) && statSync(file).isDirectory())
      throw new VascopeError('export-folder', `${file} is a folder.`, 'Give the name of a file with --out.', EXIT.usage)
    if (existsSync(file) && !special && !replace)
      throw new VascopeError(
        'file-exists',
        `${file} exists already.`,
        'Choose another name with --out, or replace it with --force.',
        EXIT.usage
      )
    const name = `.${path.basename(file)}.${process.pid}-${randomBytes(4).toString('hex')}.part`
    this.temporary = special ? '' : path.join(path.dirname(file), name)
    try {
      mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
      // in a folder that others may write to, nothing of theirs is written through
      this.fd = this.temporary ? openSync(this.temporary, 'wx', 0o644) : openSync(file, 'w')
    } catch (error) {
      throw cannotExport(file, error)
    }
  }

  write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.fd, bytes, done, bytes.length - done)
    } catch (error) {
      throw cannotExport(this.file, error)
    }
  }

  drained(): Promise<void> {
    return Promise.resolve()
  }

  commit(): void {
    try {
      this.close()
      if (this.temporary) renameSync(this.temporary, this.file)
    } catch (error) {
      throw cannotExport(this.file, error)
    }
  }

  discard(): void {
    try {
      this.close()
    } finally {
      if (this.temporary) rmSync(this.temporary, { force: true })
    }
  }

  private close(): void {
    if (this.open) closeSync(this.fd)
    this.open = false
  }
}

function isOrdinary(file: string): boolean {
  const stat = statSync(file)
  return stat.isFile() || stat.isDirectory()
}

/** An error of writing as a person can act on it. */
export function cannotExport(file: string, error: unknown): VascopeError {
  if (error instanceof VascopeError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new VascopeError(
      'disk-full',
      `The disk of ${file} is full: nothing was exported.`,
      'Make room, export to another disk with --out, or only some tables with --table.',
      EXIT.usage
    )
  const remedy = code === 'EEXIST' ? 'A part of its path is a file.' : 'Check its folder.'
  return new VascopeError(
    'export-write',
    `${file} cannot be written: ${systemReason(error)}.`,
    `${remedy} Choose another place with --out.`,
    EXIT.usage
  )
}
