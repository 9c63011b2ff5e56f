// The rules of the house as functions over file names and texts, so that each can be shown to find what breaks it.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** Each gives what breaks the rule, in words; empty where nothing does. */
type Rule = (files: readonly SourceFile[]) => string[]

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*?(?:\{[^}]*\})?[^'"\n;]*?\bfrom\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g

/** What a TypeScript file imports: paths from the root for its own files ('lib/errors.ts'), names for packages. */
export function importsOf({ path, text }: SourceFile): string[] {
  return [...text.matchAll(importPattern)].map(([, from, dynamic, bare]) => {
    const name = (from ?? dynamic ?? bare)!
    return name.startsWith('.') ? join(dirname(path), name).replace(/\.js$/, '.ts') : name
  })
}

// From the ground up; a file may use its own floor and those below.
const floors: readonly (readonly [string, RegExp])[] = [
  ['errors', /^lib\/errors\.ts$/],
  ['native', /^lib\/native\.ts$/],
  ['posix', /^lib\/posix\//],
  ['files', /^lib\/files\//],
  ['fork', /^lib\/fork\//],
  ['servers', /^lib\/servers\//],
  ['index', /^lib\/index\.ts$/],
  ['bench', /^bench\//],
  ['cli', /^lib\/cli\//],
]

const floorOf = (path: string): number => floors.findIndex(([, pattern]) => pattern.test(path))

/** Nothing points upward; whoever stands on no floor (examples) uses the public exports only. */
export const nothingUpward: Rule = (files) =>
  files.flatMap((file) =>
    importsOf(file)
      .filter((to) => floorOf(to) > floorOf(file.path))
      .map((to) => `${file.path} imports ${to}`),
  )

/** Files that import one another in a circle, each circle as its files in alphabetical order. Imports of types count. */
export const circles: Rule = (files) => {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]))
  const reachable = (from: string): Set<string> => {
    const seen = new Set<string>()
    const left = [...(imports.get(from) ?? [])]
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      if (seen.has(path) || !imports.has(path)) continue
      seen.add(path)
      left.push(...imports.get(path)!)
    }
    return seen
  }
  const reach = new Map([...imports.keys()].map((path) => [path, reachable(path)]))
  const circleOf = (path: string): string =>
    [...reach.get(path)!]
      .filter((other) => reach.get(other)!.has(path))
      .sort()
      .join(' ')
  return [...new Set([...imports.keys()].map(circleOf))].filter((circle) => circle !== '')
}

const doors =
  /^lib\/(posix\/.*|native\.ts|servers\/(fork\/native-acceptor|event\/reactor|serving\/native-handler|thread\/(io-threads|native-accept-loop))\.ts)$/

/** lib/native.ts is the one door to the addon, and few go through it. */
export const oneDoor: Rule = (files) =>
  files.flatMap((file) => {
    const broken: string[] = []
    if (importsOf(file).includes('lib/native.ts') && !doors.test(file.path))
      broken.push(`${file.path} imports lib/native.ts`)
    const loads = /node-gyp-build|\.node['"]|process\.dlopen/.test(file.text) && /^lib\//.test(file.path)
    if (loads && file.path !== 'lib/native.ts') broken.push(`${file.path} loads the addon`)
    return broken
  })

/** The library does without the comparison, which is another package. */
export const libraryAlone: Rule = (files) =>
  files
    .filter(({ path }) => path.startsWith('lib/'))
    .flatMap((file) =>
      importsOf(file)
        .filter((to) => to.startsWith('bench/'))
        .map((to) => `${file.path} imports ${to}`),
    )

/** examples, bench and cli know the library by its public exports. */
export const publicOnly: Rule = (files) =>
  files
    .filter(({ path }) => /^(examples|bench|lib\/cli)\//.test(path))
    .flatMap((file) =>
      importsOf(file)
        .filter((to) => /^lib\/(?!cli\/)/.test(to))
        .map((to) => `${file.path} imports ${to}`),
    )

/** Timers of the library are told from those of the program, which workers go on with. The command is a program. */
export const ownTimers: Rule = (files) =>
  files
    .filter(({ path, text }) => /^lib\/(?!cli\/)/.test(path) && /(?<![\w.])set(Timeout|Interval)\(/.test(text))
    .filter((file) => !importsOf(file).includes('lib/posix/internal/own-timers.ts'))
    .map(({ path }) => `${path} sets a timer that is none of the library's`)

/** native/core knows nothing of Node-API and of JavaScript. */
export const coreWithoutNode: Rule = (files) =>
  files
    .filter(
      ({ path, text }) =>
        path.startsWith('native/core/') && /#include\s*[<"](napi|node_api|v8|[^">]*binding)\b/.test(text),
    )
    .map(({ path }) => `${path} includes what is Node's`)

// What node-addon-api ends the process for, where a Worker that is being terminated refuses it.
const mayAbort =
  /\.(MakeCallback|ThrowAsJavaScriptException|Set)\(|Napi::(Function|External<[^>]*>|ArrayBuffer|Buffer<[^>]*>|Object|Array|TypedArray\w*|\w*Error)::/

/** Native code calls and makes what JavaScript has by plain Node-API: see native/values.h and native/loop/enter_js.h. */
export const plainNodeApi: Rule = (files) =>
  files
    .filter(({ path }) => path.startsWith('native/') && !path.startsWith('native/core/'))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .filter((line) => mayAbort.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    )

/** JavaScript is called from one place only. */
export const oneEntry: Rule = (files) =>
  files
    .filter(({ path }) => path.startsWith('native/') && path !== 'native/loop/enter_js.cc')
    .filter(({ text }) => /napi_(make_callback|call_function)\(/.test(text))
    .map(({ path }) => `${path} calls JavaScript by itself`)

/** A file begins with a sentence that says what it is for. */
export const beginsWithSentence: Rule = (files) =>
  files
    .filter(({ text }) => !/^(#!.*\n)?(\/\/ *\S|\/\*\*?\s+[*\s]*\w)/.test(text))
    .map(({ path }) => `${path} does not say what it is for`)

/** Paths of a developer's machine and hosts of package registries have no place in what is published. */
export const noMachine: Rule = (files) =>
  files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .filter((line) =>
        /(^|[\s'"`=(])\/(home|root|Users)\/\w|\/work\/(wt|main|shared)\b|https?:\/\/[^\s'"/]*(registry|artifactory|npmjs|yarnpkg|jfrog|nexus)/.test(
          line,
        ),
      )
      .map((line) => `${path}: ${line.trim()}`),
  )

const sourcesIn = (text: string): string[] => [...text.matchAll(/native\/[\w/]+\.cc/g)].map(([name]) => name)

/** The same list, in the same order, in both builds and on disk. */
export function sourceLists(gyp: string, cmake: string, onDisk: readonly string[]): string[] {
  const [one, other] = [sourcesIn(gyp), sourcesIn(cmake)]
  const difference = (a: readonly string[], b: readonly string[]) => a.filter((name) => !b.includes(name))
  return [
    ...difference(onDisk, one).map((name) => `${name} is not in binding.gyp`),
    ...difference(onDisk, other).map((name) => `${name} is not in CMakeLists.txt`),
    ...difference(one, onDisk).map((name) => `${name} of binding.gyp does not exist`),
    ...difference(other, onDisk).map((name) => `${name} of CMakeLists.txt does not exist`),
    ...(String(one) === String([...one].sort()) ? [] : ['binding.gyp is not in alphabetical order']),
    ...(String(other) === String([...other].sort()) ? [] : ['CMakeLists.txt is not in alphabetical order']),
  ]
}

/** The functions that lib/native.ts declares, against those that the addon has. */
export function nativeNames(declaring: string, exported: readonly string[]): string[] {
  const blocks = [...declaring.matchAll(/interface \w+Natives \{([\s\S]*?)\n\}/g)].map(([, body]) => body!)
  const declared = blocks.flatMap((body) => [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name!))
  return [
    ...declared.filter((name) => !exported.includes(name)).map((name) => `the addon has no ${name}`),
    ...exported.filter((name) => !declared.includes(name)).map((name) => `lib/native.ts does not declare ${name}`),
  ]
}

/** The functions that lib/native.ts declares and that nothing in lib calls. */
export function deadNatives(declaring: string, others: readonly SourceFile[]): string[] {
  const blocks = /interface \w+Natives \{[\s\S]*?\n\}/g
  const declared = [...declaring.matchAll(blocks)].flatMap(([body]) => [...body.matchAll(/^ {2}(\w+)\(/gm)])
  const called = [declaring.replace(blocks, ''), ...others.map(({ text }) => text)].join('\n')
  const words = new Set(called.match(/\w+/g))
  return declared.filter(([, name]) => !words.has(name!)).map(([, name]) => `nothing calls ${name}`)
}

// Threads, files and descriptors are no persons, and a comment names its subject.
const persons = /\b(who(ever|soever)|some(body|one)|any(body|one)|every(body|one)|he|she|him)\b/i

/** Comments of the library's sources name their subjects. */
export const namesSubjects: Rule = (files) =>
  files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .filter((line) => /^\s*(\/\/|\/?\*)|\S\s+\/\/ /.test(line) && persons.test(line.replace(/^.*?(\/\/|\*)/, '')))
      .map((line) => `${path}: ${line.trim()}`),
  )

export const read = (root: string, paths: readonly string[]): SourceFile[] =>
  paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
