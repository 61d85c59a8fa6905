import { formatCount } from '../format'
import type { SessionModel } from '../model/session'
import { tracingText } from '../session/tracing'
import type { Summary } from '../stats/summary'
import { ProbeState } from '../wire/messages'
import { cell, type Block, type Fact, type Section } from './model'

/** What was lost on the way, and whether the books balance. */
export function dropSection({ drops }: Summary): Section {
  const total = drops.kernel + drops.queue
  const count = (id: string, label: string, value: number): Fact => ({ id, label, value, text: formatCount(value) })
  const ledger =
    drops.balanced === null
      ? 'the stream was cut off; the totals are of its last heartbeat'
      : drops.balanced
        ? 'balances: produced = delivered + dropped'
        : 'does not balance'
  const blocks: Block[] = [
    {
      kind: 'facts',
      facts: [
        count('produced', 'produced', drops.produced),
        count('delivered', 'delivered', drops.delivered),
        count('dropped-kernel', 'dropped, ring buffer', drops.kernel),
        count('dropped-queue', 'dropped, send queue', drops.queue),
        { id: 'balanced', label: 'ledger', value: drops.balanced, text: ledger }
      ]
    }
  ]
  if (total > 0)
    blocks.push({
      kind: 'remark',
      mark: 'lost',
      text: `${formatCount(total)} events were lost. What is shown of the objects they belonged to is uncertain until the next snapshot.`
    })
  const rows = Object.entries(drops.byKind).map(([kind, { kernel, queue }]) => [
    cell(kind),
    cell(kernel, formatCount(kernel)),
    cell(queue, formatCount(queue))
  ])
  if (rows.length > 0)
    blocks.push({
      kind: 'table',
      id: 'lost',
      columns: [
        { id: 'kind', title: 'kind' },
        { id: 'kernel', title: 'ring buffer', align: 'right' },
        { id: 'queue', title: 'send queue', align: 'right' }
      ],
      rows
    })
  return { id: 'drops', title: 'Drop ledger', query: 'vascope info FILE --json | jq .drops', blocks }
}

/** How the kernel was seen, and what was not. */
export function probeSection({ capabilities }: SessionModel): Section {
  const missing = (capabilities?.probes ?? []).filter((p) => p.state !== ProbeState.PROBE_STATE_ATTACHED)
  const blocks: Block[] = [{ kind: 'remark', text: capabilities ? tracingText(capabilities) : 'not seen' }]
  if (missing.length > 0)
    blocks.push({
      kind: 'table',
      id: 'not-attached',
      columns: [
        { id: 'symbol', title: 'symbol', mono: true },
        { id: 'how', title: 'how' },
        { id: 'reason', title: 'why not' }
      ],
      rows: missing.map((p) => [cell(p.symbol ?? ''), cell(p.how ?? ''), cell(p.reason ?? '')])
    })
  return { id: 'tracing', title: 'What was traced', query: 'vascope info FILE --json | jq .tracing', blocks }
}
