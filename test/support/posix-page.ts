// docs/posix.md: what `posix-async/posix` exports, read from the doc comments by the TypeScript compiler. `npm run reference` writes it; a test
// compares it with what is there.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

/** One exported function, or class, as its doc comment has it. */
export interface Entry {
  readonly name: string
  /** Its file, from lib/posix. */
  readonly file: string
  readonly isFunction: boolean
  readonly comment: string
  /** 'eventfd(2)' and the like. */
  readonly pages: readonly string[]
  readonly isPromise: boolean
}

const BEGIN = '<!-- begin: written by npm run reference -->'
const END = '<!-- end -->'

function pagesOf(symbol: ts.Symbol): string[] {
  const tags = symbol.getJsDocTags().filter(({ name }) => name === 'see')
  const text = tags.map((tag) => ts.displayPartsToString(tag.text)).join(', ')
  const pages: string[] = []
  for (const [, section, list] of text.matchAll(/man (\d\w*) ([\w, ]+?)(?=, man|$|\.|;)/g)) {
    pages.push(
      ...list!
        .split(/, */)
        .filter(Boolean)
        .map((name) => `${name.trim()}(${section})`),
    )
  }
  return pages
}

function commentOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const tags = symbol.getJsDocTags(checker).map((tag) => `${tag.name} ${ts.displayPartsToString(tag.text)}`)
  const said = ts.displayPartsToString(symbol.getDocumentationComment(checker))
  return [said, ...tags].join('\n').replaceAll(/\s+/g, ' ')
}

function givesPromise(declaration: ts.Declaration, checker: ts.TypeChecker): boolean {
  const signature = ts.isFunctionDeclaration(declaration) ? checker.getSignatureFromDeclaration(declaration) : undefined
  return signature !== undefined && checker.typeToString(signature.getReturnType()).startsWith('Promise<')
}

// A variable that holds a class is one too.
function isClass(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  if (symbol.flags & ts.SymbolFlags.Class) return true
  return (
    (symbol.flags & ts.SymbolFlags.Variable) !== 0 &&
    checker.getTypeOfSymbol(symbol).getConstructSignatures().length > 0
  )
}

function entryOf(symbol: ts.Symbol, checker: ts.TypeChecker, root: string): Entry[] {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const isFunction = (target.flags & ts.SymbolFlags.Function) !== 0
  if (!isFunction && !isClass(target, checker)) return []
  const declaration = target.declarations![0]!
  const file = relative(join(root, 'lib/posix'), declaration.getSourceFile().fileName)
  const isPromise = givesPromise(declaration, checker)
  return [
    { name: symbol.name, file, isFunction, isPromise, comment: commentOf(target, checker), pages: pagesOf(target) },
  ]
}

/** All that `lib/posix/index.ts` exports at run time, but constants. */
export function entriesOf(root: string): Entry[] {
  const index = join(root, 'lib/posix/index.ts')
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, noEmit: true, skipLibCheck: true }
  const program = ts.createProgram([index], options)
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(index)!)!
  return checker.getExportsOfModule(module).flatMap((symbol) => entryOf(symbol, checker, root))
}

// «As `read`, ...» says that all else is as there.
const modelOf = (entry: Entry): string | undefined => /^As `?(\w+)`?\b/.exec(entry.comment)?.[1]

/** What is said of a function itself, or of the one that it is like. */
class Reference {
  readonly #all: ReadonlyMap<string, Entry>

  constructor(entries: readonly Entry[]) {
    this.#all = new Map(entries.map((entry) => [entry.name, entry]))
  }

  pages(entry: Entry): readonly string[] {
    const model = this.#model(entry)
    return entry.pages.length > 0 || !model ? entry.pages : this.pages(model)
  }

  /** 'the thread', 'no', 'promise'. */
  waits(entry: Entry): string {
    if (entry.isPromise) return 'no, a promise'
    if (/\bblock(s|ing)? the calling thread\b/i.test(entry.comment)) return 'yes'
    const model = this.#model(entry)
    return model && !model.isPromise ? this.waits(model) : 'no'
  }

  promise(entry: Entry): string {
    const name = `${entry.name}Async`
    if (this.#all.has(name)) return `\`${name}\``
    const named = /Promise form: `(\w+)`/.exec(entry.comment)?.[1]
    return named ? `\`${named}\`` : ''
  }

  thread(entry: Entry): string {
    return /main thread only|ENOTSUP in a Worker/i.test(entry.comment) ? 'main' : 'any'
  }

  #model(entry: Entry): Entry | undefined {
    const name = modelOf(entry)
    return name === undefined || name === entry.name ? undefined : this.#all.get(name)
  }
}

const firstSentence = (comment: string): string => /^.*?[.:](?= |$)/.exec(comment)?.[0].replace(/[.:]$/, '') ?? comment
const cell = (text: string): string => text.replaceAll('|', '\\|')

function row(entry: Entry, reference: Reference): string {
  const call = `\`${entry.name}\``
  const fields = [call, firstSentence(entry.comment), reference.pages(entry).join(', '), reference.waits(entry)]
  return `| ${[...fields, reference.promise(entry), reference.thread(entry)].map(cell).join(' | ')} |`
}

// Whose first line names no header: by its folder, or by itself.
const SECTIONS: Readonly<Record<string, string>> = {
  'aio-requests': 'aio.h',
  classes: 'Classes above them',
  'internal/pinned-memory.ts': 'stdlib.h',
  'internal/signal-set.ts': 'signal.h',
  'native-code.ts': 'Native code',
  ring: 'liburing.h',
  socket: 'sys/socket.h',
}

function sectionOf(file: string, root: string): string {
  const own = SECTIONS[file] ?? SECTIONS[file.split('/')[0]!]
  const line = readFileSync(join(root, 'lib/posix', file), 'utf8').split('\n')[0]!
  const section = own ?? /[\w/]+\.h/.exec(line)?.[0]
  if (section === undefined) throw new Error(`lib/posix/${file} names no header in its first line`)
  return section
}

function tables(entries: readonly Entry[], root: string): string {
  const reference = new Reference(entries)
  const bySection = new Map<string, Entry[]>()
  for (const entry of entries) {
    const section = sectionOf(entry.file, root)
    bySection.set(section, [...(bySection.get(section) ?? []), entry])
  }
  const head = '| function | what | man page | waits | promise form | thread |\n| --- | --- | --- | --- | --- | --- |\n'
  const ordered = [...bySection].sort(([a], [b]) => a.localeCompare(b, 'en'))
  return ordered
    .map(([name, all]) => {
      const rows = [...all].sort((a, b) => a.name.localeCompare(b.name, 'en')).map((one) => row(one, reference))
      return `### ${name}\n\n${head}${rows.join('\n')}\n`
    })
    .join('\n')
}

/** The page as it has to be, given what it is: all but the tables stays. */
export function pageOf(root: string, page: string): string {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error('docs/posix.md has no place for the tables')
  return `${before}${BEGIN}\n\n${tables(entriesOf(root), root)}\n${END}${after}`
}

/** Functions whose doc comment names no man page, neither its own nor that of what it is like. */
export function withoutPage(entries: readonly Entry[]): string[] {
  const reference = new Reference(entries)
  return entries.filter((entry) => entry.isFunction && reference.pages(entry).length === 0).map(({ name }) => name)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = join(process.cwd(), 'docs/posix.md')
  writeFileSync(file, pageOf(process.cwd(), readFileSync(file, 'utf8')))
}
