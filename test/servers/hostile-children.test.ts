// A child of a server that was taken over by its client can say what it likes: it ends itself, and nothing and nobody else. And what an honest one
// throws comes back as what it was, whatever the model.
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = <T>(name: string, ...args: string[]): Promise<T> =>
  runFixture<T>('hostile-children', name, { args, timeout: 60_000 })

const REPORT = 'ERR_POSIX_ASYNC_REPORT'

describe('a hostile child of a server', () => {
  it('leaves garbage as what its connection failed with', async () => {
    const { results, then } = await run<{ results: Record<string, unknown>; then: string }>('garbage', 'fork')
    expect(new Set(Object.values(results).flatMap(String))).toEqual(new Set([REPORT]))
    expect([Object.keys(results).length, then]).toEqual([14, 'served'])
  })

  it('reports garbage, or out of turn, as a worker', async () => {
    const { results, then } = await run<{ results: Record<string, unknown[]>; then: string }>('garbage', 'workers')
    for (const [name, result] of Object.entries(results))
      expect([name, result]).toEqual([name, [REPORT, null, 'SIGKILL']])
    expect([Object.keys(results).length, then]).toEqual([21, 'served'])
  })

  it.each(['noise', 'nil', 'long', 'ready', 'unforked', 'port'])(
    'reports %s as the child of syncServer',
    async (which) => {
      expect(await run('garbageSync', 'sync', which)).toEqual([REPORT, 'ERR_POSIX_ASYNC_CHILD'])
    },
  )

  it('sends descriptors along', async () => {
    expect(await run('sentDescriptors')).toEqual({ reply: 'sent', more: false })
  })

  it('reports without end, and its master has turns of its loop all the same', async () => {
    expect(await run('floods')).toEqual({ most: true, all: 10_000 })
  })

  it.each(['workers', 'fork'])('leaves its channel to a process that goes on sending: %s', async (model) => {
    expect(await run('keepsChannel', model)).toEqual({ reply: 'left', code: 0, ended: true })
  })

  it('writes over the memory that it shares', async () => {
    const one = [1, true, true]
    expect(await run('forgedCells')).toEqual({ results: [one, one, one, one], then: true })
  })

  it('has no part in what another child shares with the master', async () => {
    expect(await run('grandchildren')).toEqual({ own: [1, 1], child: [0, 0], other: [0, 0], forked: [0, 0] })
  })

  it.each(['itself', 'noise', 'descriptors', 'child'])('is a mold that presents %s as a worker', async (which) => {
    expect(await run('foreignPids', 'workers', which)).toEqual({
      refork: REPORT,
      told: [REPORT],
      unharmed: true,
      isOne: false,
    })
  })
})

it.each(['sync', 'fork', 'workers', 'isolates'])(
  'an error keeps class, code, errno, syscall and cause: %s',
  async (model) => {
    const { seen, errors } = await run<{ seen: unknown; errors: number }>('errors', model)
    const { EBADF } = constants.errno
    expect(seen).toEqual({
      errno: {
        code: 'EBADF',
        what: ['ErrnoError', 'EBADF: bad file descriptor, close', -EBADF, 'close', null, null, 'string'],
      },
      typed: { code: 'ABOVE', what: ['TypeError', 'above', null, null, 'RangeError', null, 'string'] },
      all: {
        what: [
          'AggregateError',
          'several',
          null,
          null,
          null,
          [
            ['RangeError', 'one'],
            ['SyntaxError', 'two'],
          ],
          'string',
        ],
      },
      long: { what: ['Error', 'x'.repeat(40), null, null, null, null, 'string'] },
    })
    expect(errors).toBe(4)
  },
)
