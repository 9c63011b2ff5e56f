// 3.9: the file of a Unix socket, in a folder that others may write to.
import { expect, it } from 'vitest'
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
