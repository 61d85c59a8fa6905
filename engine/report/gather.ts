import { formatCount, formatDuration, quantityText } from '../format'
import type { SessionModel } from '../model/session'
import { damageText, type Recording } from '../session/recording'
import { summarize, type Summary } from '../stats/summary'
import { num } from '../wire/messages'
import { findingSection } from './findings'
import { lifetimeSection, longestSection, policySection, throughputSection } from './figures'
import { cell, type Fact, type Report, type Section } from './model'
import { dropSection, probeSection } from './trace'

/** The figures of a recorded session. The same session file gives the same report: nothing in it depends on when or where it was made. */
export function gather(recording: Recording): Report {
  const { model, head } = recording
  const summary = summarize(model)
  return {
    format: 'vascope-report',
    version: 1,
    title: head.title || 'Session',
    generator: head.program ?? '',
    board: head.board ?? '',
    started: new Date(num(head.startedRealtimeNs) / 1e6).toISOString(),
    seconds: summary.seconds,
    events: summary.events,
    emulated: head.facts.emulated === 'true',
    damage: damageText(recording),
    notes: model.state.markers.filter((m) => m.kind === 'note').map(({ time, text }) => ({ time, text })),
    sections: [
      boardSection(model, head),
      scenarioSection(summary),
      findingSection(recording.checker.page()),
      policySection(summary),
      throughputSection(model, summary),
      lifetimeSection(model, summary),
      longestSection(model),
      dropSection(summary),
      probeSection(model),
      {
        id: 'reproduce',
        title: 'Reproduce',
        query: 'vascope info FILE --json | jq .command',
        blocks: [{ kind: 'code', text: recording.command }]
      }
    ]
  }
}

function boardSection({ capabilities: c, hello }: SessionModel, head: Recording['head']): Section {
  const rows: Fact[] = []
  const row = (id: string, label: string, value: string | null | undefined): void => {
    if (value) rows.push({ id, label, value, text: value })
  }
  if (c) {
    const d = c.driver
    row('model', 'model', c.model)
    row('kernel', 'kernel', `${c.kernelRelease} ${c.machine}`)
    row('kernel-version', 'kernel version', c.kernelVersion)
    row('kernel-build-id', 'kernel build id', c.kernelBuildId)
    const driver = [
      [d?.name, d?.version].filter(Boolean).join(' '),
      d?.gpu,
      d?.vmBind ? 'VM_BIND' : '',
      d?.sparse ? 'sparse' : ''
    ]
    row('driver', 'driver', driver.filter(Boolean).join(', ') || 'none')
    row('modules', 'modules', c.modules.map((m) => `${m.name} ${m.buildId}`).join('\n'))
    const screens = c.nodes
      .filter((n) => (n.crtcs ?? 0) > 0)
      .map((n) => {
        const connectors = (n.connectors ?? []).join(' ') || 'no connectors'
        return `${n.path} ${n.driver}: ${n.crtcs} CRTCs, ${n.planes} planes, ${connectors}`
      })
    row('display', 'display', screens.join('; '))
    row('vm-flags', 'drm_gpuvm_flags', (c.vmFlags ?? []).map((f) => `${f.name} = ${num(f.value)}`).join(', '))
  }
  row('daemon', 'daemon', hello ? `${hello.program}, build ${hello.build}` : '')
  for (const [name, value] of Object.entries(head.facts).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (name !== 'emulated') row(name, name, value)
  return {
    id: 'board',
    title: 'Board',
    query: 'vascope info FILE --json | jq "{board, kernel, driver, facts}"',
    blocks: [{ kind: 'facts', facts: rows }]
  }
}

function scenarioSection({ scenarios }: Summary): Section {
  const section = { id: 'scenarios', title: 'Scenarios', query: 'vascope info FILE --json | jq .scenarios' }
  if (scenarios.length === 0)
    return { ...section, blocks: [{ kind: 'remark', text: 'None: the board was only watched.', mark: 'note' }] }
  const rows = scenarios.map((s) => [
    cell(s.id),
    cell(s.seed),
    cell(
      s.state,
      s.text && s.state !== 'done' ? `${s.state}: ${s.text}` : s.state,
      s.state === 'done' ? undefined : 'failed'
    ),
    cell(s.seconds, s.seconds === null ? 'not ended' : quantityText(formatDuration(s.seconds))),
    cell(
      Object.entries(s.issued)
        .map(([k, v]) => `${k} ${formatCount(v)}`)
        .join(', ')
    )
  ])
  return {
    ...section,
    blocks: [
      {
        kind: 'table',
        id: 'scenarios',
        columns: [
          { id: 'scenario', title: 'scenario' },
          { id: 'seed', title: 'seed', align: 'right' },
          { id: 'result', title: 'result' },
          { id: 'seconds', title: 'time', align: 'right' },
          { id: 'issued', title: 'issued' }
        ],
        rows
      }
    ]
  }
}
