// fork(): what a child has and has not of its parent's. Each case is a program of its own, test/fixtures/fork-child.ts.
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fork-child', name, { timeout: 25_000 })

describe('fork', () => {
  it('A01 (LTP fork10): the file offset is shared both ways', async () => {
    expect(await run('A01')).toEqual({ first: 0, parent: 'bb', child: 'cc', offset: 6 })
  })

  it('A03 (gVisor PrivateMemory, SharedMapping): memory is copied, only a shared mapping is shared', async () => {
    expect(await run('A03')).toEqual({ said: 'child!', buffer: 'parent', shared: 0, mapped: 1 })
  })

  it('A04 (LTP fork08): what the child closes stays open in the parent', async () => {
    expect(await run('A04')).toEqual({ status: 0, text: 'still' })
  })

  it('A06 (Perl fork.t): process.exit(42) in the child is wait status 10752', async () => {
    expect(await run('A06')).toEqual({ status: 10752, code: 42 })
  })

  it('A11 (PHP pcntl_fork_reseed_mt_rand), 3.3: no random value repeats, over 100 children, their children, 5 generators and the Math.random of every context', async () => {
    expect(await run('A11')).toEqual({ values: 82 + 100 * 164, different: 82 + 100 * 164 })
  })

  it('A12 (open_posix pthread_atfork 4-1): hooks in their order; one that throws aborts the fork', async () => {
    const parent = 'prepare 3,prepare 2,prepare 1,parent 1,parent 2,parent 3'
    const child = 'prepare 3,prepare 2,prepare 1,child 1,child 2,child 3'
    expect(await run('A12')).toEqual({ parent, child, thrown: 'no fork', undone: '' })
  })

  it('a parent hook that throws: the others are called, the child is killed and reaped, fork() throws it', async () => {
    expect(await run('a parent hook that throws')).toEqual({ message: 'no child', order: 'called', waits: 'ECHILD' })
  })

  it("process.reallyExit ends a child, whose parent's threads it would wait for", async () => {
    expect(await run('reallyExit')).toBe(5)
  })

  it('process.pid and process.ppid are right', async () => {
    expect(await run('pid')).toEqual({ own: true, parent: true, other: true })
  })

  it('timers, immediates, ticks, exit listeners and servers of the parent are silent in the child', async () => {
    expect(await run('silent')).toEqual({ code: 20, ticksInChild: 0, queuedInChild: 0, exitsInChild: 0 })
  })

  it('what V8 was compiling for the runtime ends in the child, too: a first fetch there works', async () => {
    expect(await run('firstFetch')).toBe(5)
  })

  it('an uncaught exception ends the child alone, with code 1 and its message', async () => {
    const end = await endOf('fork-child', 'uncaught')
    expect(end.report?.result).toBe(1)
    expect(end.stderr).toContain('on purpose')
  })

  it.skipIf(process.getuid!() !== 0)('a child that may have no threads ends and says why', async () => {
    const under = ['setpriv', '--reuid=61975', '--regid=61975', '--clear-groups']
    const { report, stderr } = await endOf('fork-child', 'noThreads', { under, nodeArgs: ['--expose-gc'] })
    expect(report?.result).toEqual({ code: 1, next: 'collected' })
    expect(stderr).toMatch(/the threads of the runtime can't be made in child \d+: Resource temporarily unavailable/)
  })

  it('a write of a handle that is kept counts: closed in the child, it does not keep the child', async () => {
    expect(await run('keptWrites')).toEqual({ pending: true, code: 7 })
  })

  it('pages of the heap lie side by side', async () => {
    const { kilobytes, ...rest } = (await run('heapTogether')) as { kilobytes: number; items: number; child: string }
    expect(rest).toEqual({ items: 640, child: '7680000' })
    expect(kilobytes).toBeGreaterThan(8 * 1024) // one mapping: V8 alone would have one for each 256 KiB
  })

  it('a thread that waits is stopped without being woken, once it has been', async () => {
    const { statuses, mostSwitches } = (await run('forty')) as { statuses: number[]; mostSwitches: number }
    expect(statuses).toEqual(Array(40).fill(0))
    expect(mostSwitches).toBeLessThan(40)
  })
})
