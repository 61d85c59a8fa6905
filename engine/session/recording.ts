import type { Checker } from '../check/checker'
import { SessionModel } from '../model/session'
import { formatCount, formatDuration, quantityText } from '../format'
import { EXIT, VascopeError } from '../problem'
import { ANNOTATIONS } from '../store/ending-note'
import type { Lost } from '../store/loss'
import { SessionReader, type Damage } from '../store/reader'
import { big } from '../wire/messages'
import { Judging } from './judging'

/** A session read from its file. */
export interface Recording {
  file: string
  bytes: number
  model: SessionModel
  /** What the rules say of it. Made when it is first asked for, in a pass of its own, and kept: judging takes many times longer than reading. */
  readonly checker: Checker
  /** The same, but lets others have their turn while it is made. Throws once `signal` is aborted. */
  judge(signal?: AbortSignal): Promise<Checker>
  head: SessionReader['head']
  /** The commands that run the same again, one a line. */
  command: string
  damage: Damage[]
  /** What the damage and the cut cost. */
  lost: Lost
  /** False where the file was cut off or the daemon did not say goodbye. */
  complete: boolean
}

/**
 * Reads a whole session file into a model. Damage is stepped over and told; only a file with nothing in it to show throws
 * (VascopeError, exit code 4). `watch` is given the model before its first frame, for who wants to look on.
 */
export function openRecording(file: string, watch?: (model: SessionModel) => void): Recording {
  const reader = new SessionReader(file)
  try {
    const model = new SessionModel()
    watch?.(model)
    let frames = 0
    reader.frames((message) => {
      frames++
      model.take(message)
    })
    if (frames === 0 || !model.capabilities)
      throw new VascopeError(
        'file-empty',
        `${file} holds no session: ${reader.damage[0]?.text ?? 'it ends before the board described itself'}.`,
        'The recording was cut off at once, or the file is damaged from its beginning. Record again, or restore a copy.',
        EXIT.file
      )
    model.reconciler.settle()
    const judging = new Judging(file)
    const runs = reader.notes.filter((note) => note.kind === 'run').map((note) => note.text)
    for (const note of reader.notes)
      if (note.kind !== 'run' && note.kind !== ANNOTATIONS) model.note(note.text, model.seconds(big(note.timeNs)))
    const command = [reader.head.command, ...runs].join('\n')
    return {
      file,
      bytes: reader.bytes,
      model,
      get checker() {
        return judging.now()
      },
      judge: (signal) => judging.inTurns(signal),
      head: reader.head,
      command,
      damage: reader.damage,
      lost: reader.lost(),
      complete: reader.complete
    }
  } finally {
    reader.close()
  }
}

/** Damage in words: how much, where, and what it cost. Empty for a sound file. */
export function damageText({ damage, complete, lost }: Pick<Recording, 'damage' | 'complete' | 'lost'>): string {
  const cost = lostText(lost)
  if (damage.length === 0)
    return [complete ? '' : 'The recording was cut off; it is shown up to the cut.', cost].filter(Boolean).join(' ')
  const bytes = damage.reduce((n, d) => n + d.bytes, 0)
  const where = damage.slice(0, 5).map((d) => `${d.text} at byte ${d.offset}`)
  if (damage.length > 5) where.push(`and ${damage.length - 5} more`)
  return `${bytes} bytes could not be read (${where.join(', ')}); the rest is shown. ${cost}`.trim()
}

/** "At least 4 096 events in 1.20 s are lost." Empty where nothing is. */
export function lostText({ events, exact, seconds }: Lost): string {
  if (events === 0) return exact ? '' : 'How much is lost behind the end of the file is not known.'
  const where = seconds > 0 ? ` within ${quantityText(formatDuration(seconds))}` : ''
  return `${exact ? '' : 'At least '}${formatCount(events)} events${where} are lost.`
}
