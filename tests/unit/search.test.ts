import { describe, expect, it } from 'vitest'
import { search } from '../../engine/query/search'
import { openRecording } from '../../engine/session/recording'

const { model, checker } = openRecording('tests/fixtures/sessions/format-1.1.vascope')
const { findings } = checker.page()
const ask = (text: string, at = model.end): ReturnType<typeof search> => search(model, findings, text, at)

describe('what is searched for', () => {
  it('is found by number, and only that number', () => {
    const bo = [...model.state.bos.keys()][0]!
    expect(ask(`bo ${bo}`)).toMatchObject([{ kind: 'bo', id: String(bo) }])
    const vm = [...model.state.vms.keys()][0]!
    expect(ask(`vm ${vm}`)).toMatchObject([{ kind: 'vm', id: String(vm) }])
  })

  it('is a mapping by any address inside it, those that lived at the time first', () => {
    const { mappings: m } = model.state
    const last = m.length - 1
    const inside = m.iova.at(last) + m.bytes.at(last) - 1
    const [first] = ask(`0x${inside.toString(16)}`, m.start.at(last))
    expect(first).toMatchObject({ kind: 'va', id: String(m.va.at(last)), from: m.start.at(last) })
    expect(ask('0xffff_ffff_ffff_f000')).toEqual([])
  })

  it('is nothing while nothing is typed', () => expect(ask('  ')).toEqual([]))
})
