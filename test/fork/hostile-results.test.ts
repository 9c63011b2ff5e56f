// A child of forked() that was taken over can make its own promise reject, and nothing else of its parent.
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'
import type { Thrown } from '../support/error-of.js'

const run = <T = Record<string, Thrown>>(name: string): Promise<T> =>
  runFixture<T>('hostile-results', name, { timeout: 25_000 })

const codes = (told: Record<string, Thrown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(told).map(([name, { code, returned }]) => [name, code ?? returned]))

describe('a hostile child of forked()', () => {
  it('sends what is no message', async () => {
    expect(codes(await run('garbage'))).toEqual({
      nothing: 'ERR_POSIX_ASYNC_CHILD',
      noise: 'ERR_POSIX_ASYNC_REPORT',
      truncatedHeader: 'ERR_POSIX_ASYNC_CHILD',
      truncatedBody: 'ERR_POSIX_ASYNC_CHILD',
      empty: 'ERR_POSIX_ASYNC_REPORT',
    })
  })

  it('announces more than it may send', async () => {
    expect((await run<Thrown[]>('lengths')).map(({ code }) => code)).toEqual(Array(5).fill('ERR_POSIX_ASYNC_REPORT'))
  })

  it('sends values of another form', async () => {
    const told = codes(await run('forms'))
    const { proto, ...others } = told
    expect(new Set(Object.values(others))).toEqual(new Set(['ERR_POSIX_ASYNC_REPORT']))
    expect(proto).toBeUndefined() // an error with a field of that name, and with its class
  })

  it('sends little that would take much memory', async () => {
    const { sparse, nested, rss } = await run<{ sparse: Thrown; nested: Thrown; rss: boolean }>('bombs')
    expect([sparse.code, nested.code, rss]).toEqual(['ERR_POSIX_ASYNC_REPORT', 'ERR_POSIX_ASYNC_REPORT', true])
  })

  it('leaves a process that goes on sending', async () => {
    expect(await run('floods')).toEqual({ code: 'ERR_POSIX_ASYNC_CHILD', endedBy: constants.signals.SIGPIPE })
  })

  it('is not forked where this Node.js writes what cannot be looked at, and doctor says so', async () => {
    const { told, notOk } = await run<{ told: Thrown[]; notOk: string[] }>('format')
    expect(told.map(({ code }) => code)).toEqual(['ERR_POSIX_ASYNC_UNAVAILABLE', 'ERR_POSIX_ASYNC_UNAVAILABLE'])
    expect(notOk).toEqual(['fork: results of children'])
  })

  it('is honest and has too much to give', async () => {
    const { result, error, fits, bad } = await run('tooLarge')
    expect([result?.code, fits, bad?.code]).toEqual(['ERR_OUT_OF_RANGE', 'small', 'ERR_OUT_OF_RANGE'])
    expect([error?.code, error?.message?.length]).toEqual(['LONG', 16_384])
  })
})
