import { describe, expect, it } from 'vitest'
import { Gone } from '../../../engine/model/gone'
import { encodeImage } from '../../../engine/model/image'
import { restoreImage } from '../../../engine/model/restore'
import { SessionModel } from '../../../engine/model/session'
import { k, NAMES, snapshotFrame, TASKS } from '../check/script'
import { frame, type ScriptEvent } from '../stream'

function model(...frames: Uint8Array[]): SessionModel {
  const one = new SessionModel()
  for (const message of [frame.hello(), frame.capabilities(), ...frames]) one.take(message)
  return one
}

/** A model that goes on from an image of another, as one that begins at a keyframe. */
function resumed(from: SessionModel): SessionModel {
  const one = model()
  restoreImage(one, encodeImage(from))
  return one
}

const events = (seq: number, list: ScriptEvent[]): Uint8Array => frame.events(seq, list, { names: NAMES, tasks: TASKS })
const live = ({ state }: SessionModel): number[] => [...[state.mappings.live.size, state.vmBos.size], ...state.aliveBos]

describe('what ended while a walk goes on', () => {
  const made = events(1, [...k.vm(0, 1), k.bo(1, 1), k.vmBo(2, 1, 1, 1), ...k.map(3, 1, 16)])
  // 0.2 s of the walk are over when the image is made
  const ended = events(2, [...k.unmap(110, 1), k.vmBoEnds(111, 1, 1, 1), k.boEnds(112, 1), k.bo(900, 2)])
  const walk = snapshotFrame(100, 1000, {
    vms: [{ id: 1 }],
    bos: [{ id: 1 }],
    vmBos: [{ id: 1, vm: 1, bo: 1 }],
    vas: [{ id: 1, vm: 1, vmBo: 1, bo: 1, iova: 16, range: 16 }]
  })

  it('is not brought back by its snapshot, from an image neither', () => {
    const whole = model(made, ended)
    const later = resumed(whole)
    expect(later.state.mappings.byVa.get(1)).toBe(-1)
    for (const one of [whole, later]) {
      one.take(walk)
      expect(live(one)).toEqual([0, 0, 2])
    }
    expect(Buffer.from(encodeImage(later)).equals(Buffer.from(encodeImage(whole)))).toBe(true)
  })

  it('is the same from an image as from the beginning, also of more than is remembered', () => {
    const many = (seq: number, from: number, n: number): Uint8Array =>
      events(
        seq,
        Array.from({ length: n }, (_, i) => [
          ...k.map(from + i, from + i, 16),
          ...k.unmap(from + i + 0.5, from + i)
        ]).flat()
      )
    const whole = model(made, many(2, 10, 3000))
    const later = resumed(whole)
    for (const one of [whole, later]) one.take(many(3, 4000, 2500))
    expect(Buffer.from(encodeImage(later)).equals(Buffer.from(encodeImage(whole)))).toBe(true)
  })
})

describe('ends that are remembered', () => {
  it('are the newest, until a walk has ended behind them', () => {
    const gone = new Gone(3)
    for (const id of [9, 1, 7, 3, 5]) gone.add(id, 10 - id, true)
    gone.add(2, 1)
    expect(gone.ended().map(([id]) => id)).toEqual([1, 3, 5])
    expect([...gone.unheard()]).toEqual([[2, 1]])
    expect([gone.since(1, 9), gone.since(1, 9.5), gone.since(2, 1), gone.since(4, 0)]).toEqual([
      true,
      false,
      true,
      false
    ])
    gone.forget(7)
    expect([gone.ended(), [...gone.unheard()]]).toEqual([[[1, 9]], []])
  })
})
