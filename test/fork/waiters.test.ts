// fork() beside threads that wait: on condition variables that a child uses, and for an allocator's lock.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { endOf, runFixture } from '../support/run-fixture.js'

const workshop = new Workshop()
let [library, allocator] = ['', '']
beforeAll(() => {
  library = workshop.sharedObject('waiters.so', ['test/fixtures/waiters.c', '-pthread'])
  allocator = workshop.sharedObject('timed-lock.so', ['test/fixtures/timed-lock.c', '-pthread'])
})
afterAll(() => workshop[Symbol.dispose]())

describe('a condition variable on which threads of the parent wait', () => {
  for (const wait of ['plain', 'timed'])
    for (const wake of ['signal', 'broadcast'])
      it(`is the child's: ${wait} waits, ${wake}`, async () => {
        expect(await runFixture('fork-waiters', `${wait}, ${wake}`, { args: [library] })).toBe(6)
      })
})

// A sanitizer has an allocator of its own.
it.skipIf(process.env['LD_PRELOAD'])(
  'helpers that wait for a lock of the allocator with a time limit live in the child',
  { timeout: 120_000 },
  async () => {
    const args = ['--load=heap,compiler,files,zlib', '--only=collect,jit,webAssembly,pbkdf2,zlib']
    const end = await endOf('fork-stress', '--forks=60', {
      args,
      env: { LD_PRELOAD: allocator },
      timeout: 100_000,
    })
    const last = end.stdout.trim().split('\n').at(-1) ?? ''
    expect(JSON.parse(last || '{}'), end.stderr).toEqual({ forks: 60, wrong: [], repeats: 0 })
  },
)
