// docs/posix.md has every function that is exported, as its doc comment has it now.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import * as posix from '../../lib/posix/index.js'
import { root } from '../support/compile.js'
import { entriesOf, pageOf, withoutPage } from '../support/posix-page.js'

const page = readFileSync(join(root, 'docs/posix.md'), 'utf8')
const entries = entriesOf(root)

// That are no functions of C's: names of this package, for what C has types, macros or nothing for.
const OWN = ['signalName']

it('docs/posix.md is as npm run reference writes it', () => {
  expect(pageOf(root, page)).toBe(page)
})

it('has a row for everything that can be called', () => {
  const callable = Object.entries(posix).filter(([, value]) => typeof value === 'function')
  expect(callable.length).toBeGreaterThan(150)
  expect(callable.map(([name]) => name).filter((name) => !page.includes(`\n| \`${name}\` |`))).toEqual([])
})

it('a function that is not in the page is found', () => {
  const row = page.split('\n').find((line) => line.startsWith('| `eventfd` |'))!
  expect(row).toMatch(/\| eventfd\(2\) \| no \| {2}\| any \|$/)
  expect(pageOf(root, page.replace(`${row}\n`, ''))).toBe(page)
  expect(() => pageOf(root, 'no place')).toThrow('no place for the tables')
})

it('every function of C’s names its man page', () => {
  expect(withoutPage(entries).filter((name) => !OWN.includes(name))).toEqual([])
})

it('says which calls wait, and how they do not', () => {
  const rowOf = (name: string): string[] =>
    page
      .split('\n')
      .find((line) => line.startsWith(`| \`${name}\` |`))!
      .split('|')
      .slice(4, 7)
      .map((field) => field.trim())
  expect(rowOf('read')).toEqual(['yes', '`readAsync`', 'any'])
  expect(rowOf('pwrite')).toEqual(['yes', '', 'any'])
  expect(rowOf('getpid')).toEqual(['no', '', 'any'])
  expect(rowOf('epoll_waitAsync')).toEqual(['no, a promise', '', 'any'])
  expect(rowOf('fork')).toEqual(['no', '', 'main'])
})
