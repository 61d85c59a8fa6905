/** Text that is already HTML. Everything else is escaped by `html`. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = Html | Html[] | string | number | null | undefined

/** A template that escapes what is put into it, but for Html. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  let out = strings[0]!
  parts.forEach((part, i) => (out += render(part) + strings[i + 1]!))
  return new Html(out)
}

function render(part: Part): string {
  if (part instanceof Html) return part.text
  if (Array.isArray(part)) return part.map(render).join('')
  if (part === null || part === undefined) return ''
  return String(part).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
