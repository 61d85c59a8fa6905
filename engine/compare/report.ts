import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { CompareMeasure, CompareSide, CompareVmSide, Comparison } from '../api'
import { formatTime } from '../format'
import { EXIT, systemReason, VascopeError } from '../problem'
import { documentOf } from '../report/document'
import { html, Html } from '../report/html'
import { courseChart, intervalBar } from './charts'
import { changeText, differenceText, sideText, sorted, valueText } from './words'

const OWN = `
.ab { display: inline-block; width: 16px; margin-right: 6px; text-align: center; font-size: 10px; font-weight: 700; line-height: 14px; border: 1px solid var(--ink-1); }
.ab.a { background: var(--ink-1); color: var(--bg-0); }
.course { fill: none; stroke: var(--ink-1); stroke-width: 1.5; } .mid { stroke: var(--ink-3); } .band { stroke: var(--ink-1); stroke-width: 1.5; } .at { fill: var(--ink-1); } .step { stroke: var(--line-2); }
td.bar { width: 120px; } .id { color: var(--ink-3); overflow-wrap: anywhere; } summary { cursor: pointer; margin: var(--s4) 0 var(--s2); }`

/** Writes the comparison as one HTML file that needs nothing else, opens offline and prints; the same comparison gives the same bytes. */
export function writeComparison(comparison: Comparison, file: string): number {
  const text = comparisonHtml(comparison)
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new VascopeError(
      'compare-write',
      `The report ${file} cannot be written: ${systemReason(error)}.`,
      'Choose another file.',
      EXIT.usage
    )
  }
  return Buffer.byteLength(text)
}

export function comparisonHtml(comparison: Comparison): string {
  const [a, b] = comparison.sides
  const title = `${a.label} against ${b.label}`
  const kinds = sorted(comparison)
  const content = html`
    <h1>${title}</h1>
    <p class="lead">
      ${badge('a')}${sideText(a)}<br />
      ${badge('b')}${sideText(b)}
    </p>
    ${comparison.sides.flatMap(({ runs }) => runs.filter((run) => run.lossy)).map((run) => html`<p class="lost">${base(run.file)} has losses, is damaged or was cut off: facts of its side are not compared.</p>`)}
    <h2>Set-up</h2>
    ${setUp(comparison)}
    <h2>Policy of each VM</h2>
    ${policies(comparison)}
    <h2>What became of BOs</h2>
    ${objects(comparison)}
    <h2>Memory over time</h2>
    ${courseChart('Bytes that only mappings keep alive', [a.retained, b.retained], comparison.steps)}
    ${courseChart('Bytes mapped', [a.mapped, b.mapped], comparison.steps)}
    <p class="note">
      First run of each side: A is filled, B is the line; steps are drawn equally wide, whatever their time.
    </p>
    <h2>What differs</h2>
    ${kinds.differs.length === 0 ? html`<p class="note">Nothing that is certain.</p>` : table(kinds.differs)}
    ${folded('Moved, but not known to differ', kinds.unsure)} ${folded('Seen on one side alone', kinds.unseen)}
    ${folded('Within the noise', kinds.noise)} ${folded('Equal', kinds.equal)}
    <h2>Reproduce</h2>
    <pre>${command(comparison)}</pre>
  `
  return documentOf(`${title}: Vascope comparison`, content, { own: OWN })
}

function badge(side: 'a' | 'b'): Html {
  return html`<span class="ab ${side}">${side.toUpperCase()}</span>`
}

function setUp({ same, differs }: Comparison): Html {
  return html`<dl>
    ${differs.map(
      ({ name, a, b }) =>
        html`<dt>${name}</dt>
          <dd>${differenceText(a, b)}</dd>`
    )}
    ${same.map(
      ({ name, value }) =>
        html`<dt>${name}</dt>
          <dd class="note">same: ${value}</dd>`
    )}
  </dl>`
}

function policies({ vms }: Comparison): Html {
  const mark = (side: CompareVmSide | null): Html =>
    side === null
      ? html`<span class="note">not there</span>`
      : html`<span class="pol ${side.policy}"><i></i>${side.policy}</span>`
  return html`<table>
    <tr>
      <th>VM</th>
      <th>mode</th>
      <th>${badge('a')}policy</th>
      <th>${badge('b')}policy</th>
      <th class="r">${badge('a')}lifetime</th>
      <th class="r">${badge('b')}lifetime</th>
      <th class="r">${badge('a')}without handle</th>
      <th class="r">${badge('b')}without handle</th>
    </tr>
    ${vms.map(
      ({ key, a, b }) =>
        html`<tr>
          <td>${key}</td>
          <td>${(a ?? b)!.mode}</td>
          <td>${mark(a)}</td>
          <td>${a === null || b === null || a.policy !== b.policy ? mark(b) : html`<span class="note">same</span>`}</td>
          ${[a, b].map((side) => html`<td class="r">${side === null ? '' : side.lifetimeP50 === null ? '-' : valueText('s', side.lifetimeP50)}</td>`)}
          ${[a, b].map((side) => html`<td class="r">${side === null ? '' : valueText('bytes', side.withoutHandlePeakBytes)}</td>`)}
        </tr>`
    )}
  </table>`
}

function objects({ objects: all, measures }: Comparison): Html {
  const { b, reason } = measures.find((m) => m.id === 'object_changes')!
  if (all.length === 0) return html`<p class="note">${b === null ? `BOs are ${reason}.` : 'All fared alike.'}</p>`
  return html`<ul>
    ${all.map(
      ({ text, examples, count }) =>
        html`<li>
          ${text}<br /><span class="note"
            >${examples.map((e) => `${e.key} (${[e.a === null ? '' : `BO ${e.a} in A`, e.b === null ? '' : `BO ${e.b} in B`].filter(Boolean).join(', ')})`).join('; ')}${count > examples.length ? ' …' : ''}</span
          >
        </li>`
    )}
  </ul>`
}

function table(measures: readonly CompareMeasure[]): Html {
  return html`<table>
    <tr>
      <th>measure</th>
      <th class="r">${badge('a')}</th>
      <th class="r">${badge('b')}</th>
      <th class="r">change</th>
      <th>less in B · more</th>
      <th>how sure</th>
    </tr>
    ${measures.map(
      (m) =>
        html`<tr>
          <td>${m.label}<br /><code class="id">${m.id}</code></td>
          <td class="r">${valueText(m.unit, m.a)}</td>
          <td class="r">${valueText(m.unit, m.b)}</td>
          <td class="r">${changeText(m)}</td>
          <td class="bar">${intervalBar(m)}</td>
          <td>${m.reason}</td>
        </tr>`
    )}
  </table>`
}

function folded(title: string, measures: readonly CompareMeasure[]): Html {
  if (measures.length === 0) return html``
  return html`<details>
    <summary>${title}: ${measures.length} ${measures.length === 1 ? 'measure' : 'measures'}</summary>
    ${table(measures)}
  </details>`
}

function command({ sides: [a, b] }: Comparison): string {
  const files = ({ runs }: CompareSide): string => runs.map((run) => base(run.file)).join(' ')
  const one = a.runs.length === 1 && b.runs.length === 1
  const runs = [...a.runs, ...b.runs].map(
    (run) => `# ${base(run.file)}: ${formatTime(run.seconds)}, ${run.events} events, ${run.board}`
  )
  return [
    one ? `vascope diff ${files(a)} ${files(b)}` : `vascope diff --base ${files(a)} --with ${files(b)}`,
    ...runs
  ].join('\n')
}

function base(file: string): string {
  return path.basename(file)
}
