import { once } from 'node:events'

/** About so many characters are handed to the output at once. */
const WRITE_AT = 1 << 16

/** Lines for stdout: waits until a slow reader has taken them, so that what is printed never piles up in memory. */
export class Lines {
  private waiting = ''

  async put(line: string): Promise<void> {
    this.waiting += `${line}\n`
    if (this.waiting.length >= WRITE_AT) await this.end()
  }

  async end(): Promise<void> {
    const text = this.waiting
    this.waiting = ''
    if (text && !process.stdout.write(text)) await once(process.stdout, 'drain')
  }
}
