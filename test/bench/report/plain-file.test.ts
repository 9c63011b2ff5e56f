// Reports are written under their own names, and not through links.
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makePlainFolder, writePlainFile } from '../../../bench/report/plain-file.js'
import { command } from '../../support/command.js'

let folder = ''
const at = (name: string): string => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
  writeFileSync(at('victim'), 'precious')
})
afterEach(() => rmSync(folder, { recursive: true }))

it('a file is made, and written anew', () => {
  writePlainFile(at('report'), 'a long text')
  writePlainFile(at('report'), 'short')
  expect(readFileSync(at('report'), 'utf8')).toBe('short')
  writePlainFile('/dev/null', 'nothing')
})

it.each([
  ['a symbolic link', () => symlinkSync(at('victim'), at('report'))],
  ['another name of a file', () => linkSync(at('victim'), at('report'))],
  ['a link that leads nowhere', () => symlinkSync(at('fresh'), at('report'))],
])('not through %s', (_, make) => {
  make()
  expect(() => writePlainFile(at('report'), 'x')).toThrow(expect.objectContaining({ code: 'ELOOP' }))
  expect(readFileSync(at('victim'), 'utf8')).toBe('precious')
  expect(existsSync(at('fresh'))).toBe(false)
})

it('a folder is made, and is none that a link leads to', () => {
  makePlainFolder(at('a/b'))
  symlinkSync(folder, at('charts'))
  expect(() => makePlainFolder(at('charts'))).toThrow(expect.objectContaining({ code: 'ELOOP' }))
})

it('compare says so before it begins', async () => {
  symlinkSync(at('victim'), at('trace'))
  const { code, stderr } = await command(['compare', '-o', folder, '--trace', at('trace')])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^posix-async: the timelines can't be written to .*trace: ELOOP/)
  expect(readFileSync(at('victim'), 'utf8')).toBe('precious')
})
