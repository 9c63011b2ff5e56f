// Text into HTML, and nothing else: what is not markup is escaped.

/** Markup that is finished, which is not escaped again. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = Markup | string | number | undefined | readonly (Markup | undefined)[]

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function render(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(render).join('')
  return String(part).replace(/[&<>"]/g, (character) => ESCAPES[character]!)
}

/** A piece of a page: html`<p>${text}</p>` escapes the text. */
export function html(pieces: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(pieces.map((piece, at) => piece + render(parts[at])).join(''))
}

/** What is markup already: a drawing, a style sheet. */
export const raw = (text: string): Markup => new Markup(text)
