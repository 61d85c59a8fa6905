import type { EngineApi, EngineEvents, Problem } from '../../engine/api'
import { METHODS } from '../../engine/methods'

/** What the client needs of a MessagePort; a real one fits. */
export interface PortLike {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  start?(): void
  close(): void
}

/** A request that the engine answered with a problem. */
export class EngineError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message)
    this.name = 'EngineError'
  }
}

export interface EngineClient {
  api: EngineApi
  /** Listens to one event; the answer stops listening. */
  on<Name extends keyof EngineEvents>(name: Name, listener: (data: EngineEvents[Name]) => void): () => void
  /** Moves to another port: after a reload, or when the engine was started anew. Open requests fail with `lost`. */
  attach(port: PortLike): void
  /** The engine is gone: open requests fail with this, later ones wait for the next port. */
  lose(lost: Problem): void
  /** Hears of it, also when nothing was asked at that moment. */
  onLost(listener: (lost: Problem) => void): () => void
}

type Message =
  | { id: number; ok: true; value: unknown }
  | { id: number; ok: false; problem: Problem }
  | { event: keyof EngineEvents; data: never }

interface Waiting {
  resolve(value: unknown): void
  reject(error: EngineError): void
}

/** Calls the engine over a message port. Requests made before there is a port are sent when it comes. */
export function createEngineClient(): EngineClient {
  const waiting = new Map<number, Waiting>()
  const listeners = new Map<keyof EngineEvents, Set<(data: never) => void>>()
  const lossListeners = new Set<(lost: Problem) => void>()
  let port: PortLike | null = null
  let unsent: unknown[] = []
  let lastId = 0

  function request(method: keyof EngineApi, args: unknown[]): Promise<unknown> {
    const id = ++lastId
    const message = { id, method, args }
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      if (port) port.postMessage(message)
      else unsent.push(message)
    })
  }

  function receive(message: Message): void {
    if ('event' in message) {
      for (const listener of listeners.get(message.event) ?? []) listener(message.data)
      return
    }
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.ok) asked?.resolve(message.value)
    else asked?.reject(new EngineError(message.problem))
  }

  const api = Object.fromEntries(
    Object.keys(METHODS).map((method) => [method, (...args: unknown[]) => request(method as keyof EngineApi, args)])
  ) as unknown as EngineApi

  return {
    api,
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set.add(listener))
      return () => set.delete(listener)
    },
    attach(next) {
      port?.close()
      port = next
      next.addEventListener('message', ({ data }) => {
        if (port === next) receive(data as Message)
      })
      next.start?.()
      for (const message of unsent) next.postMessage(message)
      unsent = []
    },
    lose(lost) {
      port?.close()
      port = null
      unsent = []
      const failed = [...waiting.values()]
      waiting.clear()
      for (const { reject } of failed) reject(new EngineError(lost))
      for (const listener of lossListeners) listener(lost)
    },
    onLost(listener) {
      lossListeners.add(listener)
      return () => lossListeners.delete(listener)
    }
  }
}
