/** What a trace.dat is not, that this can read. Its message is for people. */
export class TraceDatError extends Error {}

/** Reads numbers and names one after another; behind the end it throws a TraceDatError. */
export class Cursor {
  constructor(
    readonly bytes: Buffer,
    public at = 0
  ) {}

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
