import { formatBytes, formatCount, formatDuration, formatTime, quantityText } from '../engine/format'
import { traceLevel, tracingText } from '../engine/session/tracing'
import { damageText, type Recording } from '../engine/session/recording'
import { balances } from '../engine/stats/balance'
import { summarize } from '../engine/stats/summary'
import { countsText } from './findings'
import { json, result } from './output'

/** Figures of a recording as `vascope info --json` prints them. */
export function infoJson(recording: Recording): Record<string, unknown> {
  const { head, model } = recording
  return {
    file: recording.file,
    bytes: recording.bytes,
    complete: recording.complete,
    damage: recording.damage,
    lost: recording.lost,
    title: head.title,
    board: head.board,
    command: recording.command,
    program: head.program,
    started: new Date(Number(head.startedRealtimeNs) / 1e6).toISOString(),
    facts: head.facts,
    kernel: model.capabilities?.kernelRelease ?? '',
    driver: model.capabilities?.driver?.name ?? '',
    traceLevel: model.capabilities ? traceLevel(model.capabilities) : '',
    tracing: model.capabilities ? tracingText(model.capabilities) : '',
    notes: notesOf(recording),
    ...summarize(model),
    balances: balances(model),
    findings: recording.checker.page().counts
  }
}

/** What befell the recording, and what the board warned of: a lost daemon, a reboot. */
function notesOf({ model }: Recording): { time: number; text: string }[] {
  return model.state.markers.filter((m) => m.kind === 'note').map(({ time, text }) => ({ time, text }))
}

/** Prints what a session holds, for people or for programs. */
export function printInfo(recording: Recording, asJson: boolean): void {
  if (asJson) json(infoJson(recording))
  else result(infoText(recording))
}

function infoText(recording: Recording): string {
  const { head, model } = recording
  const s = summarize(model)
  const lines: string[] = []
  const row = (name: string, ...values: string[]): void => void lines.push(`${name.padEnd(12)}${values.join('  ')}`)
  const perSecond = (value: number | null, text: (v: number) => string): string =>
    value === null ? 'not seen' : `${text(value)}/s`
  row('title', head.title)
  row('board', head.board + (head.facts.emulated === 'true' ? ' (emulated, nothing is rendered)' : ''))
  row('kernel', model.capabilities?.kernelRelease ?? '')
  if (model.capabilities) row('tracing', tracingText(model.capabilities))
  row('length', formatTime(s.seconds), `${formatCount(s.events)} events`, quantityText(formatBytes(recording.bytes)))
  const damage = damageText(recording)
  if (damage) row('damage', damage)
  for (const note of notesOf(recording)) row('note', formatTime(note.time), note.text)
  row('MAP', formatCount(s.maps), perSecond(s.mapsPerSecond, formatCount))
  row('UNMAP', formatCount(s.unmaps))
  row(
    'mapped',
    quantityText(formatBytes(s.bytesMapped)),
    perSecond(s.bytesMappedPerSecond, (v) => quantityText(formatBytes(v)))
  )
  row('live at end', `${formatCount(s.liveMappings)} mappings`, quantityText(formatBytes(s.liveBytes)))
  row('flips', formatCount(s.flips))
  const { bytes, peak, peakAt } = s.retained
  if (peak > 0)
    row(
      'retained',
      `${quantityText(formatBytes(bytes))} by mappings alone`,
      `at most ${quantityText(formatBytes(peak))} at ${formatTime(peakAt)}`
    )
  if (s.flipCost && s.flipCost.prepare.count > 0)
    for (const [name, cost] of Object.entries(s.flipCost))
      row(
        `FB ${name}`,
        formatCount(cost.count),
        `${formatCount(cost.mapping)} with page tables, ${formatCount(cost.ptes)} operations`,
        `median ${duration(cost.p50)}`,
        `95 % ${duration(cost.p95)}`
      )
  const { p50, p95, max } = s.lifetimes
  if (p50 !== null)
    row(
      'lifetimes',
      `median ${duration(p50)}`,
      `95 % ${duration(p95)}`,
      `longest ${duration(max)}`,
      `${formatCount(s.lifetimes.ended)} ended`
    )
  const { kernel, queue, balanced } = s.drops
  row(
    'lost',
    `${formatCount(kernel)} in the ring buffer`,
    `${formatCount(queue)} in the queue`,
    balanced === false ? 'the ledger does not balance' : ''
  )
  lines.push(
    '',
    `${'VM'.padEnd(26)}${'policy'.padEnd(16)}${'inserts'.padStart(9)}${'live'.padStart(7)}${'bytes'.padStart(12)}`
  )
  for (const vm of s.vms) {
    const name = `VM ${vm.id} ${[vm.name, vm.comm].filter(Boolean).join(', ')}`
    const cells = [
      formatCount(vm.inserted).padStart(9),
      formatCount(vm.liveMappings).padStart(7),
      quantityText(formatBytes(vm.liveBytes)).padStart(12)
    ]
    lines.push(`${name.slice(0, 25).padEnd(26)}${vm.policy.padEnd(16)}${cells.join('')}`)
  }
  if (s.scenarios.length > 0) lines.push('')
  for (const scenario of s.scenarios) {
    const time = scenario.seconds === null ? 'not ended' : quantityText(formatDuration(scenario.seconds))
    lines.push(
      `${scenario.id} seed ${scenario.seed}: ${scenario.state}, ${time}${scenario.text && scenario.state !== 'done' ? `, ${scenario.text}` : ''}`
    )
  }
  for (const b of balances(model)) {
    const verdict =
      b.holds === null
        ? 'not compared (inserts were lost or not traced, or it did not end)'
        : b.holds
          ? 'as expected'
          : 'NOT as expected'
    lines.push(
      `  inserts ${b.insertsSeen} of ${b.insertsExpected}, removes ${b.removesSeen} of ${b.removesExpected}: ${verdict}`
    )
  }
  lines.push('', `findings    ${countsText(recording.checker.page())}`)
  const warnings = [...s.logs.filter((l) => l.level >= 2).map((l) => `${formatTime(l.time)}  ${l.text}`), ...s.faults]
  if (warnings.length > 0)
    lines.push('', 'the board warned, or sent what could not be read', ...warnings.map((w) => `  ${w}`))
  lines.push('', 'events')
  for (const [kind, n] of Object.entries(s.counts))
    if (n > 0) lines.push(`  ${kind.padEnd(18)}${formatCount(n).padStart(12)}`)
  return lines.map((line) => line.trimEnd()).join('\n')
}

function duration(seconds: number | null): string {
  return seconds === null ? '' : quantityText(formatDuration(seconds))
}
