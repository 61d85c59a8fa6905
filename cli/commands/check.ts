import { Command, Option } from 'commander'
import type { FindingPage, Severity } from '../../engine/api'
import { EXIT } from '../../engine/problem'
import { openEnding } from '../../engine/session/ending'
import { isLarge } from '../../engine/session/large'
import { openRecording, type Recording } from '../../engine/session/recording'
import { countsText, findingLine, SEVERITIES } from '../findings'
import { jsonOption } from '../options'
import { json, result } from '../output'
import { finish } from './file'

/** Lines of one rule that are printed before the rest is only counted. */
const LINES = 10

/** `vascope check`: a session file against the rules. */
export function checkCommand(): Command {
  return new Command('check')
    .description('hold a session file against the invariants of drm_gpuvm and msm (docs/policies.md)')
    .argument('<file>')
    .addOption(new Option('--severity <severity>', 'only these findings').choices([...SEVERITIES]))
    .option('--all', `print all findings that are kept, up to 500 of each rule, not only ${LINES}; all are counted`)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Exit codes: 0 no violation, 1 violations, 2 usage, 4 the file is damaged (what can be read is checked).
Retentions, suspicions and gaps do not make it fail.

--json prints {file, kernel, violations, counts, total, findings, rules}:
  findings  [{rule, severity, time, objects: [{kind, id, label}], what, evidence, key}], times in seconds;
            the key is the same in every reading of the file
  rules     [{id, title, text, severity, checked, reason, hits}]; reason says why one was not checked`
    )
    .action((file: string, options: { severity?: Severity; all?: boolean; json?: boolean }) => {
      // a large file is judged in one pass and never held whole
      const recording = isLarge(file) ? openEnding(file) : openRecording(file)
      const page = ('checker' in recording ? recording.checker : recording.judge()).page()
      const only = options.severity
      const findings = page.findings.filter((f) => only === undefined || f.severity === only)
      if (options.json) json(checkJson(recording, { ...page, findings }))
      else result(checkText(page, options.all === true, only))
      process.exitCode = page.counts.violation > 0 ? EXIT.findings : EXIT.fine
      finish(recording)
    })
}

function checkJson({ file, model }: Pick<Recording, 'file' | 'model'>, page: FindingPage): Record<string, unknown> {
  return {
    file,
    kernel: model.capabilities?.kernelRelease ?? '',
    violations: page.counts.violation,
    ...page
  }
}

/** `only`: the one severity whose findings are printed; the counts are of all. */
export function checkText(page: FindingPage, all: boolean, only?: Severity): string {
  const lines: string[] = []
  for (const severity of only === undefined ? SEVERITIES : [only])
    for (const rule of page.rules) {
      const kept = page.findings.filter((f) => f.rule === rule.id)
      const found = kept.filter((f) => f.severity === severity)
      const shown = all ? found : found.slice(0, LINES)
      lines.push(...shown.map(findingLine))
      // those that are not kept are told behind the rule's own severity, which is that of nearly all
      const more = found.length - shown.length + (severity === rule.severity ? rule.hits - kept.length : 0)
      if (more > 0) lines.push(`${' '.repeat(11)}${rule.id.padEnd(4)} ... and ${more} more`)
    }
  if (lines.length > 0) lines.push('')
  const checked = page.rules.filter((r) => r.checked)
  lines.push(`${countsText(page)}; ${checked.length} of ${page.rules.length} rules checked`)
  for (const rule of page.rules) {
    if (!rule.checked) lines.push(`not checked ${rule.id.padEnd(4)} ${rule.title}, because ${rule.reason}`)
    else if (rule.hits > 0) lines.push(`${String(rule.hits).padStart(11)} ${rule.id.padEnd(4)} ${rule.title}`)
  }
  return lines.join('\n')
}
