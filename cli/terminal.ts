import type { Watcher } from '../engine/ci/board-run'
import { askOnTerminal, confirmDestructive } from './ask'
import { LiveFigures, ProgressLine, say } from './output'

/** Shows on stderr how a board fares. With a name, one of several, every line begins with it. */
export function terminalWatcher(name = ''): Watcher {
  const prefix = name ? `${name}: ` : ''
  const line = new ProgressLine(prefix)
  let figures: LiveFigures | null = null
  return {
    progress: (activity, fraction) => line.show(activity, fraction),
    live(session) {
      line.end()
      figures = new LiveFigures(session, prefix)
    },
    idle() {
      line.end()
      figures?.stop()
      figures = null
    },
    say(text) {
      line.end()
      say(prefix + text.replaceAll('\n', `\n${prefix}`))
    },
    ask: askOnTerminal,
    confirm: confirmDestructive
  }
}

/** Ctrl-C and SIGTERM abort the signal, so that everything ends in order; a second Ctrl-C ends at once. Answers what undoes it. */
export function interruptible(abort: AbortController): () => void {
  const interrupt = (): void => {
    say('\nStopping. Ctrl-C again to stop at once.')
    process.once('SIGINT', () => process.exit(130))
    abort.abort()
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  return () => {
    process.removeListener('SIGINT', interrupt)
    process.removeListener('SIGTERM', interrupt)
  }
}
