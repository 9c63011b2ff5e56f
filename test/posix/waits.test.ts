// Waiting for any child and any change of one (sys/wait.h), for signals, and what a signal does (signal.h), from outside.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('waits', name)

describe('sys/wait.h', () => {
  it('wait4 tells what one child has used; wait takes any', async () => {
    expect(await run('usage')).toEqual({
      ...{ isSame: true, status: 3, usage: true, first: [true, 4] },
      codes: ['ECHILD', 'ECHILD', 'EINVAL', 'ERR_OUT_OF_RANGE'],
    })
  })

  it('waitpidAsync of -1, 0 and a group, and waitidAsync of P_ALL', async () => {
    expect(await run('any')).toEqual({
      ...{ nothing: { pid: 0, status: 0 }, statuses: [5, 6], all: true, first: true, aborted: 'AbortError' },
      ...{ last: true, listeners: 0, none: 'ECHILD' },
    })
  })

  it('a parent’s wait for any child takes none of its child’s children', async () => {
    expect(await run('inherited')).toEqual([true, 7, true])
  })

  it('waitidAsync: stopped, continued, ended, by number and by descriptor', async () => {
    expect(await run('states')).toEqual({
      ...{ stop: true, go: true, late: null, seen: 9, reaped: 9 },
      codes: ['ECHILD', 'EINVAL', 'EBADF', 'ERR_OUT_OF_RANGE', 'ERR_OUT_OF_RANGE'],
    })
  })

  it('a wait for one child leaves those of child_process alone', async () => {
    expect(await run('beside')).toEqual([true, 0])
  })

  it('a Worker, which hears of no signals, is refused a wait for any child', async () => {
    expect(await run('worker')).toBe('ENOTSUP')
  })
})

describe('signal.h', () => {
  it('sigwaitinfo, as a promise too, sigsuspend, tgkill, killpg, strsignal', async () => {
    expect(await run('signals')).toEqual({
      ...{ code: true, int: 8, late: 'TimeoutError', heard: 1, masked: true, killed: 9 },
      names: ['Terminated', 'Killed'],
      codes: [
        ...['ERR_INVALID_ARG_VALUE', 'ESRCH', 'ESRCH', 'ERR_OUT_OF_RANGE', 'ERR_OUT_OF_RANGE'],
        ...['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE'],
      ],
    })
  })

  it('SIGPIPE: ignored as Node has it; by default it ends the process at a write, and never at a send', async () => {
    expect(await run('sigpipe')).toEqual({ before: ['EPIPE', 'EPIPE'], after: [-13, -13, 7, 7, 7] })
  })

  it('sigaction changes flags of the handler that is there, and takes no function', async () => {
    expect(await run('actions')).toEqual({
      ...{ handlers: [null, 1], restarts: [true, true, false], mask: true, stops: [true, false] },
      codes: ['EINVAL', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE'],
    })
  })
})
