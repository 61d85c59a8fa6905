import type { FindingPage, Severity } from '../api'
import { formatTime } from '../format'
import { html, type Html } from './html'

const SEVERITIES: readonly Severity[] = ['violation', 'retention', 'suspicion', 'gap']
/** Findings of one rule in a report; the rest is in the session file. */
const SHOWN = 20

/** What the checker found, by severity, and every rule that was not checked with the reason. */
export function findingSection({ findings, rules, total }: FindingPage): Html {
  const silent = rules.filter((r) => !r.checked)
  return html`${total === 0 ? html`<p class="note">Nothing: every rule that was checked holds.</p>` : ''}
    ${SEVERITIES.map((severity) => {
      const groups = rules
        .map((rule) => ({ rule, found: findings.filter((f) => f.rule === rule.id && f.severity === severity) }))
        .filter(({ found }) => found.length > 0)
      if (groups.length === 0) return html``
      return html`<h3>${severity}</h3>
        <table>
          <tr>
            <th>rule</th>
            <th class="r">time</th>
            <th>what</th>
            <th>evidence</th>
          </tr>
          ${groups.map(
            ({ rule, found }) =>
              html`${found.slice(0, SHOWN).map(
                (f) =>
                  html`<tr>
                    <td>${f.rule} ${rule.title}</td>
                    <td class="r">${formatTime(f.time)}</td>
                    <td class="${severity === 'violation' ? 'failed' : ''}">${f.what}</td>
                    <td>
                      ${Object.entries(f.evidence)
                        .map(([name, value]) => `${name} ${value}`)
                        .join(', ')}
                    </td>
                  </tr>`
              )}
              ${
                found.length > SHOWN
                  ? html`<tr>
                      <td>${rule.id}</td>
                      <td></td>
                      <td>and ${rule.hits - SHOWN} more</td>
                      <td></td>
                    </tr>`
                  : ''
              }`
          )}
        </table>`
    })}
    <p>${rules.length - silent.length} of ${rules.length} rules were checked.</p>
    ${
      silent.length > 0
        ? html`<table>
            <tr>
              <th>not checked</th>
              <th>because</th>
            </tr>
            ${silent.map(
              (r) =>
                html`<tr>
                  <td>${r.id} ${r.title}</td>
                  <td>${r.reason}</td>
                </tr>`
            )}
          </table>`
        : ''
    }`
}
