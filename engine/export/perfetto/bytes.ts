const utf8 = new TextEncoder()
/** A message's length is written before the message is: as a varint of this many bytes, which any reader takes. */
const LENGTH_BYTES = 4

/** Writes protobuf fields one behind another. Numbers are exact up to 2^53. */
export class ProtoBytes {
  private bytes = new Uint8Array(1 << 16)
  length = 0

  varint(field: number, value: number): void {
    this.room(20)
    this.raw(field * 8)
    this.raw(value)
  }

  bool(field: number, value: boolean): void {
    this.varint(field, value ? 1 : 0)
  }

  fixed64(field: number, value: number): void {
    this.room(18)
    this.raw(field * 8 + 1)
    for (let i = 0, rest = value; i < 8; i++, rest = Math.floor(rest / 256)) this.bytes[this.length++] = rest % 256
  }

  double(field: number, value: number): void {
    this.room(18)
    this.raw(field * 8 + 1)
    new DataView(this.bytes.buffer).setFloat64(this.length, value, true)
    this.length += 8
  }

  string(field: number, text: string): void {
    this.room(20 + text.length * 3)
    this.raw(field * 8 + 2)
    const encoded = utf8.encode(text)
    this.raw(encoded.length)
    this.bytes.set(encoded, this.length)
    this.length += encoded.length
  }

  /** Begins a message; answers what `end` takes. */
  begin(field: number): number {
    this.room(10 + LENGTH_BYTES)
    this.raw(field * 8 + 2)
    this.length += LENGTH_BYTES
    return this.length
  }

  end(begin: number): void {
    let length = this.length - begin
    for (let i = LENGTH_BYTES; i > 0; i--, length >>>= 7) this.bytes[begin - i] = (length & 0x7f) | (i > 1 ? 0x80 : 0)
  }

  /** What was written since the last take; holds until the next write. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length)
    this.length = 0
    return taken
  }

  private raw(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.length++] = rest
  }

  private room(size: number): void {
    if (this.length + size <= this.bytes.length) return
    const bigger = new Uint8Array(2 * (this.length + size))
    bigger.set(this.bytes.subarray(0, this.length))
    this.bytes = bigger
  }
}
