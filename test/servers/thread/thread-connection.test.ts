// What a function may do with its connection on a thread, each case a program of its own with the leak gate.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('thread-connection', name, { timeout: 25_000 })

describe('a function', () => {
  it('A52 (CPython test_socketserver: ErrorHandlerTest): what throws or rejects costs its own client only', async () => {
    expect(await run('A52')).toEqual({
      closed: ['', '', ''],
      served: ['next'],
      seen: ['thrown', 'rejected', 'the handler threw a string'].map((message) => [message, '127.0.0.1']),
      errors: 3,
    })
  })

  it('readSync and writeSync would stop all others, and say so', async () => {
    expect(await run('sync')).toEqual(['ERR_POSIX_ASYNC_BLOCKS_OTHERS', 'ERR_POSIX_ASYNC_BLOCKS_OTHERS'])
  })

  it('what was written without waiting is sent all the same', async () => {
    expect(await run('unawaited')).toEqual({ length: 1024 * 1024 + 1, end: 'b' })
  })

  it('a read that waits does not stop a write', async () => {
    expect(await run('both-directions')).toEqual(['welcome', 'you said hello'])
  })

  it('close is idempotent: a read that waits ends, later calls fail', async () => {
    const failed = ['ERR_STREAM_DESTROYED', 'ERR_STREAM_DESTROYED']
    expect(await run('after-close')).toEqual({ waiting: null, fd: -1, failed, end: 'ERR_STREAM_DESTROYED' })
  })

  it('toSocket hands the connection over to node:net', async () => {
    expect(await run('to-socket')).toBe('socket: hello')
  })

  it('a handler that is never done does not hold close up', async () => {
    expect(await run('destroy-stuck')).toBe(0)
  })
})
