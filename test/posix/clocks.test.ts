// Clocks, sleeping, timers that send signals (time.h, sys/time.h), scheduling, namespaces (sched.h) and prctl, from outside. Times are asserted
// from below only.
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('clocks', name)

it('clock_nanosleep sleeps for a time and until a time, blocking and as a promise; clock_getres', async () => {
  expect(await run('sleep')).toEqual({
    ...{ fine: 0.000001, relative: true, absolute: true, asynchronous: true },
    codes: ['ERR_OUT_OF_RANGE', 'EINVAL', 'TimeoutError', 'EINVAL', 'ERR_OUT_OF_RANGE', 'EINVAL'],
  })
})

it('setitimer and getitimer; a forked child has no timer', async () => {
  expect(await run('itimer')).toEqual({
    ...{ before: { value: 0, interval: 0 }, signo: true, armed: true, interval: 3_600_000, none: true },
    codes: ['EINVAL', 'EINVAL', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE'],
  })
})

it('timer_create and its kin: signals with a value, to the process or a thread', async () => {
  expect(await run('timers')).toEqual({
    ...{ old: { value: 0, interval: 0 }, told: { signo: true, int: 77, code: true }, overrun: 0, again: 77 },
    ...{ armed: true, interval: 5, none: true, toThread: -1 },
    codes: [
      ...['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'ERR_OUT_OF_RANGE', 'ERR_UNKNOWN_SIGNAL'],
      'ERR_OUT_OF_RANGE',
    ],
  })
})

it('sched_* and priorities, of the thread alone', async () => {
  expect(await run('scheduling')).toEqual({
    ...{ there: true, bound: true, policy: true, batch: true, range: [1, 99], nicer: true },
    codes: [
      ...['EINVAL', 'ERR_OUT_OF_RANGE', 'ESRCH', 'EINVAL', 'EINVAL', 'ESRCH', 'ERR_OUT_OF_RANGE', 'EINVAL'],
      ...['EINVAL', 'ESRCH', 'ESRCH'],
    ],
  })
})

it('unshare and setns: what one thread can have for itself, and nothing else', async () => {
  expect(await run('namespaces')).toEqual({
    own: true,
    codes: ['ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_VALUE', 'EBADF'],
    named: true,
  })
})

it('prctl by name: names, subreapers, slack; what would take an address is refused', async () => {
  expect(await run('prctl')).toEqual({
    ...{ name: 'fifteen bytes!!', seen: 'fifteen bytes!!', before: 0, child: 0, grandchild: 5, after: 1 },
    ...{ slack: 60_000, death: 12 },
    codes: ['ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE', 'EINVAL'],
  })
})
