import { describe, expect, it } from 'vitest'
import { Agenda } from '../../../engine/check/agenda'
import { random } from '../oracle/kernel'

describe('the agenda of what is judged later', () => {
  it('gives back what is due, by time and then as it was added', () => {
    const next = random(7)
    const agenda = new Agenda()
    const added = Array.from({ length: 3000 }, () => ({ due: next(500), run: (): void => {}, atEnd: true }))
    for (const entry of added) agenda.add(entry)
    const sorted = [...added].sort((a, b) => a.due - b.due)
    const split = sorted.findIndex((e) => e.due >= 250)
    expect(agenda.takeBefore(250)).toEqual(sorted.slice(0, split))
    expect(agenda.next).toBe(sorted[split]!.due)
    expect(agenda.takeAll()).toEqual(sorted.slice(split))
    expect(agenda.next).toBe(Infinity)
  })

  it('does not look at all that wait for each one that is due', () => {
    let looks = 0
    const agenda = new Agenda()
    const waiting = 4000
    const entry = (due: number): { due: number; run: () => void; atEnd: boolean } => ({
      get due() {
        looks++
        return due
      },
      run: () => {},
      atEnd: true
    })
    for (let n = 0; n < waiting; n++) agenda.add(entry(n))
    for (let n = 0; n < waiting; n++) {
      expect(agenda.takeBefore(n + 0.5)).toHaveLength(1)
      agenda.add(entry(waiting + n))
    }
    expect(looks).toBeLessThan(waiting * 200)
  })
})
