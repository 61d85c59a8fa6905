import { describe, expect, it } from 'vitest'
import { checkText } from '../../../cli/commands/check'
import type { Finding, FindingPage } from '../../../engine/api'

const finding = (n: number, severity: Finding['severity'] = 'violation'): Finding => ({
  rule: 'S2',
  severity,
  time: n,
  objects: [],
  what: `finding ${n}`,
  evidence: {},
  key: `S2:${n}`
})

/** 40 are kept of 700. */
const page: FindingPage = {
  counts: { violation: 699, retention: 0, suspicion: 1, gap: 0 },
  total: 700,
  findings: [...Array.from({ length: 39 }, (_, n) => finding(n)), finding(39, 'suspicion')],
  rules: [{ id: 'S2', title: 't', text: 't', severity: 'violation', checked: true, reason: '', hits: 700 }]
}
const more = (text: string): string[] => [...text.matchAll(/and (\d+) more/g)].map((m) => m[1]!)

describe('the text of vascope check', () => {
  it('counts those that are not kept with those that are not printed', () => {
    expect(more(checkText(page, false))).toEqual(['689'])
    expect(more(checkText(page, true))).toEqual(['660'])
    expect(more(checkText(page, true, 'suspicion'))).toEqual([])
    expect(checkText(page, true, 'suspicion').match(/finding \d+/g)).toEqual(['finding 39'])
  })
})
