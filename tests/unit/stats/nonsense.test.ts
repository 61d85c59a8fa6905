import { expect, it } from 'vitest'
import { Random } from '../../../bench/random'
import { Identities } from '../../../engine/compare/identity'
import { SessionModel } from '../../../engine/model/session'
import { StatisticsCollector } from '../../../engine/stats/statistics'
import { Frame } from '../../../engine/wire/messages'
import { Field } from '../../../engine/wire/schema'
import { frame, ORIGIN, SCHEMA, type ScriptEvent } from '../stream'

/** Any kinds in any order, with ids that mean something now and then, and losses: a board may say what it likes. */
function nonsense(seed: number): SessionModel {
  const random = new Random(seed)
  const model = new SessionModel()
  const collector = new StatisticsCollector(model)
  const identities = new Identities(model.state)
  model.observers.push(identities)
  collector.holding.onOutlive = (index) => identities.outlives(index)
  model.take(frame.hello())
  model.take(frame.capabilities())
  const names = [
    { id: 1, text: 'mdp_kms' },
    { id: 2, text: 'msm-vm-bind' }
  ]
  const tasks = [1, 2, 3].map((id) => ({ id, pid: id, tid: id, comm: `p${id}` }))
  const columns = Object.keys(Field)
  let ms = 0
  for (let seq = 1; seq <= 20; seq++) {
    const events = Array.from({ length: 50 }, (): ScriptEvent => {
      const event: ScriptEvent = { ms: (ms += random.below(3)), kind: SCHEMA[random.below(SCHEMA.length)]![0] }
      for (const column of columns) if (!(column in event)) event[column] = random.below(4)
      return event
    })
    model.take(frame.events(seq, events, { names, tasks }))
    if (random.below(5) === 0)
      model.take(
        Frame.encode({
          loss: { kinds: [{ kind: 5, kernel: 1 }], firstNs: ORIGIN + ms * 1e6, lastNs: ORIGIN + ms * 1e6 }
        }).finish()
      )
  }
  const text = JSON.stringify(collector.result(), (key, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${key} is no number`)
    return value
  })
  expect(text).not.toContain('undefined')
  identities.vmKeys()
  identities.boKeys()
  return model
}

it('figures and identities of nonsense are figures all the same', () => {
  for (let seed = 1; seed <= 40; seed++) expect(nonsense(seed).events).toBe(1000)
})
