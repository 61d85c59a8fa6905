import type { Checker } from '../check/checker'
import type { SessionModel } from '../model/session'
import { ANNOTATIONS } from '../store/ending-note'
import { SessionReader } from '../store/reader'
import { num } from '../wire/messages'
import { Judging } from './judging'
import { Moments } from './moment'
import type { Recording } from './recording'

/** What is told of a session that is too large to be read whole: all but figures that need every object that there was. */
export interface Ending extends Pick<
  Recording,
  'file' | 'bytes' | 'head' | 'command' | 'damage' | 'lost' | 'complete'
> {
  /** The state at the end, with the counts of all events; what ended before is not in it. */
  model: SessionModel
  notes: { time: number; text: string }[]
  /** Holds the file against the rules, in one pass with bounded memory. */
  judge(): Checker
}

/**
 * Opens a session by its index and last keyframe. Every chunk is read once to know what is damaged, and none is decoded but those behind
 * the keyframe. Throws VascopeError where there is nothing in it.
 */
export function openEnding(file: string): Ending {
  const reader = new SessionReader(file)
  try {
    const moments = new Moments(reader)
    const model = moments.at(moments.end)
    for (const step of reader.verify()) void step
    const { head, damage, complete, bytes } = reader
    const runs = reader.notes.filter(({ kind }) => kind === 'run').map(({ text }) => text ?? '')
    const seconds = (ns: number): number => (ns - model.boardNs(0)) / 1e9
    return {
      ...{ file, bytes, head, damage, complete, model },
      lost: reader.lost(),
      command: [head.command, ...runs].join('\n'),
      notes: reader.notes
        .filter(({ kind }) => kind !== 'run' && kind !== ANNOTATIONS)
        .map(({ timeNs, text }) => ({ time: seconds(num(timeNs)), text: text ?? '' })),
      judge: () => new Judging(file).now()
    }
  } finally {
    reader.close()
  }
}
