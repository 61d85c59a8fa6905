import type { Policy } from '../api'
import { formatBytes, formatCount, formatDuration, formatIova, formatOffset, formatTime, quantityText } from '../format'
import type { SessionModel } from '../model/session'
import { view } from '../query/view'
import { damageText, type Recording } from '../session/recording'
import { tracingText } from '../session/tracing'
import { lifetimeHistogram } from '../stats/lifetimes'
import { summarize, type Summary, type VmSummary } from '../stats/summary'
import { num, ProbeState } from '../wire/messages'
import { lifetimeChart, timeChart } from './charts'
import { findingSection } from './findings'
import { html, Html } from './html'
import { STYLE } from './style'

const LONGEST = 20

/**
 * The report of a recorded session: one HTML file that needs nothing else, opens offline and prints. The same session file gives the
 * same bytes; nothing in it depends on when or where it was made.
 */
export function report(recording: Recording): string {
  const { model, head } = recording
  const summary = summarize(model)
  const title = head.title || 'Session'
  const damage = damageText(recording)
  const page = html`<!doctype html>
    <html lang="en" data-theme="light">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="generator" content="${head.program}" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}: Vascope report</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          <p class="lead">
            ${head.board} · ${started(head.startedRealtimeNs)} · ${formatTime(summary.seconds)} ·
            ${formatCount(summary.events)} events
            ${head.facts.emulated === 'true' ? html` <span class="badge">virtual board: real drm_gpuvm on emulated hardware, nothing is rendered</span>` : ''}
          </p>
          ${damage ? html`<p class="failed">${damage}</p>` : ''}
          ${model.state.markers.filter((m) => m.kind === 'note').map((m) => html`<p class="failed">At ${formatTime(m.time)}: ${m.text}</p>`)}
          <h2>Board</h2>
          ${boardSection(model, head)}
          <h2>Scenarios</h2>
          ${scenarioSection(summary)}
          <h2>Findings</h2>
          ${findingSection(recording.checker.page())}
          <h2>Policy of each VM</h2>
          ${policySection(summary)}
          <h2>Throughput</h2>
          ${throughputSection(model, summary)}
          <h2>Lifetimes</h2>
          ${lifetimeSection(model, summary)}
          <h2>Longest-lived mappings</h2>
          ${longestSection(model)}
          <h2>Drop ledger</h2>
          ${dropSection(summary)}
          <h2>What was traced</h2>
          ${probeSection(model)}
          <h2>Reproduce</h2>
          <pre>${recording.command}</pre>
        </main>
      </body>
    </html> `
  return page.text
}

function started(realtimeNs: Recording['head']['startedRealtimeNs']): string {
  return new Date(num(realtimeNs) / 1e6)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z/, ' UTC')
}

function facts(rows: [string, string | Html | null | undefined][]): Html {
  return html`<dl>
    ${rows
      .filter(([, v]) => v !== '' && v !== null && v !== undefined)
      .map(
        ([k, v]) =>
          html`<dt>${k}</dt>
            <dd>${v}</dd>`
      )}
  </dl>`
}

function boardSection({ capabilities: c, hello }: SessionModel, head: Recording['head']): Html {
  if (!c) return html``
  const d = c.driver
  return facts([
    ['model', c.model],
    ['kernel', `${c.kernelRelease} ${c.machine}`],
    ['kernel version', c.kernelVersion],
    ['kernel build id', html`<code>${c.kernelBuildId}</code>`],
    [
      'driver',
      d
        ? `${d.name} ${d.version}${d.gpu ? `, ${d.gpu}` : ''}${d.vmBind ? ', VM_BIND' : ''}${d.sparse ? ', sparse' : ''}`
        : 'none'
    ],
    ['modules', html`${c.modules.map((m) => html`<code>${m.name} ${m.buildId}</code><br />`)}`],
    [
      'display',
      c.nodes
        .filter((n) => (n.crtcs ?? 0) > 0)
        .map(
          (n) =>
            `${n.path} ${n.driver}: ${n.crtcs} CRTCs, ${n.planes} planes, ${(n.connectors ?? []).join(' ') || 'no connectors'}`
        )
        .join('; ')
    ],
    ['drm_gpuvm_flags', (c.vmFlags ?? []).map((f) => `${f.name} = ${num(f.value)}`).join(', ')],
    ['daemon', hello ? `${hello.program}, build ${hello.build}` : ''],
    ...Object.entries(head.facts)
      .filter(([k]) => k !== 'emulated')
      .sort(([a], [b]) => (a < b ? -1 : 1))
  ])
}

