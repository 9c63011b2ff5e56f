// POSIX AIO: status to ask, promise and callback; files by threads, pipes by readiness; safe to close, exit and fork amid.
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../support/run-fixture.js'
import { cannotTrace, withFaults } from '../support/strace.js'

const CANCELED = 'ECANCELED'

describe('aio_read and aio_write', () => {
  it('A41 (open_posix aio_read/4-1): aio_offset is honoured, the file offset stays', async () => {
    expect(await runFixture('aio', 'A41')).toEqual({ count: 111, equal: true, moved: 0 })
  })

  it('A42 (open_posix aio_cancel/4-1): what is cancelled has ECANCELED and fails', async () => {
    expect(await runFixture('aio', 'A42')).toEqual({
      ...{ all: 0, after: 2, status: [125, 125, 125, 125, 125], returned: CANCELED },
      ...{ codes: [CANCELED, CANCELED, CANCELED, CANCELED, CANCELED], partial: true },
    })
  })

  it('status, promise, callback and suspend; a second aio_return is EINVAL', async () => {
    expect(await runFixture('aio', 'forms')).toEqual({
      ...{
        begun: [115, 'EINVAL'],
        status: 0,
        first: 4,
        second: ['EINVAL', 'aio_return'],
        called: '4 4567',
        ends: [2, 0, 0],
      },
    })
  })

  it('pipes are waited for, whole writes and broken ones', async () => {
    const result = { late: 'EAGAIN', lateToo: 'EAGAIN', written: 1 << 20, code: 'EPIPE' }
    expect(await runFixture('aio', 'pipes')).toEqual(result)
  })

  it('a hundred silent pipes keep no file from being read', async () => {
    expect(await runFixture('aio', 'neverFull')).toEqual([4, true])
  })

  it('ENOSPC, EIO, EISDIR are of the request that they befall; beyond a short read nothing is touched', async () => {
    const ends = ['ENOSPC', 'EIO', 'EISDIR', 3]
    expect(await runFixture('aio', 'faults')).toEqual({ ends, buffer: 'abczzzzz' })
  })

  it.skipIf(cannotTrace).each(['EIO', 'ENOSPC', 'EDQUOT'])('a disk that fails with %s', async (code) => {
    const { result, faults } = await withFaults('fsync', `error=${code}`, (under) =>
      runFixture('aio', 'synced', { under }),
    )
    expect({ result, faults }).toEqual({ result: code, faults: 1 })
  })

  it('a sync is of the writes that were begun before it', async () => {
    const write = 'write'
    expect(await runFixture('aio', 'syncOrder')).toEqual([write, write, write, write, write, 'sync'])
  })

  it('bad arguments are refused up front', async () => {
    const [range, type, value] = ['ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE']
    expect(await runFixture('aio', 'refused')).toEqual({
      codes: [
        ...[range, range, type, type, type, 'EBADF', range, 'ERR_INVALID_STATE', value, 'EBADF'],
        ...[value, value, 'EAGAIN', 'EINVAL'],
      ],
      all: [0, 2],
    })
  })
})

describe('lio_listio', () => {
  it('A43 (open_posix lio_listio/14-1): one bad request does not stop the others', async () => {
    const ends = [16, 16, 16, 16, 'EBADF', 16, 16, 16, 16, 16]
    expect(await runFixture('aio', 'A43')).toEqual({ ends, blocked: 'EIO', returned: ends })
  })

  it('A44 (open_posix lio_listio/1-1): LIO_WAIT returns when all are over, LIO_NOWAIT calls back', async () => {
    expect(await runFixture('aio', 'A44')).toEqual({ status: true, right: true, final: true })
  })
})

describe('what goes on behind JavaScript', () => {
  it('A64: memory that was transferred meanwhile is untouched, and an error', async () => {
    const result = { code: 'EFAULT', detached: 'ERR_INVALID_STATE', untouched: true, count: 3 }
    expect(await runFixture('aio-life', 'memory')).toEqual(result)
  })

  it('closing a descriptor ends what waits on it, once; its number as another file is never read', async () => {
    const result = { code: CANCELED, sameNumber: true, untouched: 5, ends: true }
    expect(await runFixture('aio-life', 'closed')).toEqual(result)
  })

  it('a child has threads of its own; what is under way is the parent’s, and is over once', async () => {
    expect(await runFixture('aio-life', 'forked')).toEqual({ child: 42, all: true, last: 4 })
    expect(await runFixture('aio-life', 'forkedOften')).toBe(20)
  })

  it('the process exits, and a Worker ends, with requests under way', async () => {
    expect(await endOf('aio-life', 'exit')).toMatchObject({ code: 7, stderr: '', left: [] })
    expect(await runFixture('aio-life', 'worker')).toBe(1)
  })
})
