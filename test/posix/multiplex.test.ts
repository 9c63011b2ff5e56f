// poll.h, sys/select.h and sys/epoll.h, from outside.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = <T>(name: string): Promise<T> => runFixture<T>('multiplex', name)

describe('epoll', () => {
  it('A21 (LTP epoll_ctl02): each wrong call of epoll_ctl has its own error', async () => {
    const errors = ['EBADF', 'EBADF', 'EPERM', 'EINVAL', 'EINVAL', 'EINVAL', 'ENOENT', 'ENOENT', 'EEXIST']
    expect(await run('A21')).toEqual(errors.map((code) => `${code} epoll_ctl`))
  })

  it('A22 (gVisor epoll OneshotAndEdgeTriggered): fires once even after a change of state; EPOLL_CTL_MOD arms it again', async () => {
    expect(await run('A22')).toEqual([1, 0, 0, 1])
  })

  it('A23 (LTP epoll_wait14): 13 ready descriptors, 3 at a time: each is reported exactly 4 times', async () => {
    const fair = Array(13).fill(4)
    expect(await run('A23')).toEqual({ sync: fair, async: fair })
  })

  it('A24 (LTP epoll_wait16): with EPOLLEXCLUSIVE one event wakes exactly one of 8 forked children', async () => {
    expect(await run('A24')).toEqual({ acks: [1, 1, 1, 1, 1], statuses: Array(8).fill(0) })
  })

  it('A25 (LTP epoll_wait12): EPOLLERR reaches the writer that waits when the reader closes', async () => {
    expect(await run('A25')).toEqual({ before: 0, error: true, again: true })
  })

  it('gives back `data`, whole numbers of 53 bits with their sign, and the descriptor where none was given', async () => {
    const { own, given, got, bad } = await run<{ own: boolean; given: number[]; got: number[]; bad: string }>('data')
    expect(got).toEqual(given)
    expect({ own, bad }).toEqual({ own: true, bad: 'RangeError ERR_OUT_OF_RANGE' })
  })
})

describe('poll and select', () => {
  it('A27 (gVisor poll EventsFieldNotModifiedOnError): revents is set, the caller’s events stay as they are', async () => {
    const { counts, unchanged, revents, expected } = await run<Record<string, unknown>>('A27')
    expect({ counts, unchanged, revents }).toEqual({ counts: [2, 2, 2], unchanged: true, revents: expected })
  })

  it('A28 (LTP select03): a closed descriptor in any set is EBADF, and a number beyond FD_SETSIZE a RangeError', async () => {
    const range = 'RangeError ERR_OUT_OF_RANGE'
    const closed = Array(4).fill('EBADF select')
    expect(await run('A28')).toEqual([...closed, range, range, range, 'ErrnoError EBADF', range])
  })

  it('A29 (CPython test_poll_blocks_with_negative_ms): null and every negative timeout waits for ever', async () => {
    expect(await run('A29')).toEqual(Array(6).fill([true, 1, 1]))
  })

  it.each(['poll', 'ppoll', 'select', 'pselect', 'epoll_wait', 'epoll_pwait2'])(
    'A35 (CPython SelectEINTRTest): signals do not end %s, and it goes on with the time that is left',
    async (name) => {
      const end = await run<{ result: number; elapsed: number; signals: number }>(`A35 ${name}`)
      expect(end.result).toBe(0)
      expect(end.elapsed).toBeGreaterThanOrEqual(200)
      expect(end.signals).toBeGreaterThan(0)
    },
  )
})

describe('the promise forms', () => {
  it('reject with the reason of their signal, and leave nothing waiting', async () => {
    const aborted = Array(3).fill('AbortError 20')
    expect(await run('abort')).toEqual([aborted, aborted, ['1']])
  })

  it('let the event loop go round however ready everything is, and end in time where nothing can come', async () => {
    expect(await run('always ready')).toEqual({ read: [], write: [], except: [] })
  })
})