function scenarioSection({ scenarios }: Summary): Html {
  if (scenarios.length === 0) return html`<p class="note">None: the board was only watched.</p>`
  return html`<table>
    <tr>
      <th>scenario</th>
      <th>seed</th>
      <th>result</th>
      <th class="r">time</th>
      <th>issued</th>
    </tr>
    ${scenarios.map(
      (s) =>
        html`<tr>
          <td>${s.id}</td>
          <td>${s.seed}</td>
          <td>${s.state}${s.text && s.state !== 'done' ? `: ${s.text}` : ''}</td>
          <td class="r">${s.seconds === null ? 'not ended' : quantityText(formatDuration(s.seconds))}</td>
          <td>
            ${Object.entries(s.issued)
              .map(([k, v]) => `${k} ${formatCount(v)}`)
              .join(', ')}
          </td>
        </tr>`
    )}
  </table>`
}

function policyMark(policy: string): Html {
  return html`<span class="pol ${policy}"><i></i>${policy}</span>`
}

function vmName(vm: VmSummary): string {
  return `VM ${vm.id}${vm.name ? ` ${vm.name}` : ''}${vm.comm ? `, ${vm.comm} ${vm.pid}` : ''}`
}

function policySection({ vms }: Summary): Html {
  return html`<table>
    <tr>
      <th>VM</th>
      <th>policy</th>
      <th>how it is known</th>
      <th class="r">inserts</th>
      <th class="r">live at end</th>
      <th class="r">bytes</th>
    </tr>
    ${[...vms]
      .sort((a, b) => a.id - b.id)
      .map(
        (vm) =>
          html`<tr>
            <td>${vmName(vm)}</td>
            <td>${policyMark(vm.policy)}</td>
            <td>${vm.policySource}</td>
            <td class="r">${formatCount(vm.inserted)}</td>
            <td class="r">${formatCount(vm.liveMappings)}</td>
            <td class="r">${quantityText(formatBytes(vm.liveBytes))}</td>
          </tr>`
      )}
  </table>`
}

function throughputSection(model: SessionModel, s: Summary): Html {
  const { charts } = view(model, { from: 0, to: Math.max(model.end, 0.1), width: 960, cursor: null })
  const per = (value: number | null, text: (v: number) => string): string =>
    value === null ? 'not seen' : `${text(value)}/s`
  return html`${facts([
    ['VA inserts', `${formatCount(s.maps)}, ${per(s.mapsPerSecond, formatCount)} while active`],
    ['VA removes', formatCount(s.unmaps)],
    ['inserts and removes', per(s.opsPerSecond, formatCount)],
    [
      'bytes mapped',
      `${quantityText(formatBytes(s.bytesMapped))}, ${per(s.bytesMappedPerSecond, (v) => quantityText(formatBytes(v)))}`
    ],
    ['flips', formatCount(s.flips)],
    ['retained by mapping', retainedText(s)]
  ])}
  ${timeChart('VA inserts per second', charts, charts.maps, 'count')}
  ${timeChart('VA removes per second', charts, charts.unmaps, 'count')}
  ${timeChart('Bytes mapped per second', charts, charts.mappedBytesPerSecond, 'bytes')}
  ${timeChart('Live mapped bytes', charts, charts.liveBytes, 'bytes')}
  ${s.flips > 0 ? timeChart('Flips per second', charts, charts.flips, 'count', 64) : ''}`
}

/** Bytes that fdinfo does not count: their handles are closed, and mappings keep them. */
function retainedText({ retained }: Summary): string {
  const { bytes, peak, peakAt } = retained
  const now = quantityText(formatBytes(bytes))
  return peak > 0 ? `${now} at the end, at most ${quantityText(formatBytes(peak))} at ${formatTime(peakAt)}` : now
}

