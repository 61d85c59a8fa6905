// The engine's process: serves the window over the ports that main hands in. No Electron API but parentPort is used here.
import { serveEngine } from '../engine/serve'

const served: { quit(): Promise<void> }[] = []

process.parentPort.on('message', (event) => {
  const port = event.ports[0]
  if (event.data === 'connect' && port) served.push(serveEngine(port))
  if (event.data === 'quit') void quit()
})

// A terminal sends its interrupt to this process too. Main hears it as well, and asks to quit in order.
process.on('SIGINT', () => {})

/** Ends what runs in order, so that the session file has its end and the board is left as it was. */
async function quit(): Promise<void> {
  const ends = await Promise.allSettled(served.map((one) => one.quit()))
  process.exit(ends.some(({ status }) => status === 'rejected') ? 1 : 0)
}
