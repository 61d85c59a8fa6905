import { Checker } from '../check/checker'
import { SessionModel } from '../model/session'
import { SessionReader } from '../store/reader'
import { Trimmer } from './recorder'

/** At most so many milliseconds of judging are done between two turns of the event loop. */
const TURN_MS = 20
/** After so many events what ended long ago is forgotten, as while a session is recorded: memory does not grow with the file. */
const TRIM_EVENTS = 1 << 16

/** Holds a session file against the rules: once, whoever asks and however often. Judging takes many times longer than reading. */
export class Judging {
  private checker: Checker | null = null
  private underWay: Promise<Checker> | null = null
  /** Of those who wait for it; undefined: one who does not give up. */
  private signals: (AbortSignal | undefined)[] = []

  constructor(private readonly file: string) {}

  /** At one go. Throws VascopeError where the file has gone. */
  now(): Checker {
    if (this.checker) return this.checker
    const steps = this.steps()
    for (;;) {
      const { done, value } = steps.next()
      if (done) return (this.checker = value)
    }
  }

  /**
   * Lets others have their turn meanwhile. Throws as `now`, and once `signal` is aborted; it goes on while another waits for it that is not.
   */
  async inTurns(signal?: AbortSignal): Promise<Checker> {
    if (this.checker) return this.checker
    this.signals.push(signal)
    this.underWay ??= this.run().finally(() => {
      this.underWay = null
      this.signals = []
    })
    const checker = await this.underWay
    signal?.throwIfAborted()
    return checker
  }

  private async run(): Promise<Checker> {
    const steps = this.steps()
    try {
      for (let turn = performance.now(); ;) {
        const { done, value } = steps.next()
        if (done) return (this.checker ??= value)
        if (performance.now() - turn < TURN_MS) continue
        await new Promise((resolve) => setImmediate(resolve))
        if (this.checker) return this.checker // somebody could not wait
        if (this.signals.every((signal) => signal?.aborted)) this.signals[0]!.throwIfAborted()
        turn = performance.now()
      }
    } finally {
      steps.return(undefined as never) // closes the file
    }
  }

  /** Steps after each frame. */
  private *steps(): Generator<void, Checker> {
    const reader = new SessionReader(this.file)
    try {
      const model = new SessionModel()
      const checker = new Checker(model)
      const trimmer = new Trimmer(model)
      let next = TRIM_EVENTS
      for (const message of reader.messages()) {
        model.take(message)
        if (model.events >= next && model.atRest) {
          trimmer.trim()
          next = model.events + TRIM_EVENTS
        }
        yield
      }
      // the last moment of a file that is not damaged counts as passed
      checker.finish(model.goodbye !== null && reader.damage.length === 0)
      return checker
    } finally {
      reader.close()
    }
  }
}
