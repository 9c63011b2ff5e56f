// Figures in documents: what stands between <!-- figures: NAME ARGUMENT... --> and <!-- /figures --> is written by a program.

const REGION = /(<!-- figures: ([^>]+?) -->)(\n?)[^]*?(<!-- \/figures -->)/g

/** What a region has for its name, given its arguments. */
export type Figures = Readonly<Record<string, (...args: string[]) => string>>

/** The document with its regions written anew. Throws where a region has a name that nobody knows, or does not end. */
export function rewrite(text: string, figures: Figures): string {
  const count = (mark: string): number => text.split(mark).length - 1
  if (count('<!-- figures: ') !== count('<!-- /figures -->')) throw new Error('a region of figures does not end')
  return text.replaceAll(REGION, (_, begin: string, words: string, line: string, end: string) => {
    const [name, ...args] = words.split(' ') as [string, ...string[]]
    const figure = figures[name]
    if (!figure) throw new Error(`nobody knows the figures "${name}"`)
    // On lines of its own, or within a sentence.
    return line ? `${begin}\n\n${figure(...args)}\n\n${end}` : `${begin}${figure(...args)}${end}`
  })
}
