// fork() while libuv's thread pool is at work for the parent: test/fixtures/fork-pool.ts.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../support/run-fixture.js'
import { hasValgrind, memcheck } from '../support/valgrind.js'

const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
afterAll(() => rmSync(folder, { recursive: true }))

const asksServers = /^hosts:.*\bdns\b/m.test(readFileSync('/etc/nsswitch.conf', 'utf8'))

describe('the pool at a fork', () => {
  it(
    'whatever step of handing a result over it is at, children use the pool and hear of none of the parent’s',
    { timeout: 90_000 },
    async () => {
      expect(await runFixture('fork-pool', 'results', { timeout: 25_000 })).toEqual({
        codes: { 7: 160 },
        answered: true,
      })
    },
  )

  it.skipIf(!asksServers)(
    'children look names up, and theirs, though all threads that may do so were at it',
    async () => {
      const pipe = join(folder, 'aliases')
      execFileSync('mkfifo', [pipe])
      expect(await runFixture('fork-pool', 'lookups', { env: { HOSTALIASES: pipe } })).toBe(7)
    },
  )

  it('a child and its child use the pool, collect garbage and leave', async () => {
    expect(await runFixture('fork-pool', 'generations')).toBe(6)
  })

  it.skipIf(!hasValgrind)('so under memcheck, which finds nothing in any of them', { timeout: 120_000 }, async () => {
    const options = { under: [...memcheck], nodeArgs: ['--jitless'], timeout: 110_000 }
    const { report, stderr } = await endOf('fork-pool', 'generations', options)
    expect({ result: report?.result, found: stderr.split('\n').filter((line) => line.startsWith('==')) }).toEqual({
      result: 6,
      found: [],
    })
  })
})
