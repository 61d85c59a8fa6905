import type { FindingPage } from '../api'
import type { SessionModel } from '../model/session'
import { openRecording, type Recording } from '../session/recording'
import { StatisticsCollector, type Statistics } from '../stats/statistics'
import type { Track } from '../stats/track'
import { Identities, reasonsText } from './identity'

/** What became of one BO in one VM, as it can be compared. */
export interface BoCourse {
  vm: string
  bo: string
  id: number
  references: number | null
  mappings: number
  teardown: string
  outlives: boolean
}

/** One session, as far as a comparison needs it. */
export interface Run {
  file: string
  recording: Pick<Recording, 'head' | 'complete' | 'damage' | 'command'>
  kernel: string
  driver: string
  modules: string[]
  vmFlags: string
  /** Events by the name of their kind; null: not traced on this board. */
  events: Record<string, number | null>
  statistics: Statistics
  page: FindingPage
  /** Keys of its VMs by id. */
  vmKeys: Map<number, string>
  /** By VM key and BO key. */
  courses: Map<string, BoCourse>
  /** Not all BOs are in `courses`. */
  overflow: boolean
  retained: ReturnType<Track['upTo']>
  mapped: ReturnType<Track['upTo']>
  lossy: boolean
}

/** A run and its whole model, for those who look at its objects one by one. */
export interface WholeRun extends Run {
  model: SessionModel
  /** Keys of the BOs that were mapped, by id. */
  boKeys: Map<number, string>
}

/** Reads a session file for a comparison; throws as openRecording does. */
export function readRun(file: string): Run {
  const { model: _model, boKeys: _boKeys, ...run } = readWholeRun(file)
  return run // of many runs the models would not fit into memory
}

/** The same, with what most comparisons can do without. */
export function readWholeRun(file: string): WholeRun {
  let collector: StatisticsCollector | null = null
  let identities: Identities | null = null
  const recording = openRecording(file, (model) => {
    collector = new StatisticsCollector(model)
    identities = new Identities(model.state)
    model.observers.push(identities)
    collector.holding.onOutlive = (index) => identities!.outlives(index)
  })
  return runOf(file, recording, collector!, identities!)
}

function runOf(file: string, recording: Recording, collector: StatisticsCollector, identities: Identities): WholeRun {
  const { model, head, complete, damage, command } = recording
  const statistics = collector.result()
  const vmKeys = identities.vmKeys()
  const boKeys = identities.boKeys()
  const courses = new Map<string, BoCourse>()
  for (const { vm, bo, references, mappings, reasons, outlives } of identities.courses.values()) {
    const [vmKey, boKey] = [vmKeys.get(vm), boKeys.get(bo)]
    if (vmKey === undefined || boKey === undefined) continue
    const course = { vm: vmKey, bo: boKey, id: bo, references, mappings, teardown: reasonsText(reasons), outlives }
    courses.set(`${vmKey}\n${boKey}`, course)
  }
  const c = model.capabilities
  return {
    file,
    model,
    boKeys,
    recording: { head, complete, damage, command },
    kernel: c?.kernelRelease ?? '',
    driver: c?.driver ? `${c.driver.name} ${c.driver.version}` : '',
    modules: (c?.modules ?? []).map((m) => [m.name, m.version].filter(Boolean).join(' ')),
    vmFlags: (c?.vmFlags ?? []).map((f) => f.name).join(', '),
    events: Object.fromEntries(
      [...model.kinds.values()].map(({ kind, name }) => [
        name,
        model.missing(kind) === null ? (model.counts.get(kind) ?? 0) : null
      ])
    ),
    statistics,
    page: recording.checker.page(),
    vmKeys,
    courses,
    overflow: identities.overflow,
    retained: collector.retained.upTo(model.end),
    mapped: collector.mapped.upTo(model.end),
    lossy: statistics.lossy || damage.length > 0 || !complete
  }
}
