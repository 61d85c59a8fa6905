import { inject, type InjectionKey, onScopeDispose, provide } from 'vue'
import type { EngineEvents } from '../../engine/api'
import { createEngineClient, type EngineClient } from '../model/engine-client'

/** The same text as ENGINE_PORT in the preload's bridge, which the page cannot import. */
const ENGINE_PORT = 'vascope:engine-port'

const KEY: InjectionKey<EngineClient> = Symbol('engine')

/** Connects to the engine through the bridge, and again when the engine's process is gone. */
export function connectEngine(): EngineClient {
  const client = createEngineClient()
  window.addEventListener('message', (event) => {
    const port = event.ports[0]
    if (event.source === window && event.data === ENGINE_PORT && port) client.attach(port)
  })
  window.vascope.onEngineGone((code) => {
    client.lose({
      code: 'engine-gone',
      message: `The engine ended unexpectedly with code ${code}.`,
      remedy:
        'What was recorded until then is on disk. It was started again; choose the session under "Recent sessions".'
    })
    window.vascope.connectEngine()
  })
  window.vascope.connectEngine()
  return client
}

export function provideEngine(client: EngineClient): void {
  provide(KEY, client)
}

export function useEngine(): EngineClient {
  const client = inject(KEY)
  if (!client) throw new Error('no engine above this component')
  return client
}

/** Listens to an engine event while the component lives. */
export function useEngineEvent<Name extends keyof EngineEvents>(
  name: Name,
  listener: (data: EngineEvents[Name]) => void
): void {
  onScopeDispose(useEngine().on(name, listener))
}
