// The C programs are compiled once, without a warning, and what is missing for that is said plainly.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compile, PROGRAMS } from '../../../bench/measure/compile.js'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posix-async-test-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

it.each(PROGRAMS)('%s compiles without a warning', async (program) => {
  const file = await compile(program, {
    folder,
    flags: ['-Werror', '-Wshadow', '-Wconversion', '-Wno-sign-conversion'],
  })
  expect(statSync(file).mode & 0o111).toBe(0o111)
})

it('compiles once, also when asked twice at the same time, and leaves no draft', async () => {
  const own = mkdtempSync(join(folder, 'once-'))
  const [first, second] = await Promise.all([
    compile('iterative', { folder: own }),
    compile('iterative', { folder: own }),
  ])
  const { mtimeMs } = statSync(first)
  expect([second, await compile('iterative', { folder: own })]).toEqual([first, first])
  expect(statSync(first).mtimeMs).toBe(mtimeMs)
  expect(readdirSync(own)).toHaveLength(1)
})

it('says so where there is no compiler', async () => {
  await expect(compile('load', { folder, env: { PATH: '/nowhere' } })).rejects.toThrow(
    'a C compiler is needed for "load", and none of cc, gcc, clang is there; install one (Debian: apt install gcc libc6-dev)',
  )
})

it('says so where CC is not there', async () => {
  await expect(compile('load', { folder, env: { PATH: process.env['PATH'], CC: 'no-such-cc' } })).rejects.toThrow(
    'CC is "no-such-cc", which is not there',
  )
})

it('gives the words of a compiler that refuses, and leaves nothing', async () => {
  const own = mkdtempSync(join(folder, 'refused-'))
  const flags = ['-include', '/no/such/header.h']
  await expect(compile('fork', { folder: own, flags })).rejects.toThrow(
    /^"fork" could not be compiled with .*cc:\n.*header\.h/s,
  )
  expect(readdirSync(own)).toEqual([])
})
