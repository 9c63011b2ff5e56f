// npm run docs: the reference of all exports and the guides as a site that works from disk, with search, and no link that leads nowhere.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root, run } from './support/packed.js'

let site: string
let pages: string[]

beforeAll(() => {
  site = mkdtempSync(join(tmpdir(), 'posix-async-site-'))
  run(join(root, 'node_modules/.bin/typedoc'), ['--options', 'docs/typedoc.json', '--out', site], root)
  pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.html'))
}, 300_000)

afterAll(() => rmSync(site, { recursive: true }))

const text = (path: string): string => readFileSync(join(site, path), 'utf8')

it('has a page for each guide and for what is exported', () => {
  for (const page of [
    'documents/fork.html',
    'documents/servers.html',
    'functions/posix.fork.html',
    'functions/index.forkServer.html',
  ])
    expect(pages).toContain(page)
  expect(pages.length).toBeGreaterThan(500)
  expect(text('functions/posix.fork.html')).toContain('ERR_FORK_UNSAFE')
})

it('can be searched, from disk too', () => {
  expect(text('index.html')).toContain('assets/search.js')
  expect(readFileSync(join(site, 'assets/search.js'), 'utf8').length).toBeGreaterThan(10_000)
})

it('has no dead link', () => {
  const targets = pages.flatMap((page) =>
    [...text(page).matchAll(/(?:href|src)="([^"#?]+)(?:[#?][^"]*)?"/g)]
      .map(([, to]) => to!)
      .filter((to) => !/^(\w+:|\/\/)/.test(to))
      .map((to) => join(dirname(page), decodeURIComponent(to))),
  )
  expect(targets.length).toBeGreaterThan(10_000)
  expect([...new Set(targets)].filter((path) => !existsSync(join(site, path)))).toEqual([])
})
