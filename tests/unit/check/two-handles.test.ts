import { describe, expect, it } from 'vitest'
import { Reason } from '../../../engine/model/state'
import { openRecording } from '../../../engine/session/recording'

/** Recorded on mainline 7.3.4: of two handles to one BO in a kernel-managed VM the first is closed, and another BO gets its address. */
const FILE = 'tests/fixtures/sessions/legacy-two-handles.vascope'

describe('two handles to one BO, as recorded', () => {
  const { checker, model } = openRecording(FILE)
  const { mappings: m, bos, scenarios } = model.state
  const at = (bo: number): number => Array.from({ length: m.length }, (_, i) => i).findLast((i) => m.bo.at(i) === bo)!

  it('lose their mapping with the first that is closed, and its address goes to another BO', () => {
    const first = bos.get(6)!
    const [lost, taken] = [at(6), at(7)]
    expect(m.reason.at(lost)).toBe(Reason.close)
    expect(first.handles.length).toBe(2)
    const open = (time: number): number => first.handles.filter((h) => h.closed! > time).length
    expect([open(m.end.at(lost)), open(m.start.at(taken))]).toEqual([1, 1])
    expect([m.vm.at(taken), m.iova.at(taken)]).toEqual([m.vm.at(lost), m.iova.at(lost)])
    expect(scenarios[0]!.text).toContain('went to another BO')
  })

  it('are how the driver is written: no rule accuses it', () => {
    expect(checker.findings).toEqual([])
  })
})
