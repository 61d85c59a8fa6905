import * as v from 'valibot'
import type { Annotations } from '../api'
import { ANNOTATIONS, appendEndingNote, endingNote } from '../store/ending-note'

const shape = v.object({
  tags: v.fallback(v.array(v.string()), []),
  note: v.fallback(v.string(), ''),
  known: v.fallback(v.record(v.string(), v.string()), {})
})

/** What people wrote to a session; empty where nobody did. */
export function readAnnotations(file: string): Annotations {
  const text = endingNote(file, ANNOTATIONS)
  if (text === null) return { tags: [], note: '', known: {} }
  try {
    return v.parse(shape, JSON.parse(text))
  } catch {
    return { tags: [], note: '', known: {} } // another program wrote that
  }
}

/** Writes them into the session's file, in the place of those before. Throws VascopeError where the file cannot be written. */
export function writeAnnotations(file: string, annotations: Annotations): void {
  const tags = [...new Set(annotations.tags.map((tag) => tag.trim()).filter(Boolean))]
  const known = Object.fromEntries(Object.entries(annotations.known).filter(([, why]) => why !== ''))
  appendEndingNote(file, ANNOTATIONS, JSON.stringify({ ...annotations, tags, known }))
}
