import { Replay } from '../replay'
import type { Source } from '../source'
import type { Output } from '../output'
import { Trace } from './trace'

/** Writes a session as a Perfetto trace. Answers what was read. */
export async function writePerfetto(source: Source, output: Output): Promise<Replay> {
  const trace = new Trace()
  const replay = (trace.replay = new Replay(source, trace))
  trace.begin()
  for (const _ of replay.run()) {
    output.write(trace.packets.bytes.take())
    await output.drained()
  }
  trace.finish()
  output.write(trace.packets.bytes.take())
  await output.drained()
  return replay
}
