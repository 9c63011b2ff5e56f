// The package posix-async-compare, packed and installed beside posix-async: compare and load work there as in a clone.
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { manifestOf, Project, projectWithPosixAsync, root, run } from './support/packed.js'

const bench = join(root, 'bench')
const dependencies = Object.keys(manifestOf(bench).dependencies).filter((name) => name !== 'posix-async')
// What those need themselves.
const further = [
  'tslib',
  'zrender',
  'string-width',
  'emoji-regex',
  'is-fullwidth-code-point',
  'strip-ansi',
  'ansi-regex',
  '@colors/colors',
]

let project: Project
let files: string[]

beforeAll(() => {
  ;({ project } = projectWithPosixAsync())
  using source = new Project()
  const copy = join(source.folder, 'bench')
  cpSync(bench, copy, { recursive: true, filter: (path) => !/\/(results|build|dist|node_modules)$/.test(path) })
  cpSync(join(root, 'dist/bench'), join(copy, 'dist'), { recursive: true })
  files = project.install(copy)
  project.link(...[...dependencies, ...further].filter((name) => !(name in manifestOf(root).dependencies)))
}, 120_000)

afterAll(() => project[Symbol.dispose]())

it('has its programs, their C sources, and nothing that is TypeScript', () => {
  const wanted = [
    'dist/command.js',
    'dist/main.js',
    'c/epoll.c',
    'load/load.c',
    'python/servers.py',
    'report/html/style.css',
  ]
  expect(wanted.filter((path) => !files.includes(path))).toEqual([])
  expect(files.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([])
})

it('imports only what it asks for', () => {
  const folder = join(project.modules, 'posix-async-compare')
  const names = new Set<string>()
  for (const path of files.filter((name) => /^dist\/.*\.js$/.test(name))) {
    const text = readFileSync(join(folder, path), 'utf8')
    for (const [, name] of text.matchAll(/^(?:import|export)\b.*? from '([^.'][^']*)'/gm)) names.add(name!)
  }
  const packages = [...names].filter((name) => !name.startsWith('node:')).map((name) => name.split('/')[0]!)
  const asked = manifestOf(bench).dependencies
  expect(packages.length).toBeGreaterThan(4)
  expect(packages.filter((name) => !(name in asked))).toEqual([])
})

it.each([
  ['posix-async compare', 'posix-async', ['compare']],
  ['posix-async-compare', 'posix-async-compare', []],
])('%s compares', (_title, command, words) => {
  const args = [
    ...words,
    '-d',
    '50ms',
    '-r',
    '1',
    '--workloads',
    'fibonacci',
    '--only',
    'c-epoll,event',
    '--no-timelines',
  ]
  const printed = run('npx', ['--offline', '--no-install', command, ...args, '-j'], project.folder)
  const { entries } = JSON.parse(printed) as { entries: { id: string; summary: { rate: number } }[] }
  expect(entries.map(({ id }) => id)).toEqual(['c-epoll', 'event'])
  for (const { summary } of entries) expect(summary.rate).toBeGreaterThan(0)
})

it('posix-async-compare load has its help', () => {
  expect(run('npx', ['--offline', '--no-install', 'posix-async-compare', 'load', '--help'], project.folder)).toMatch(
    /^Usage: posix-async load/,
  )
})
