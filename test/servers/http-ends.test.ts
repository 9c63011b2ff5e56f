// How connections of HTTP end, the same in every model (test/fixtures/http-ends.ts).
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

describe.each(['sync', 'fork', 'prefork', 'isolates', 'thread', 'event'])('%s', (model) => {
  const fixture = (name: string) => runFixture<unknown>('http-ends', name, { args: [model], timeout: 30_000 })

  it('close(): a client that asks all the time is told by "Connection: close", and loses no request', async () => {
    expect(await fixture('busy')).toEqual({ lost: '', more: true })
  })

  it('close(): clients that have asked once, or never, do not hold it up', async () => {
    expect([await fixture('idle'), await fixture('silent')]).toEqual([true, ''])
  })

  it('close(): a request in work, and one of which half has come, are answered with "Connection: close"', async () => {
    expect(await fixture('underWay')).toEqual([
      [true, true],
      [true, true],
    ])
  })

  it('close(): requests that were sent one behind the other are all answered, and the last reply closes', async () => {
    expect(await fixture('pipelined')).toEqual([
      [3, 1],
      [3, 1],
    ])
  })

  it('close(): what was upgraded goes on until it closes', async () => {
    expect(await fixture('upgrade')).toEqual(['one.', 'two.'])
  })

  it.skipIf(['thread', 'event'].includes(model))(
    'a client whose process or isolate dies is a clientError',
    async () => {
      const code = ['sync', 'fork'].includes(model) ? 'ERR_POSIX_ASYNC_CHILD' : 'ERR_POSIX_ASYNC_WORKER'
      expect(await fixture('dies')).toEqual({ told: [code], errors: 1 })
    },
  )

  it('what is no HTTP is a clientError, and counted', async () => {
    expect(await fixture('bad')).toEqual({
      errors: ['HPE_INVALID_METHOD'],
      count: 1,
      reply: 'HTTP/1.1 400 Bad Request',
    })
  })

  it('a reply before the end of an upload reaches the client', async () => {
    expect(await fixture('upload')).toEqual({ replies: ['HTTP/1.1 413 Payload Too Large'], errors: [] })
  })

  it('idleTimeout has a time of its own, beside those of node:http and of the application', async () => {
    expect(await fixture('limits')).toEqual({
      before: [],
      late: 'HTTP/1.1 503 Service Unavailable',
      errors: ['ETIMEDOUT'],
    })
  })

  it('those who do not finish a head or a body, or send nothing, are answered 408', async () => {
    expect(await fixture('unfinished')).toEqual(Array(3).fill('HTTP/1.1 408 Request Timeout'))
  })

  it('applications have a socket of node:net', async () => {
    expect(await fixture('socket')).toEqual([
      ...['127.0.0.1', 'IPv4', '127.0.0.1', 'IPv4', true],
      ...[true, true, true, 'function', 'function', false, false, 'open', 5000, 0],
    ])
    expect(await fixture('reset')).toBe('ECONNRESET')
  })
})
