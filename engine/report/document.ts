import { html, Html } from './html'
import { STYLE } from './style'

/**
 * A page that needs nothing else: it opens offline, prints, and can neither load nor run anything. `title` is its name in a tab, `own` are
 * styles beside the common ones, `generator` who made it.
 */
export function documentOf(title: string, content: Html, { own = '', generator = '' } = {}): string {
  return html`<!doctype html>
    <html lang="en" data-theme="light">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        ${generator ? html`<meta name="generator" content="${generator}" />` : ''}
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE + own)}
        </style>
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html> `.text
}
