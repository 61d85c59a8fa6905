// The engine's process: serves the window over the port that main hands in. No Electron API but parentPort is used here.
import { serveEngine } from '../engine/serve'

process.parentPort.on('message', (event) => {
  const port = event.ports[0]
  if (event.data === 'connect' && port) serveEngine(port)
})
