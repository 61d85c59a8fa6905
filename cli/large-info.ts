import { formatBytes, formatCount, formatTime, quantityText } from '../engine/format'
import { scenarioStateName } from '../engine/model/session'
import type { Ending } from '../engine/session/ending'
import { damageText } from '../engine/session/recording'
import { traceLevel, tracingText } from '../engine/session/tracing'
import { dropped } from '../engine/session/live'
import { Kind } from '../engine/wire/schema'
import { json, result } from './output'

/** Of a session that is not read whole: what its index and its last state tell. Absent: lifetimes, rates, costs, findings. */
export function largeInfoJson({ file, bytes, head, command, damage, lost, complete, notes, model }: Ending): object {
  const { state, counts, kinds, capabilities } = model
  return {
    ...{ file, bytes, complete, damage, lost },
    title: head.title,
    board: head.board,
    command,
    program: head.program,
    started: new Date(Number(head.startedRealtimeNs) / 1e6).toISOString(),
    facts: head.facts,
    kernel: capabilities?.kernelRelease ?? '',
    driver: capabilities?.driver?.name ?? '',
    traceLevel: capabilities ? traceLevel(capabilities) : '',
    tracing: capabilities ? tracingText(capabilities) : '',
    notes,
    readWhole: false,
    seconds: model.end,
    events: model.events,
    counts: Object.fromEntries([...counts].map(([kind, n]) => [kinds.get(kind)?.name ?? `unknown-${kind}`, n])),
    vms: [...state.vms.values()].map((vm) => ({
      id: vm.id,
      name: vm.name,
      mode: vm.mode,
      policy: vm.verdict.policy,
      policySource: vm.verdict.source,
      comm: state.tasks.get(vm.task)?.comm ?? '',
      created: vm.traced ? vm.created : null,
      destroyed: vm.destroyed,
      inserted: vm.inserted,
      liveMappings: vm.live,
      liveBytes: vm.liveBytes
    })),
    maps: counts.get(Kind.VaInsert) ?? 0,
    unmaps: counts.get(Kind.VaRemove) ?? 0,
    liveMappings: state.mappings.live.size,
    liveBytes: state.liveBytes,
    retained: { ...state.retained },
    dropped: dropped(model)
  }
}

/** As printInfo, of a session that is not read whole. */
export function printLargeInfo(ending: Ending, asJson: boolean): void {
  if (asJson) return json(largeInfoJson(ending))
  const { head, model, bytes, notes } = ending
  const { state, counts, capabilities, kinds } = model
  const lines: string[] = []
  const row = (name: string, ...values: string[]): void => void lines.push(`${name.padEnd(12)}${values.join('  ')}`)
  const size = (n: number): string => quantityText(formatBytes(n))
  row('title', head.title)
  row('board', head.board)
  row('kernel', capabilities?.kernelRelease ?? '')
  if (capabilities) row('tracing', tracingText(capabilities))
  row('length', formatTime(model.end), `${formatCount(model.events)} events`, size(bytes))
  const damage = damageText(ending)
  if (damage) row('damage', damage)
  for (const { time, text } of notes) row('note', formatTime(time), text)
  row('MAP', formatCount(counts.get(Kind.VaInsert) ?? 0))
  row('UNMAP', formatCount(counts.get(Kind.VaRemove) ?? 0))
  row('live at end', `${formatCount(state.mappings.live.size)} mappings`, size(state.liveBytes))
  const { bytes: retained, peak, peakAt } = state.retained
  if (peak > 0) row('retained', `${size(retained)} by mappings alone`, `at most ${size(peak)} at ${formatTime(peakAt)}`)
  row('lost', `${formatCount(dropped(model))} on the board`)
  lines.push(
    '',
    `${'VM'.padEnd(26)}${'policy'.padEnd(16)}${'inserts'.padStart(9)}${'live'.padStart(7)}${'bytes'.padStart(12)}`
  )
  for (const vm of state.vms.values()) {
    const name = `VM ${vm.id} ${[vm.name, state.tasks.get(vm.task)?.comm].filter(Boolean).join(', ')}`
    const cells = [
      formatCount(vm.inserted).padStart(9),
      formatCount(vm.live).padStart(7),
      size(vm.liveBytes).padStart(12)
    ]
    lines.push(`${name.slice(0, 25).padEnd(26)}${vm.verdict.policy.padEnd(16)}${cells.join('')}`)
  }
  if (state.scenarios.length > 0) lines.push('')
  for (const { id, seed, state: how } of state.scenarios) lines.push(`${id} seed ${seed}: ${scenarioStateName(how)}`)
  lines.push('', 'events')
  for (const [kind, n] of [...counts].sort(([a], [b]) => a - b))
    lines.push(`  ${(kinds.get(kind)?.name ?? `unknown-${kind}`).padEnd(18)}${formatCount(n).padStart(12)}`)
  lines.push('', 'Too large to be read whole: lifetimes, rates and costs are not told. Findings: `vascope check`.')
  result(lines.map((line) => line.trimEnd()).join('\n'))
}
