import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { net, protocol } from 'electron'

/** The window's origin. Everything it loads comes from here. */
export const ORIGIN = 'app://vascope'

const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'", // Vue's :style bindings
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff'
}

/** Must run before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } }
  ])
}

/** Serves the built renderer under app://vascope, from one folder and nothing above it. */
export function serveRenderer(folder: string): void {
  protocol.handle('app', async (request) => {
    const file = resolveInside(folder, request.url)
    const found = file && (await net.fetch(pathToFileURL(file).toString()).catch(() => null))
    if (!found) return new Response('not found', { status: 404 })
    const headers = new Headers(found.headers)
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value)
    return new Response(found.body, { status: found.status, headers })
  })
}

/** The file that a URL of ours names, or null when it is not ours or leaves the folder. */
export function resolveInside(folder: string, address: string): string | null {
  const url = new URL(address)
  if (url.protocol !== 'app:' || url.host !== new URL(ORIGIN).host) return null
  const file = path.join(folder, decodeURIComponent(url.pathname === '/' ? '/index.html' : url.pathname))
  const relative = path.relative(folder, file)
  return relative.startsWith('..') || path.isAbsolute(relative) ? null : file
}
