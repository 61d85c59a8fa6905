import { SessionReader } from '../../engine/store/reader'
import { BatchDecoder } from '../../engine/wire/batch'
import { big, eventsOf, Frame } from '../../engine/wire/messages'
import { Field } from '../../engine/wire/schema'

/** One event with its columns by name, and who caused it where the kind tells. Only tests may afford this. */
export interface TracedEvent {
  kind: string
  comm: string
  column: Record<string, number>
}

type Probe = { symbol: string; how: string; state: number; reason: string }
type Snapshot = ReturnType<typeof Frame.decode>['snapshot']

/** What a session file holds, event by event in the order of the file. */
export interface Traced {
  events: TracedEvent[]
  probes: Probe[]
  snapshots: NonNullable<Snapshot>[]
}

/** Reads all of a session file. */
export function readTraced(file: string): Traced {
  const reader = new SessionReader(file)
  const traced: Traced = { events: [], probes: [], snapshots: [] }
  const names = Object.entries(Field)
  const comms = new Map<number, string>()
  let decoder: BatchDecoder | null = null
  let schema = new Map<number, { kind: number; name: string; columns: number[] }>()
  reader.frames((message) => {
    const batch = eventsOf(message)
    if (batch && decoder) {
      const decoded = decoder.decode(batch)
      for (const task of decoded.tasks) comms.set(task.id, task.comm)
      for (let i = 0; i < decoded.count; i++) {
        const info = schema.get(decoded.kind[i]!)!
        const column: Record<string, number> = {}
        for (const field of info.columns)
          column[names.find(([, number]) => number === field)![0]] = decoded.columns[field]![i]!
        traced.events.push({ kind: info.name, comm: comms.get(column.task ?? 0) ?? '', column })
      }
      return
    }
    const { capabilities, snapshot } = Frame.decode(message)
    if (snapshot) traced.snapshots.push(snapshot)
    if (!capabilities) return
    traced.probes = capabilities.probes as Probe[]
    schema = new Map(
      capabilities.schema!.map((s) => [s.kind!, { kind: s.kind!, name: s.name!, columns: s.columns!.map(Number) }])
    )
    decoder = new BatchDecoder(schema, big(0))
  })
  reader.close()
  return traced
}
