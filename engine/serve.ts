import type { EngineApi, EngineEvents, Problem } from './api'
import { METHODS } from './methods'
import { asProblem } from './problem'
import { EngineHost } from './host'

/** A MessagePort of Electron's main or utility process, or of Node's worker_threads wrapped to look alike. */
export interface MessagePortLike {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  start(): void
}

export type Request = {
  [Name in keyof EngineApi]: { id: number; method: Name; args: Parameters<EngineApi[Name]> }
}[keyof EngineApi]
export type Response = { id: number; ok: true; value: unknown } | { id: number; ok: false; problem: Problem }
export type PushMessage = {
  [Name in keyof EngineEvents]: { event: Name; data: EngineEvents[Name] }
}[keyof EngineEvents]

/** Answers a window's requests on its port, and pushes what happens. `quit` ends a running session in order. */
export function serveEngine(port: MessagePortLike): { quit(): Promise<void> } {
  let open = true
  const host = new EngineHost((event, data) => {
    if (open) port.postMessage({ event, data })
  })
  port.on('close', () => (open = false))
  port.on('message', ({ data }) => void answer(data))
  port.start()
  host.greet()

  async function answer(data: unknown): Promise<void> {
    const { id, method, args } = data as Request
    const reply = (response: Response): void => {
      if (open) port.postMessage(response)
    }
    if (typeof id !== 'number' || !Object.hasOwn(METHODS, method) || !Array.isArray(args)) {
      const problem = {
        code: 'bad-request',
        message: `The window asked for "${String(method)}".`,
        remedy: 'This is a fault in Vascope. Please report it.'
      }
      return reply({ id: typeof id === 'number' ? id : -1, ok: false, problem })
    }
    try {
      const call = host[method] as (...args: unknown[]) => Promise<unknown>
      reply({ id, ok: true, value: await call.apply(host, args) })
    } catch (error) {
      reply({ id, ok: false, problem: asProblem(error) })
    }
  }

  return { quit: () => host.close() }
}
