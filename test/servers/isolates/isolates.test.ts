// What threadServer with a module serves, each case a program of its own with the leak gate.
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('isolates', name, { timeout: 25_000 })

const three = (text: string): string[] => [text, text, text]
const threeTimesThree = [three('one'), three('two'), three('three')]

describe('a module', () => {
  it('A51 (CPython test_socketserver: test_ThreadingTCPServer): 3 clients, 3 echoes each, by readSync and writeSync', async () => {
    expect(await run('A51')).toMatchObject({
      replies: threeTimesThree,
      stats: { accepted: 3, rejected: 0, errors: 0, bytesIn: 33, bytesOut: 33 },
    })
  })

  it('A51 (CPython test_socketserver: test_ThreadingTCPServer): the same with promises', async () => {
    expect(await run('A51-async')).toEqual(threeTimesThree)
  })

  it('A51 (CPython test_socketserver: test_ThreadingUnixStreamServer): the same over a Unix socket', async () => {
    expect(await run('A51-unix')).toEqual(threeTimesThree)
  })

  it('may have a native handler', async () => {
    expect(await run('native')).toBe('89')
  })

  it('runs in parallel: two that wait for each other, blocking their threads, meet', async () => {
    expect(await run('parallel')).toEqual(['met', 'met'])
  })

  it('shares what `transfer` has in a SharedArrayBuffer', async () => {
    expect(await run('transfer')).toEqual([100, '101'])
  })

  it('serves while the main thread is blocked', async () => {
    expect(await run('main-busy')).toBe('request 19')
  })

  it('all that wait in accept are woken to end', async () => {
    expect(await run('waiting')).toBe(4)
  })

  it('1,000 connections leave no descriptor and no thread', async () => {
    expect(await run('thousand')).toEqual({
      ...{ wrong: 0, accepted: 1000, errors: 0, active: 0 },
      ...{ bytesIn: 5000, bytesOut: 5000 },
    })
  })

  it('A52 (CPython test_socketserver: ErrorHandlerTest): what throws or rejects costs its own client only', async () => {
    expect(await run('throws')).toEqual({
      closed: ['', ''],
      same: true,
      seen: [
        ['E_THROWN', 'thrown', '127.0.0.1'],
        ['Error: rejected', 'rejected', '127.0.0.1'],
      ],
      errors: 2,
    })
  })

  it('tells of its connections where somebody listens', async () => {
    expect(await run('events')).toBe('127.0.0.1')
  })

  it('what a handler leaves under way goes on while others are served', async () => {
    expect(await run('later')).toEqual(['later', 'meanwhile'])
  })

  it('may print', async () => {
    const end = await endOf('isolates', 'print')
    expect(end.stdout).toContain('printed in an isolate\n')
    expect(end.report).toEqual({ result: ['printed', 'x'], leaks: [] })
  })

  it('may close the connection itself, and again', async () => {
    expect(await run('closed')).toEqual(['', 'x'])
  })

  it('an idle connection is closed', async () => {
    expect(await run('idle')).toEqual({ reply: 'x', seen: ['ETIMEDOUT'] })
  })

  it('over maxConnections a connection is closed', async () => {
    expect(await run('max-connections')).toEqual({ refused: '', accepted: 2, rejected: 1 })
  })

  it('while all are busy accepting waits', async () => {
    expect(await run('pool')).toEqual({ before: 1, reply: 'waited' })
  })

  it('refuses what it cannot serve, by code', async () => {
    expect(await run('refused')).toEqual({
      broken: ['ERR_POSIX_ASYNC_WORKER', 'E_BROKEN'],
      nothing: ['ERR_POSIX_ASYNC_WORKER', 'ERR_INVALID_ARG_TYPE'],
      missing: ['ERR_POSIX_ASYNC_WORKER', 'ERR_MODULE_NOT_FOUND'],
      stackSize: ['ERR_OUT_OF_RANGE', null],
      threads: ['ERR_OUT_OF_RANGE', null],
      transfer: [25, null],
      served: 'small stack',
    })
  })
})

describe('a module with http', () => {
  it('serves many at once, and an idle keep-alive client does not hold close up', async () => {
    expect(await run('http')).toEqual(['a', 'b', 'c'].map((path) => `GET /${path} by an isolate`))
  })
})
