import type { Severity } from '../api'
import { documentOf } from '../report/document'
import { html, Html } from '../report/html'
import { formatDuration, quantityText } from '../format'
import type { Verdict } from './job'
import { columnName, countsLine, rowName, type Result, type Results } from './results'

const OWN = `
a { color: inherit; } .cell { white-space: nowrap; } .cell small { color: var(--ink-3); display: block; }
.v { font-weight: 600; } .v-violation, .v-failed, .v-error, .v-interrupted { color: var(--error); } .v-retention { color: var(--retention); }
.v-suspicion { color: var(--suspicion); } .v-gap, .v-skipped { color: var(--ink-3); }
.matrix { overflow-x: auto; } .matrix td, .matrix th { padding-right: var(--s4); }
`

/** A table of boards and scenarios with verdicts and links to what lies beside it; one file, needs nothing else. */
export function indexPage(results: Results): string {
  const { title, started, seconds, verdict, failOn } = results
  const columns = unique(results.results.map(columnName))
  const rows = unique(results.results.map(rowName))
  const told = results.results.filter((r) => r.reasons.length > 0 || r.events.length > 0)
  const content = html`
    <h1>${title}</h1>
    <p class="lead">
      ${verdictMark(verdict)} · ${started.replace('T', ' ').replace(/\.\d+Z/, ' UTC')} ·
      ${quantityText(formatDuration(seconds))} · ${tally(results.results)} · fails on ${failOn}
    </p>
    <h2>Boards and scenarios</h2>
    <div class="matrix">
      <table>
        <thead>
          <tr>
            <th>scenario</th>
            ${columns.map((name) => html`<th>${name}<br />${releaseOf(results.results, name)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                <td>${row}</td>
                ${columns.map((column) =>
                  cell(results.results.filter((r) => rowName(r) === row && columnName(r) === column))
                )}
              </tr>`
          )}
        </tbody>
      </table>
    </div>
    ${told.length > 0 ? reasonsSection(told, failOn) : ''}
    <p class="note">
      The same for programs: <a href="results.json">results.json</a>, <a href="junit.xml">junit.xml</a>.
    </p>
  `
  return documentOf(`${title}: Vascope results`, content, { own: OWN })
}

function cell(found: readonly Result[]): Html {
  if (found.length === 0) return html`<td></td>`
  return html`<td class="cell">
    ${found.map(
      (r) =>
        html`${verdictMark(r.verdict)}<small>${countsLine(r) || quantityText(formatDuration(r.seconds))}</small
          ><small>${links(r)}</small>`
    )}
  </td>`
}

function links({ sessions, reports }: Result): Html[] {
  return sessions.map((session, i) => {
    const report = reports[i]
    return html`${i > 0 ? ' · ' : ''}${report ? html`<a href="${href(report)}">report</a> ` : ''}<a
        href="${href(session)}"
        >session</a
      >`
  })
}

function reasonsSection(told: readonly Result[], failOn: Severity): Html {
  return html`<h2>What happened</h2>
    <table>
      <thead>
        <tr>
          <th>board</th>
          <th>scenario</th>
          <th>verdict</th>
          <th>why (${failOn} and worse fail)</th>
        </tr>
      </thead>
      <tbody>
        ${told.map(
          (r) =>
            html`<tr>
              <td>${columnName(r)}</td>
              <td>${rowName(r)}</td>
              <td>${verdictMark(r.verdict)}</td>
              <td>${[...r.events, ...r.reasons].map((text) => html`<div>${text}</div>`)}</td>
            </tr>`
        )}
      </tbody>
    </table>`
}

function verdictMark(verdict: Verdict): Html {
  return html`<span class="v v-${verdict}">${verdict}</span>`
}

function tally(results: readonly Result[]): string {
  return unique(results.map((r) => r.verdict))
    .map((verdict) => `${results.filter((r) => r.verdict === verdict).length} ${verdict}`)
    .join(', ')
}

function releaseOf(results: readonly Result[], column: string): string {
  return unique(results.filter((r) => columnName(r) === column && r.release).map((r) => r.release)).join(', ')
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}

function href(file: string): string {
  return file.split('/').map(encodeURIComponent).join('/')
}
