// A process with threads, each case a program of its own with the leak gate, on start routines of a shared object that is compiled here.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { endOf, runFixture, type FixtureOptions } from '../support/run-fixture.js'

const workshop = new Workshop()
const isRoot = process.getuid?.() === 0
let library = ''

beforeAll(() => {
  library = workshop.sharedObject('routines.so', ['test/fixtures/routines.c', '-pthread'])
})
afterAll(() => workshop[Symbol.dispose]())

const run = (name: string, options: FixtureOptions = {}): Promise<unknown> =>
  runFixture('pthread-process', name, { timeout: 30_000, args: [library], ...options })

describe('a process with threads', () => {
  it('pthread_kill reaches the handler, and is ESRCH when the thread has ended', async () => {
    expect(await run('kill')).toEqual({ signal: 'SIGUSR2', after: 'ESRCH' })
  })

  it('in one thread what was made in another', async () => {
    expect(await run('worker')).toEqual({ result: 20, other: true, gone: 'ESRCH' })
  })

  it('a Worker that is terminated while it waits lets others join', async () => {
    expect(await run('worker-terminated')).toEqual({ taken: 'EINVAL', result: true })
  })

  it.runIf(isRoot)(
    'A63 (gVisor uidgid SetgidNotFromThreadGroupLeader, LTP setgroups02/03): a thread drops for all',
    async () => {
      expect(await run('A63')).toEqual({
        tooMany: true,
        most: 0,
        error: 0,
        seen: ['65534 65534 65534 65534 | 65534 65534 65534 65534 | '],
        back: ['EPERM'],
        groups: true,
      })
    },
  )

  it('A07 (CPython fork_wait): none of them runs in a forked child, all go on in the parent', async () => {
    expect(await run('fork')).toEqual({ child: 0, sameSelf: 0, statuses: [9], results: [1, 2, 3, 1, -1] })
  })

  it('does twenty kinds of work as ever', async () => {
    expect(await run('matrix', { timeout: 60_000 })).toEqual({ failed: [], count: 20, results: [1, 2, 3, 1, -1] })
  })

  it.each([
    ['exit-return', 0],
    ['exit-process', 3],
    ['exit-many', 0],
    ['exit-thrown', 1],
  ])('ends while they run: %s', async (name, status) => {
    const { code, signal, left } = await endOf('pthread-process', name, { args: [library] })
    expect({ code, signal, left }).toEqual({ code: status, signal: null, left: [] })
  })

  it.each(['crash', 'overflow'])('shares the fate of each: %s', async (name) => {
    const { signal } = await endOf('pthread-process', name, { args: [library] })
    expect(signal).toBe('SIGSEGV')
  })
})
