import { describe, expect, it } from 'vitest'
import { partFile } from '../../../engine/ci/board-run'
import { indexPage } from '../../../engine/ci/index-page'
import { fails, type RunOutcome } from '../../../engine/ci/job'
import { verdictOf, type Judgement } from '../../../engine/ci/judge'
import { exitOf, resultsJunit, summarizeResults, worstExit, type Result } from '../../../engine/ci/results'
import { EXIT, VascopeError } from '../../../engine/problem'

const NOTHING = { violation: 0, retention: 0, suspicion: 0, gap: 0 }
const run = (state: RunOutcome['state'], text = ''): RunOutcome => ({ id: 'churn', seed: 7, state, text, seconds: 1 })
const judged = (counts: Partial<Judgement['counts']>, violations: string[] = []): Judgement => ({
  counts: { ...NOTHING, ...counts },
  violations
})

function result(over: Partial<Result>): Result {
  return {
    board: 'rb3',
    address: 'root@rb3',
    kernel: 'weakref',
    release: '7.3.4',
    scenario: 'churn',
    repeat: 1,
    verdict: 'pass',
    reasons: [],
    events: [],
    counts: { ...NOTHING },
    runs: [run('done')],
    sessions: ['rb3/weakref/churn-s7.vascope'],
    reports: ['rb3/weakref/churn-s7.html'],
    seconds: 2,
    exit: 0,
    ...over
  }
}

describe('a verdict', () => {
  it.each([
    ['pass', [run('done')], [judged({})]],
    ['gap', [run('done')], [judged({ gap: 1 })]],
    ['retention', [run('done')], [judged({ gap: 1, retention: 2, suspicion: 9 })]],
    ['violation', [run('done')], [judged({}), judged({ violation: 1 }, ['S2: over'])]],
    ['failed', [run('done'), run('timed-out')], [judged({ violation: 1 }, ['S2: over'])]],
    ['failed', [run('rebooted')], [judged({})]]
  ] as const)('is %s', (verdict, runs, judgements) => {
    expect(verdictOf({ runs: [...runs], failure: null }, judgements, false).verdict).toBe(verdict)
  })

  it('tells a board that failed from a scenario that it cannot run, and from Ctrl-C', () => {
    const failure = (code: string): VascopeError => new VascopeError(code, 'it says why', 'do this')
    const of = (code: string, aborted = false): string =>
      verdictOf({ runs: [run('not-run')], failure: failure(code) }, [], aborted).verdict
    expect([of('host-not-found'), of('scenario-needs'), of('cancelled', true)]).toEqual([
      'error',
      'skipped',
      'interrupted'
    ])
  })

  it('fails from the severity on that was asked for, and always beyond a violation', () => {
    expect(['gap', 'suspicion', 'retention', 'violation', 'failed'].map((v) => fails(v as 'gap', 'retention'))).toEqual(
      [false, false, true, true, true]
    )
    expect(exitOf('retention', 'violation', null)).toBe(EXIT.fine)
    expect(exitOf('failed', 'violation', null)).toBe(EXIT.findings)
    expect(exitOf('error', 'violation', EXIT.usage)).toBe(EXIT.usage)
    expect(worstExit([EXIT.fine, EXIT.board, EXIT.findings, EXIT.file])).toBe(EXIT.board)
  })
})

describe('results', () => {
  const all = summarizeResults(
    { title: 'nightly', failOn: 'violation', started: '2026-11-22T10:00:00.000Z', seconds: 9 },
    [
      result({}),
      result({
        board: 'rb5',
        verdict: 'violation',
        reasons: ['S2: <over>'],
        counts: { ...NOTHING, violation: 2 },
        exit: 1
      }),
      result({ scenario: 'flip', verdict: 'skipped', reasons: ['no display'] }),
      result({ scenario: 'map', verdict: 'retention', counts: { ...NOTHING, retention: 3 } })
    ]
  )

  it('are as bad as the worst of them', () => {
    expect([all.verdict, all.exit]).toEqual(['violation', 1])
  })

  it('are a suite for each board and kernel; what does not fail passes', () => {
    const xml = resultsJunit(all)
    expect(xml).toContain('<testsuites tests="4" failures="1" errors="0" skipped="1"')
    expect(xml).toContain('<testsuite name="nightly on rb5, weakref" tests="1" failures="1"')
    expect(xml).toContain('classname="vascope.rb3.weakref"')
    expect(xml).toContain('violation: S2: &lt;over&gt;')
  })

  it('are a page of boards and scenarios that links to what lies beside it and needs nothing else', () => {
    const page = indexPage(all)
    expect(page).toContain('href="rb3/weakref/churn-s7.html"')
    expect(page).toContain('S2: &#60;over&#62;')
    expect(page).not.toMatch(/src=|url\(|@import|<script|href="(?:https?:|\/)/)
  })

  it('number the parts of a session that a reboot cut', () => {
    expect([1, 2, 3].map((part) => partFile('/d/s.vascope', part))).toEqual([
      '/d/s.vascope',
      '/d/s.2.vascope',
      '/d/s.3.vascope'
    ])
    expect(partFile('/d.x/s', 2)).toBe('/d.x/s.2')
  })
})
