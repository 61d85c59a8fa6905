import { MessageChannelMain, type UtilityProcess, utilityProcess, type WebFrameMain } from 'electron'
import enginePath from './engine?modulePath'
import { CHANNEL } from './preload/bridge'

/** How long a session may take to end in order when the app quits, in ms. The file on disk is sound in any case. */
const QUIT_TIMEOUT = 8000

/** The engine's own process, so that decoding and SSH never hold up the window. Main only carries the port between them. */
export interface EngineProcess {
  /** Gives the frame a port to the engine, starting the engine when it does not run. */
  connect(frame: WebFrameMain): void
  /** Ends a running session in order and the process with it. */
  quit(): Promise<void>
}

export function createEngineProcess(onGone: (code: number) => void): EngineProcess {
  let child: UtilityProcess | null = null
  let quitting = false

  function start(): UtilityProcess {
    const started = utilityProcess.fork(enginePath, [], { serviceName: 'Vascope engine' })
    started.on('exit', (code) => {
      if (child === started) child = null
      if (!quitting) onGone(code)
    })
    return started
  }

  return {
    connect(frame) {
      const { port1, port2 } = new MessageChannelMain()
      child ??= start()
      child.postMessage('connect', [port1])
      frame.postMessage(CHANNEL.enginePort, null, [port2])
    },
    async quit() {
      quitting = true
      const leaving = child
      if (!leaving) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => leaving.kill(), QUIT_TIMEOUT)
        leaving.once('exit', () => {
          clearTimeout(timer)
          resolve()
        })
        leaving.postMessage('quit')
      })
    }
  }
}