function lifetimeSection(model: SessionModel, { vms }: Summary): Html {
  const time = (v: number | null): string => (v === null ? '' : quantityText(formatDuration(v)))
  const busy = vms.filter((vm) => vm.inserted + vm.liveMappings + vm.lifetimes.unknown > 0)
  return html`<table>
      <tr>
        <th>VM</th>
        <th class="r">ended</th>
        <th class="r">ended, age unknown</th>
        <th class="r">live</th>
        <th class="r">shortest</th>
        <th class="r">median</th>
        <th class="r">95 %</th>
        <th class="r">longest</th>
      </tr>
      ${busy.map(
        (vm) =>
          html`<tr>
            <td>${vmName(vm)}</td>
            <td class="r">${formatCount(vm.lifetimes.ended)}</td>
            <td class="r">${formatCount(vm.lifetimes.unknown)}</td>
            <td class="r">${formatCount(vm.lifetimes.live)}</td>
            <td class="r">${time(vm.lifetimes.min)}</td>
            <td class="r">${time(vm.lifetimes.p50)}</td>
            <td class="r">${time(vm.lifetimes.p95)}</td>
            <td class="r">${time(vm.lifetimes.max)}</td>
          </tr>`
      )}
    </table>
    ${busy.filter((vm) => vm.lifetimes.ended > 0).map((vm) => lifetimeChart(`${vmName(vm)}: ended lifetimes`, lifetimeHistogram(model, vm.id), vm.policy as Policy))}`
}

function longestSection(model: SessionModel): Html {
  const { mappings: m, vms, bos } = model.state
  const age = (i: number): number => Math.min(m.end.at(i), model.end) - m.start.at(i)
  const order = Array.from({ length: m.length }, (_, i) => i).sort((a, b) => age(b) - age(a) || a - b)
  return html`<table>
    <tr>
      <th>VM</th>
      <th>iova</th>
      <th class="r">range</th>
      <th>BO</th>
      <th class="r">offset</th>
      <th class="r">from</th>
      <th class="r">to</th>
      <th class="r">lifetime</th>
    </tr>
    ${order.slice(0, LONGEST).map((i) => {
      const bo = m.bo.at(i)
      const vm = vms.get(m.vm.at(i))
      return html`<tr>
        <td>VM ${m.vm.at(i)} ${vm?.name ?? ''}</td>
        <td class="mono">${formatIova(m.iova.at(i))}</td>
        <td class="r">${quantityText(formatBytes(m.bytes.at(i)))}</td>
        <td>${bo === 0 ? 'MAP_NULL' : `BO ${bo} ${bos.get(bo)?.name ?? ''}`}</td>
        <td class="r mono">${formatOffset(m.offset.at(i))}</td>
        <td class="r">${m.traced.at(i) === 0 ? 'before tracing' : formatTime(m.start.at(i))}</td>
        <td class="r">${m.end.at(i) === Infinity ? 'alive' : formatTime(m.end.at(i))}</td>
        <td class="r">${m.traced.at(i) === 0 ? 'over ' : ''}${quantityText(formatDuration(age(i)))}</td>
      </tr>`
    })}
  </table>`
}

function dropSection({ drops }: Summary): Html {
  const total = drops.kernel + drops.queue
  const rows = Object.entries(drops.byKind)
  return html`${facts([
    ['produced', formatCount(drops.produced)],
    ['delivered', formatCount(drops.delivered)],
    ['dropped, ring buffer', formatCount(drops.kernel)],
    ['dropped, send queue', formatCount(drops.queue)],
    [
      'ledger',
      drops.balanced === null
        ? 'the stream was cut off; the totals are of its last heartbeat'
        : drops.balanced
          ? 'balances: produced = delivered + dropped'
          : 'does not balance'
    ]
  ])}
  ${total > 0 ? html`<p class="lost">${formatCount(total)} events were lost. What is shown of the objects they belonged to is uncertain until the next snapshot.</p>` : ''}
  ${
    rows.length > 0
      ? html`<table>
          <tr>
            <th>kind</th>
            <th class="r">ring buffer</th>
            <th class="r">send queue</th>
          </tr>
          ${rows.map(
            ([k, v]) =>
              html`<tr>
                <td>${k}</td>
                <td class="r">${formatCount(v.kernel)}</td>
                <td class="r">${formatCount(v.queue)}</td>
              </tr>`
          )}
        </table>`
      : ''
  }`
}

function probeSection({ capabilities }: SessionModel): Html {
  const probes = capabilities?.probes ?? []
  const others = probes.filter((p) => p.state !== ProbeState.PROBE_STATE_ATTACHED)
  return html`<p>${capabilities ? tracingText(capabilities) : ''}</p>
    ${
      others.length > 0
        ? html`<table>
            <tr>
              <th>symbol</th>
              <th>how</th>
              <th>why not</th>
            </tr>
            ${others.map(
              (p) =>
                html`<tr>
                  <td class="mono">${p.symbol}</td>
                  <td>${p.how}</td>
                  <td>${p.reason}</td>
                </tr>`
            )}
          </table>`
        : ''
    }`
}
