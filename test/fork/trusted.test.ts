// Cases of trusted suites and of the security list about what runs in which process after fork() (test/fixtures/fork-trusted.ts).
import { accessSync, constants } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fork-trusted', name, { timeout: 25_000 })

const canChooseNumbers = ((): boolean => {
  try {
    accessSync('/proc/sys/kernel/ns_last_pid', constants.W_OK)
    return true
  } catch {
    return false
  }
})()

describe('after fork()', () => {
  it('A02 (open_posix fork 9-1): the alarm is the parent’s', async () => {
    expect(await run('A02')).toEqual({ signal: 14, child: 'left 0, alive' })
  })

  it('A05 (Perl fork.t, forkit three times): eight processes write 21 lines', async () => {
    const lines = [1, 2, 3].flatMap((i) =>
      ['start', 'parent', 'child'].map((what) => [`iteration ${i} ${what}`, 2 ** (i - 1)] as const),
    )
    expect(await run('A05')).toEqual(Object.fromEntries(lines))
  })

  it('A08 (libuv fork_threadpool_queue_work_simple): the thread pool works in parent and child at once', async () => {
    expect(await run('A08')).toEqual({ own: 220, child: '220' })
  })

  it('A09 (libuv fork_signal_to_child): a signal to the child runs the child’s handler only', async () => {
    expect(await run('A09')).toEqual({ child: '0 1 0', before: 0, after: 1 })
  })

  it('A10 (libuv fork_socketpair_started): a watch that the child stops goes on in the parent', async () => {
    expect(await run('A10')).toEqual({ silent: 1, keep: 1 })
  })

  it('3.1: a child has no connection of its siblings, and a program that it executes has none of its descriptors', async () => {
    expect(await run('allowList')).toEqual({ more: 0, program: 'as the parent’s' })
  })

  it('3.4: a hook wipes what the child is not to have', async () => {
    expect(await run('wipe')).toEqual({ inForked: '000000000000', own: 'secret' })
  })

  it('3.7: a read that was pending is the parent’s; the child has its own copy of the buffer', async () => {
    expect(await run('pendingRead')).toEqual({ child: '0 cccccccc', parent: 'for both' })
  })

  it.skipIf(!canChooseNumbers)('3.10: a number used again is not signalled (needs ns_last_pid)', async () => {
    expect(await run('pidReuse')).toEqual({ reused: true, code: 5 })
  })

  it('3.11: under a storm of signals to the group each handler runs in its own process', async () => {
    expect(await run('signalStorm')).toEqual({ heard: true, elsewhere: 0, ends: [0] })
  })

  it('3.12: what was written before is there once, and exit listeners run once', async () => {
    const { code, stdout } = await endOf('fork-trusted', 'sideEffects')
    expect([code, ...stdout.trimEnd().split('\n')]).toEqual([
      0,
      'before the fork',
      '{"result":0,"leaks":[]}',
      'exit of the parent',
    ])
  })
})
