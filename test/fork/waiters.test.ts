// fork() beside threads that wait: on condition variables that a child uses, and for the allocator's lock, which others may hold.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { endOf, runFixture } from '../support/run-fixture.js'

const workshop = new Workshop()
let [library, allocator, strict] = ['', '', '']
beforeAll(() => {
  library = workshop.sharedObject('waiters.so', ['test/fixtures/waiters.c', '-pthread'])
  allocator = workshop.sharedObject('timed-lock.so', ['test/fixtures/timed-lock.c', '-pthread'])
  strict = workshop.sharedObject('no-malloc.so', ['test/fixtures/no-malloc.c', '-pthread'])
})
afterAll(() => workshop[Symbol.dispose]())

describe('a condition variable on which threads of the parent wait', () => {
  for (const wait of ['plain', 'timed'])
    for (const wake of ['signal', 'broadcast'])
      it(`is the child's: ${wait} waits, ${wake}`, async () => {
        expect(await runFixture('fork-waiters', `${wait}, ${wake}`, { args: [library] })).toBe(6)
      })
})

describe('a thread that waits for a lock by short sleeps', () => {
  it('lives in the child', async () => {
    expect(await runFixture('fork-waiters', 'back-off', { args: [library] })).toBe(10)
  })
})

// What fork-stress says at its end, with an allocator preloaded.
async function stressed(preload: string, forks: number, args: string[]): Promise<unknown> {
  const end = await endOf('fork-stress', `--forks=${forks}`, { args, env: { LD_PRELOAD: preload }, timeout: 100_000 })
  const last = end.stdout.trim().split('\n').at(-1) ?? ''
  return { report: JSON.parse(last || '{}') as unknown, said: end.stderr.match(/^.* while threads stand still$/gm) }
}

const LONG = { timeout: 120_000 }

// A sanitizer has an allocator of its own.
describe.skipIf(process.env['LD_PRELOAD'])('the allocator', () => {
  it('helpers that wait for its lock with a time limit live in the child', LONG, async () => {
    const args = ['--load=heap,compiler,files,zlib', '--only=collect,jit,webAssembly,pbkdf2,zlib']
    const report = { forks: 60, wrong: [], repeats: 0 }
    expect(await stressed(allocator, 60, args)).toEqual({ report, said: null })
  })

  it('is not called by the thread that forks while others stand still, in parent and child', LONG, async () => {
    const args = ['--load=heap,files,hash,names,pthreads', '--only=sync,jit,nestedFork']
    const report = { forks: 20, wrong: [], repeats: 0 }
    expect(await stressed(strict, 20, args)).toEqual({ report, said: null })
  })
})
