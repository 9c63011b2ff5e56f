// forkServer with workers, each case a program of its own (test/fixtures/prefork.ts).
import { describe, expect, it } from 'vitest'
import { runFixture, type FixtureOptions } from '../../support/run-fixture.js'

const fixture = (name: string, args: string[] = [], options: FixtureOptions = {}) =>
  runFixture<unknown>('prefork', name, { args, timeout: 25_000, ...options })

describe('workers', () => {
  it('share 200 connections', async () => {
    expect(await fixture('share')).toEqual({ strangers: 0, several: true, accepted: 200, served: 200 })
  })

  it('serve with a native handler', async () => {
    expect(await fixture('nativeShare')).toBe('hello')
  })

  it('that are idle end at once with the server', async () => {
    expect(await fixture('idleStop')).toEqual({
      exits: [
        [0, null],
        [0, null],
        [0, null],
      ],
      gone: true,
    })
  })

  it('finish what was begun before close(), and the port is free at once', async () => {
    expect(await fixture('drain')).toEqual({ late: 'ECONNREFUSED', reply: 'finish me' })
  })

  it('A53 (gunicorn test_arbiter: test_reap_killed_by_sigkill): one that is killed is told of by its signal and replaced; the others go on', async () => {
    expect(await fixture('A53')).toEqual({
      exits: [[true, 'dead', null, 'SIGKILL']],
      sameId: true,
      newPid: true,
      goesOn: 'still',
      reply: 'x',
      restarts: 1,
    })
  })
  it('tell what they share with their master and what they have to themselves', async () => {
    expect(await fixture('stats')).toEqual({ workers: 3, active: 0, shares: true, known: true, table: 500_000 })
  })

  it('share a heap without garbage', async () => {
    expect(await fixture('settled')).toBe('true')
  })

  it('call the hooks of their lives, each in its process', async () => {
    expect(await fixture('hooks')).toEqual({
      told: ['before 0', 'before 1', 'exit 0', 'exit 0'],
      counts: [2, 2, 3, 2],
    })
  })
})

describe('a worker makes room for a fresh one', () => {
  it('after maxRequests connections', async () => {
    expect(await fixture('maxRequests')).toEqual({ processes: true, most: 5, errors: 0 })
  })

  it('after up to maxRequestsJitter more, each worker after another number', async () => {
    expect(await fixture('jitter')).toEqual({ inRange: true, differ: true, above: true })
  })

  it('after maxRequests requests over HTTP, whose client keeps its connection alive, and no request is lost', async () => {
    expect(await fixture('maxRequestsHttp')).toEqual({ processes: true, most: true })
  })

  it('when it has more than maxMemory to itself', async () => {
    expect(await fixture('maxMemory')).toEqual({ first: true, code: 0, failed: 0 })
  })

  it('when a connection takes longer than its timeout: SIGABRT, then SIGKILL', async () => {
    expect(await fixture('timeout')).toEqual({ soft: 'SIGABRT', hard: 'SIGKILL', late: [true], inTime: 'x' })
  })
})

describe('reload', () => {
  it.each([
    ['reload', 20],
    ['reloadUnix', 5],
    ['reloadHttp', 5],
  ])('A60: replaces all workers under load, and no request fails (%s, %i times)', async (name, times) => {
    const generations = [times + 1, times + 1]
    expect(await fixture(name)).toEqual({ failed: 0, enough: true, generations, gone: true })
  })

  it('with a handler that cannot start leaves the old one; with another, that one serves', async () => {
    expect(await fixture('reloadHandler')).toEqual({
      refused: 'ERR_POSIX_ASYNC_WORKER',
      message: 'worker 0 could not start: bad code',
      kept: true,
      old: true,
      fresh: 'new',
    })
  })

  it('does not happen where onReload throws', async () => {
    expect(await fixture('reloadForbidden')).toEqual({ message: 'not today', same: true, reply: 'x' })
  })

  it('keeps the number of workers that addWorker and removeWorker made; the last one stays', async () => {
    expect(await fixture('addRemove')).toEqual({
      three: ['0 online', '1 online', '2 online'],
      removed: true,
      afterReload: [0, 1],
      refused: false,
      left: 1,
      reply: 'x',
    })
  })

  it('brings back workers that were stopped, and clients that waited are served', async () => {
    expect(await fixture('rest')).toEqual({ reply: 'x', workers: 2 })
  })
})

describe('faults', () => {
  it('a reload that fails leaves workers that were stopped at rest, and the next one wakes them', async () => {
    expect(await fixture('restFails')).toEqual({
      refused: 'worker 0 could not start: bad code',
      rests: [0, true],
      reply: 'x',
      workers: 3,
    })
  })

  it('what a hook or a listener of the master throws is uncaught, and the worker is replaced', async () => {
    expect(await fixture('throwing')).toEqual({ uncaught: ['by a hook', 'by a listener'], reply: 'x' })
  })

  it('a connection above maxConnections is closed and told of', async () => {
    const remoteAddress = '127.0.0.1'
    expect(await fixture('maxConnections')).toEqual({ second: 0, remoteAddress, accepted: 2, rejected: 1, then: 'x' })
    expect(await fixture('maxConnectionsHttp')).toEqual({ second: 'ECONNRESET', remoteAddress, rejected: 1 })
  })

  it('a worker that cannot begin to serve ends the start, with its reason', async () => {
    expect(await fixture('bootFails')).toEqual({
      refused: ['ERR_POSIX_ASYNC_WORKER', 'worker 1 could not start: no database'],
      dies: expect.stringMatching(/^worker [01] was killed by SIGKILL before it was ready$/),
      late: ['ERR_POSIX_ASYNC_WORKER', expect.stringMatching(/^worker [01] was not ready within 50 ms$/)],
    })
  })

  it('options that cannot be are refused, each with its code', async () => {
    const [type, value, range] = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE']
    const codes = [...[range, value, type, type, range], ...[range, type, value, range, value]]
    expect(await fixture('badOptions')).toEqual({ codes, large: 'x' })
  })

  it('crash loop: after more than five crashes in ten seconds the place rests, and is taken again', async () => {
    expect(await fixture('crashLoop')).toEqual({ id: 0, atLoop: 6, reply: 'x', exits: 6 })
  })

  it.skipIf(process.getuid!() !== 0)('3.2: user, group, limits and timeout of a child a connection', async () => {
    expect(await fixture('childIdentity')).toEqual({
      reply: '65534,65534,65534 65534,65534,65534 0 99',
      message: expect.stringMatching(/^child N was killed by SIG(ABRT|KILL)$/),
      refused: 'ERR_POSIX_ASYNC_WORKER',
    })
  })

  it.skipIf(process.getuid!() !== 0)('3.2: user, group, limits and umask hold in all threads, for good', async () => {
    const nobody = Array(4).fill('65534').join('\t')
    expect(await fixture('identity')).toEqual({
      shadow: 'EACCES',
      nofile: { soft: 99, hard: 99 },
      umask: 0o27,
      outside: [`${nobody} | ${nobody} | `],
      hooks: [0, 65534],
      refused: 'ERR_POSIX_ASYNC_WORKER',
      root: true,
    })
  })
})
