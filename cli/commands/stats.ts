import { Command } from 'commander'
import type { SessionModel } from '../../engine/model/session'
import { openRecording, type Recording } from '../../engine/session/recording'
import { StatisticsCollector, type Statistics } from '../../engine/stats/statistics'
import { jsonOption } from '../options'
import { json, result } from '../output'
import { statsText } from '../stats-text'
import { finish } from './file'

/** `vascope stats`: what a session cost, in figures. */
export function statsCommand(): Command {
  return new Command('stats')
    .description('statistics of a session file: rates, latencies of VM_BIND and flips, lifetimes, churn, fragmentation')
    .argument('<file>')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Exit codes: 0 fine, 2 usage, 4 the file is damaged or was cut off (the figures are of what can be read).

--json prints what docs/schema/stats.schema.json describes. Units are in the names; null is "not seen", never 0.`
    )
    .action((file: string, options: { json?: boolean }) => {
      const { recording, statistics } = openStatistics(file)
      if (options.json) json(statsJson(recording, statistics))
      else result(statsText(statistics))
      finish(recording)
    })
}

/** What `--json` prints (docs/schema/stats.schema.json). */
export function statsJson({ file, model }: Recording, statistics: Statistics): unknown {
  return { file, kernel: model.capabilities?.kernelRelease ?? '', ...statistics }
}

export function openStatistics(file: string): { recording: Recording; statistics: Statistics } {
  let collector: StatisticsCollector | null = null
  const recording = openRecording(file, (model: SessionModel) => (collector = new StatisticsCollector(model)))
  const statistics = collector!.result()
  const lossy = statistics.lossy || recording.damage.length > 0 || !recording.complete
  return { recording, statistics: { ...statistics, lossy } }
}
