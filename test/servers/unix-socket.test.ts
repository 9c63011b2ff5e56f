// 3.9: the file of a Unix socket, in a folder that others may write to.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'
import { cannotTrace, withFaults } from '../support/strace.js'

it.skipIf(cannotTrace !== undefined)(
  'a link that takes the socket’s place before it is opened up leads to nothing whose mode is changed',
  async () => {
    const { result } = await withFaults('chmod,fchmodat', 'delay_enter=500000', (under) =>
      runFixture('unix-socket', 'replaced', { under, timeout: 30_000 }),
    )
    expect(result).toEqual({ known: true, victim: '600', link: true })
  },
)

it('what has taken the socket’s place is not removed with it', async () => {
  expect(await runFixture('unix-socket', 'left')).toEqual({ mode: '700', link: true, moved: true })
})

it('what was there before is left alone', async () => {
  const codes = ['EADDRINUSE', 'EADDRINUSE']
  expect(await runFixture('unix-socket', 'taken')).toEqual({ codes, file: true, link: true })
})

describe('a server that starts where another one was', () => {
  it.each(['sync', 'fork', 'prefork', 'thread', 'event'])(
    '%s: takes the place of the file that a killed one has left, and is in use itself',
    async (model) => {
      expect(await runFixture('stale-socket', 'restart', { args: [model] })).toEqual({
        ...{ replaced: true, mode: '700', second: 'EADDRINUSE', untouched: true },
        ...{ reply: 'hello you', left: false },
      })
    },
  )

  it('leaves a socket that is bound and about to listen, one of another type, and one whose queue is full', async () => {
    const codes = ['EADDRINUSE', 'untouched', 'EADDRINUSE', 'untouched', ...Array<string>(3).fill('EADDRINUSE')]
    expect(await runFixture('stale-socket', 'alive')).toEqual(codes)
  })

  it('is one of many that start at once after kill -9, and the others are told that the address is in use', async () => {
    const became = ['EADDRINUSE', 'EADDRINUSE', 'EADDRINUSE', 'serves']
    expect(await runFixture('stale-socket', 'race', { timeout: 30_000 })).toEqual({
      began: 'serves',
      became,
      left: false,
    })
  })
})

describe('two servers on one socket', () => {
  const models = ['sync', 'fork', 'prefork', 'thread', 'event']
  const forms = models.flatMap((model) =>
    model === 'sync'
      ? [[model, 'given']]
      : [
          [model, 'given'],
          [model, 'made'],
        ],
  )
  it.each(forms)(
    '%s, that is %s the socket: its end leaves the other one its file, which goes with that',
    async (...args) => {
      expect(await runFixture('stale-socket', 'upgrade', { args })).toEqual([true, 'hello you', false])
    },
  )
})
