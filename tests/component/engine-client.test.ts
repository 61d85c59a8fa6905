import { describe, expect, it } from 'vitest'
import { createEngineClient, EngineError } from '../../renderer/model/engine-client'
import { BOARDS, fakePort, PULSE } from './fake-engine'

const GONE = { code: 'engine-gone', message: 'The engine ended.', remedy: 'Open the session again.' }

describe('the client of the engine', () => {
  it('sends method and arguments, and resolves to the answer', async () => {
    const port = fakePort({ listBoards: () => BOARDS })
    const client = createEngineClient()
    client.attach(port)
    await expect(client.api.listBoards()).resolves.toEqual(BOARDS)
    await client.api.save('/tmp/a.vascope')
    expect(port.requests).toEqual([
      { method: 'listBoards', args: [] },
      { method: 'save', args: ['/tmp/a.vascope'] }
    ])
  })

  it('keeps answers apart that come in another order', async () => {
    let answer: (value: unknown) => void = () => {}
    const slow = new Promise((resolve) => (answer = resolve))
    const client = createEngineClient()
    client.attach(fakePort({ listSessions: () => slow, listBoards: () => BOARDS }))
    const sessions = client.api.listSessions()
    await expect(client.api.listBoards()).resolves.toEqual(BOARDS)
    answer([])
    await expect(sessions).resolves.toEqual([])
  })

  it('rejects with the engine’s problem', async () => {
    const problem = { code: 'no-such-file', message: '/tmp/a.vascope is not there.', remedy: 'Choose another.' }
    const client = createEngineClient()
    client.attach(
      fakePort({
        open: () => {
          throw problem
        }
      })
    )
    await expect(client.api.open('/tmp/a.vascope')).rejects.toMatchObject({ problem })
    await expect(client.api.open('/tmp/a.vascope')).rejects.toBeInstanceOf(EngineError)
  })

  it('sends what was asked before there was a port', async () => {
    const client = createEngineClient()
    const boards = client.api.listBoards()
    client.attach(fakePort({ listBoards: () => BOARDS }))
    await expect(boards).resolves.toEqual(BOARDS)
  })

  it('hands events to those who listen, until they stop', () => {
    const port = fakePort()
    const client = createEngineClient()
    client.attach(port)
    const heard: number[] = []
    const stop = client.on('pulse', ({ now }) => heard.push(now))
    port.push('pulse', PULSE)
    stop()
    port.push('pulse', { ...PULSE, now: 9 })
    expect(heard).toEqual([8])
  })

  it('fails what is open when the engine is gone, and goes on with the next one', async () => {
    const client = createEngineClient()
    const first = fakePort({ stop: () => new Promise(() => {}) })
    client.attach(first)
    const stop = client.api.stop()
    client.lose(GONE)
    await expect(stop).rejects.toMatchObject({ problem: GONE })
    expect(first.closed).toBe(true)
    const boards = client.api.listBoards()
    client.attach(fakePort({ listBoards: () => [] }))
    await expect(boards).resolves.toEqual([])
  })

  it('does not hear a port that it left', () => {
    const client = createEngineClient()
    const [old, current] = [fakePort(), fakePort()]
    client.attach(old)
    client.attach(current)
    const heard: number[] = []
    client.on('pulse', ({ now }) => heard.push(now))
    old.push('pulse', PULSE)
    expect(heard).toEqual([])
  })
})
