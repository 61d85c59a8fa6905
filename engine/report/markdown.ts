import { formatBytes, formatCount, formatTime, quantityText } from '../format'
import type { Block, Fact, LifetimeChart, Report, Table, TimeChart } from './model'
import { started } from './report'

/** The report as Markdown, for a merge request or a mail: figures and tables; of a chart over time its peak and its end, no histograms. */
export function markdown(report: Report): string {
  const lead = [report.board, started(report), formatTime(report.seconds), `${formatCount(report.events)} events`]
  if (report.emulated) lead.push('virtual board: real drm_gpuvm on emulated hardware, nothing is rendered')
  const parts = [
    `# ${escape(report.title)}`,
    lead.map(escape).join(' · '),
    report.damage ? `> **${escape(report.damage)}**` : '',
    ...report.notes.map((note) => `> **At ${formatTime(note.time)}: ${escape(note.text)}**`),
    ...report.sections.flatMap(({ title, query, blocks }) => [
      `## ${escape(title)}`,
      `Query: ${code(query)}`,
      ...grouped(blocks)
    ])
  ]
  return parts.filter(Boolean).join('\n\n') + '\n'
}

/** Charts that follow each other become one table. */
function grouped(blocks: readonly Block[]): string[] {
  const out: string[] = []
  const charts = blocks.filter((b): b is TimeChart => b.kind === 'time')
  for (const block of blocks) {
    if (block.kind === 'time') {
      if (block === charts[0]) out.push(chartsOf(charts))
    } else if (block.kind !== 'lifetimes') out.push(blockOf(block))
  }
  return out
}

function blockOf(block: Exclude<Block, TimeChart | LifetimeChart>): string {
  switch (block.kind) {
    case 'facts':
      return block.facts.map(factOf).join('\n')
    case 'table':
      return tableOf(block)
    case 'remark':
      return block.mark === 'lost' || block.mark === 'failed' ? `> **${escape(block.text)}**` : escape(block.text)
    case 'code':
      return `\`\`\`sh\n${block.text.replaceAll('```', "'''")}\n\`\`\``
  }
}

function factOf({ label, text }: Fact): string {
  return `- ${escape(label)}: ${text.split('\n').map(escape).join(', ')}`
}

function tableOf({ title, columns, rows }: Table): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`
  const table = [
    line(columns.map((c) => escape(c.title))),
    line(columns.map((c) => (c.align === 'right' ? '--:' : '---'))),
    ...rows.map((row) =>
      line(row.map((cell, i) => (columns[i]!.mono ? code(cell.text).replaceAll('|', '\\|') : escape(cell.text))))
    )
  ].join('\n')
  return title ? `### ${escape(title)}\n\n${table}` : table
}

function chartsOf(charts: readonly TimeChart[]): string {
  const rows = charts.map(({ title, unit, values, step }) => {
    const text = (value: number | null): string =>
      value === null ? 'not seen' : unit === 'bytes' ? quantityText(formatBytes(value)) : formatCount(value)
    const peak = values.reduce<number | null>((top, v) => (v !== null && (top === null || v > top) ? v : top), null)
    const at = peak === null ? '' : formatTime(values.indexOf(peak) * step, 1)
    return `| ${escape(title)} | ${text(peak)} | ${at} | ${text(values.at(-1) ?? null)} |`
  })
  return ['| over time | at most | at | at the end |', '| --- | --: | --: | --: |', ...rows].join('\n')
}

/** What Markdown or the HTML in it would read as its own; a newline would end a row. */
function escape(text: string): string {
  return text.replace(/[\\`*[\]<>|]|^#|(?<![\p{L}\d])_|_(?![\p{L}\d])/gu, '\\$&').replace(/\s*\n\s*/g, ' ')
}

function code(text: string): string {
  return text === '' ? '' : `\`${text.replaceAll('`', "'").replace(/\s*\n\s*/g, ' ')}\``
}
