import type { Policy } from '../api'
import { formatCount, formatTime } from '../format'
import type { Recording } from '../session/recording'
import { lifetimeChart, timeChart } from './charts'
import { gather } from './gather'
import { documentOf } from './document'
import { html, Html } from './html'
import type { Block, Cell, Column, Fact, Mark, Report, Table } from './model'

/** The report of a recorded session as HTML. */
export function report(recording: Recording): string {
  return page(gather(recording))
}

/** One HTML file that needs nothing else, opens offline and prints. */
export function page(report: Report): string {
  const { title, damage, notes, sections } = report
  const badge = html` <span class="badge"
    >virtual board: real drm_gpuvm on emulated hardware, nothing is rendered</span
  >`
  const content = html`
    <h1>${title}</h1>
    <p class="lead">
      ${report.board} · ${started(report)} · ${formatTime(report.seconds)} · ${formatCount(report.events)} events
      ${report.emulated ? badge : ''}
    </p>
    ${damage ? html`<p class="failed">${damage}</p>` : ''}
    ${notes.map((note) => html`<p class="failed">At ${formatTime(note.time)}: ${note.text}</p>`)}
    ${sections.map(
      (section) =>
        html`<section id="${section.id}" data-query="${section.query}">
          <h2>${section.title}<code class="query">${section.query}</code></h2>
          ${section.blocks.map(blockOf)}
        </section>`
    )}
  `
  return documentOf(`${title}: Vascope report`, content, { generator: report.generator })
}

/** "2026-11-22 14:15:30 UTC" */
export function started(report: Report): string {
  return report.started.replace('T', ' ').replace(/\.\d+Z/, ' UTC')
}

function blockOf(block: Block): Html {
  switch (block.kind) {
    case 'facts':
      return html`<dl>${block.facts.map(factOf)}</dl>`
    case 'table':
      return tableOf(block)
    case 'time':
      return timeChart(block)
    case 'lifetimes':
      return lifetimeChart(block)
    case 'remark':
      return html`<p class="${block.mark ?? ''}">${block.text}</p>`
    case 'code':
      return html`<pre>${block.text}</pre>`
  }
}

function factOf({ label, text, query }: Fact): Html {
  const lines = text.split('\n').map((line, i) => html`${i > 0 ? html`<br />` : ''}${line}`)
  return html`<dt>${label}</dt>
    ${query ? html`<dd data-query="${query}" title="${query}">${lines}</dd>` : html`<dd>${lines}</dd>`}`
}

function tableOf({ title, columns, rows }: Table): Html {
  return html`${title ? html`<h3>${title}</h3>` : ''}
    <table>
      <thead>
        <tr>
          ${columns.map((c) => html`<th class="${c.align === 'right' ? 'r' : ''}">${c.title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, i) => cellOf(cell, columns[i]!))}
            </tr>`
        )}
      </tbody>
    </table>`
}

const POLICIES: readonly (Mark | Policy)[] = ['hard', 'weak', 'handle-counted', 'unknown', 'none']

function cellOf({ text, mark }: Cell, { align, mono }: Column): Html {
  const policy = mark !== undefined && POLICIES.includes(mark)
  const classes = [align === 'right' ? 'r' : '', mono ? 'mono' : '', policy ? '' : (mark ?? '')].filter(Boolean)
  const content = policy ? html`<span class="pol ${mark}"><i></i>${text}</span>` : html`${text}`
  return html`<td class="${classes.join(' ')}">${content}</td>`
}
