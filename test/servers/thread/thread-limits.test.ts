// The limits of threadServer, each case a program of its own: many connections, few threads, native code that crashes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../../support/compile.js'
import { endOf, runFixture, type FixtureOptions } from '../../support/run-fixture.js'

const workshop = new Workshop()
let connects = ''
let crashing = ''
let computing = ''

beforeAll(() => {
  connects = workshop.executable('connects', ['test/fixtures/connects.c', '-pthread'])
  computing = workshop.sharedObject('computing.so', ['test/fixtures/computing-handler.c'])
  crashing = workshop.sharedObject('crashing.so', ['test/fixtures/crashing-handler.c'])
})
afterAll(() => workshop[Symbol.dispose]())

const run = (name: string, options: FixtureOptions = {}): Promise<unknown> =>
  runFixture('thread-limits', name, { timeout: 60_000, ...options })

describe.each(['function', 'function-pool', 'native', 'native-pool', 'module'])('%s', (kind) => {
  it('50,000 connections leave no thread, no descriptor and no memory', { timeout: 60_000 }, async () => {
    const seen = (await run(`many:${kind}`, { args: [connects] })) as { growth: number }
    expect(seen).toMatchObject({ wrong: 0, accepted: 50_001, rejected: 0, errors: 0 })
    expect(seen.growth).toBeLessThan(2 * 1024 * 1024)
  })
})

describe.each(['function', 'native'])('%s', (kind) => {
  it('1,000 threads at once, each with its client, and all gone afterwards', async () => {
    const all = { served: 1000, threads: 1000, seen: true, rejected: 0, errors: 0 }
    expect(await run(`crowd:${kind}`, { args: ['1000'] })).toEqual({ ...all, next: ['next'] })
  })

  it('5,000 threads are allowed and the machine has 20: who gets none is closed and counted, the server lives', async () => {
    const seen = (await run(`scarce:${kind}`)) as { served: number; rejected: number; errors: number }
    expect(seen.served + seen.rejected).toBe(25)
    expect(seen.served).toBeGreaterThan(15)
    expect(seen).toMatchObject({ errors: seen.rejected, next: ['next'] })
  })

  it('a pool goes on with the threads that there are, and grows when there are more', async () => {
    expect(await run(`pool:${kind}`)).toEqual({ fewer: 2, grown: 4, served: true, rejected: 0 })
  })
})

it('native code that computes on after its client was cut off does not hold close up', async () => {
  expect(await run('close-computing', { args: [computing] })).toEqual({ active: 1, threads: 1 })
})

describe('native code that crashes', () => {
  it('ends all threads of a threadServer with it', async () => {
    const { signal } = await endOf('thread-limits', 'crash', { args: [crashing] })
    expect(signal).toBe('SIGSEGV')
  })

  it('ends its own child only of a forkServer', async () => {
    expect(await run('crash-fork', { args: [crashing] })).toEqual(['', 'alive'])
  })
})
