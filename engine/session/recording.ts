import { SessionModel } from '../model/session'
import { EXIT, VascopeError } from '../problem'
import { SessionReader, type Damage } from '../store/reader'
import { big } from '../wire/messages'

/** A session read from its file. */
export interface Recording {
  file: string
  bytes: number
  model: SessionModel
  head: SessionReader['head']
  /** The commands that run the same again, one a line. */
  command: string
  damage: Damage[]
  /** False where the file was cut off or the daemon did not say goodbye. */
  complete: boolean
}

/**
 * Reads a whole session file into a model. Damage is stepped over and told; only a file with nothing in it to show throws
 * (VascopeError, exit code 4).
 */
export function openRecording(file: string): Recording {
  const reader = new SessionReader(file)
  try {
    const model = new SessionModel()
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
    const runs = reader.notes.filter((note) => note.kind === 'run').map((note) => note.text)
    for (const note of reader.notes) if (note.kind !== 'run') model.note(note.text, model.seconds(big(note.timeNs)))
    const command = [reader.head.command, ...runs].join('\n')
    return {
      file,
      bytes: reader.bytes,
      model,
      head: reader.head,
      command,
      damage: reader.damage,
      complete: reader.complete
    }
  } finally {
    reader.close()
  }
}

/** Damage in words: how much, where. Empty for a sound file. */
export function damageText(recording: Recording): string {
  if (recording.damage.length === 0)
    return recording.complete ? '' : 'The recording was cut off; it is shown up to the cut.'
  const bytes = recording.damage.reduce((n, d) => n + d.bytes, 0)
  const where = recording.damage.map((d) => `${d.text} at byte ${d.offset}`).join(', ')
  return `${bytes} bytes could not be read (${where}); the rest is shown.`
}
