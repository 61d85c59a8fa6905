import { describe, expect, it } from 'vitest'
import { formatLink, type ObjectLink, parseLink } from '../../engine/link'

const LINK: ObjectLink = { session: 'a b.vascope', object: { kind: 'bo', id: '12' }, at: 1.25 }

describe('links to objects', () => {
  it.each([
    LINK,
    { ...LINK, at: null },
    { ...LINK, object: null },
    { ...LINK, object: { kind: 'finding', id: 'S2/bo 7?' } }
  ])('read as they were written: %j', (link) => expect(parseLink(formatLink(link as ObjectLink))).toEqual(link))

  it('are written in full, with the unit of the time', () => {
    expect(formatLink(LINK)).toBe('vascope://session/a%20b.vascope/bo/12?at=1.25s')
  })

  it('are found in what a report puts around them', () => {
    expect(parseLink('see <vascope://session/x.vascope/va/7?at=3s>.')).toEqual({
      session: 'x.vascope',
      object: { kind: 'va', id: '7' },
      at: 3
    })
  })

  it.each([
    'vascope://session/',
    'vascope://session/..%2F..%2Fetc%2Fpasswd/bo/1',
    'vascope://session/x.vascope/bo/abc',
    'vascope://session/x.vascope/task/1',
    'vascope://session/%E0%A4%A/bo/1',
    'https://example.org/bo/1'
  ])('that are none are refused: %s', (text) => expect(parseLink(text)).toBeNull())
})
