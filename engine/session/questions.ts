import type { EngineEvents } from '../api'
import type { Ask } from '../connect/connection'

type Push = <Name extends 'question' | 'questionGone'>(event: Name, data: EngineEvents[Name]) => void

/** Questions that only a user can answer, such as a host key's: asked in the window, and gone when nobody waits any more. */
export class Questions {
  private readonly waiting = new Map<number, (answer: string | null) => void>()
  private next = 1

  /** `signal`: of the work that asks; its abort is an answer of null. */
  constructor(
    private readonly push: Push,
    private readonly signal: () => AbortSignal | null
  ) {}

  readonly ask: Ask = (question) =>
    new Promise((resolve) => {
      const id = this.next++
      const abort = this.signal()
      const settle = (answer: string | null): void => {
        if (!this.waiting.delete(id)) return
        abort?.removeEventListener('abort', gone)
        this.push('questionGone', { id })
        resolve(answer)
      }
      const gone = (): void => settle(null)
      abort?.addEventListener('abort', gone, { once: true })
      this.waiting.set(id, settle)
      this.push('question', { id, ...question })
    })

  /** An answer that nobody waits for is none. */
  answer(id: number, answer: string | null): void {
    this.waiting.get(id)?.(answer)
  }

  /** Those of a connection that has gone. */
  drop(): void {
    for (const settle of [...this.waiting.values()]) settle(null)
  }
}
