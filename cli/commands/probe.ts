import { Command } from 'commander'
import type { TraceLevel } from '../../engine/deploy/deploy'
import { EXIT } from '../../engine/problem'
import { preflight } from '../../engine/session/preflight'
import { traceLevel, tracingText } from '../../engine/session/tracing'
import { askOnTerminal } from '../ask'
import { json, ProgressLine, result } from '../output'
import { boardOption, jsonOption, traceOption } from '../options'

const MARK = { ok: '✓', limited: '◐', failed: '✗', running: ' ', waiting: ' ' }

/** `vascope probe`: what a board is, what can be seen there, and what to do about the rest. */
export function probeCommand(): Command {
  return new Command('probe')
    .description('look at a board: what it is, what can be traced there, and a remedy for what cannot')
    .addOption(boardOption())
    .addOption(traceOption())
    .addOption(jsonOption())
    .action(async (options: { board: string; trace: TraceLevel; json?: boolean }) => {
      const progress = new ProgressLine()
      const looked = await preflight(
        {
          board: options.board,
          trace: options.trace,
          ask: askOnTerminal,
          signal: new AbortController().signal,
          progress: (_phase, activity, fraction) => progress.show(activity, fraction)
        },
        () => undefined
      )
      progress.end()
      if (options.json)
        json({
          board: options.board,
          checks: looked.checks,
          scenarios: looked.scenarios,
          traceLevel: looked.capabilities ? traceLevel(looked.capabilities) : null,
          tracing: looked.capabilities ? tracingText(looked.capabilities) : '',
          probes: looked.capabilities?.probes ?? []
        })
      else print(looked)
      const failed = looked.checks.some((c) => c.state === 'failed')
      process.exitCode = looked.error ? looked.error.exit : failed ? EXIT.findings : EXIT.fine
    })
}

function print({ checks, scenarios }: Awaited<ReturnType<typeof preflight>>): void {
  let group = ''
  for (const check of checks) {
    if (check.group !== group) result(`\n${(group = check.group)}`)
    result(`  ${MARK[check.state]} ${check.title.padEnd(24)} ${check.detail}`)
    if (check.remedy) result(`    ${' '.repeat(24)} ${check.remedy}`)
  }
  if (scenarios.length > 0) result('\nScenarios it can run')
  for (const s of scenarios) {
    result(`  ${s.id.padEnd(28)} ${s.needs ? `not here: ${s.needs}` : s.description}`)
    for (const p of s.parameters)
      result(
        `      ${p.name.padEnd(16)} ${p.default} (${p.minimum} to ${p.maximum}${p.unit ? ` ${p.unit}` : ''}) ${p.description}`
      )
  }
}
